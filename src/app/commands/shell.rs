//! What the shell and the manual know of pullscope, made from the command line itself.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::config::{Cli, ConfigCommand, Dirs, template};

use crate::app::process::failure::Outcome;
use crate::app::terminal::output;

/// `pullscope completions SHELL`.
pub(in crate::app) fn completions(shell: Shell) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pullscope", &mut text);
    Ok(output::data(&String::from_utf8_lossy(&text))?)
}

/// `pullscope man`: the page of pullscope itself, or all pages into a directory.
pub(in crate::app) fn man(dir: Option<&Path>) -> Outcome {
    let Some(dir) = dir else {
        let mut text = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut text)?;
        return Ok(output::data(&String::from_utf8_lossy(&text))?);
    };
    clap_mangen::generate_to(Cli::command(), dir)
        .with_context(|| format!("failed to write manual pages to {}", dir.display()))?;
    Ok(())
}

/// `pullscope config`.
pub(in crate::app) fn config(command: ConfigCommand, dirs: &Dirs) -> Outcome {
    let text = match command {
        ConfigCommand::Template => template(&Cli::command()),
        ConfigCommand::Path => format!("{}\n", dirs.config_file().display()),
    };
    Ok(output::data(&text)?)
}

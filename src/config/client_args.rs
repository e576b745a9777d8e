//! The command line of what deals with clients: running, setting up and checking them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::ProxyArgs;

/// `pullscope exec`.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    /// Write the trace as a HAR to this file.
    #[arg(short, long, value_name = "FILE.har", default_value = "pullscope.har")]
    pub output: PathBuf,

    /// How the proxy reaches servers, and what it keeps.
    #[command(flatten)]
    pub proxy: ProxyArgs,

    /// The command to run, with its arguments.
    #[arg(value_name = "CMD", required = true, last = true)]
    pub command: Vec<OsString>,
}

//! The configuration file: what flags are taken to be where neither the command line nor the
//! environment says.
//!
//! A key is a flag's long name. The file's values become the flags' defaults, so that each is
//! checked, and shown by `--help`, as the flag itself is.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{ArgAction, Command};
use thiserror::Error;

/// What is wrong with a configuration file.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It is there and cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML, or has a key that is none, or a value that its flag would not take.
    #[error("{}: {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        problem: String,
    },
}

/// The command line with the defaults that a file gives it. No file is no change.
///
/// # Errors
/// When the file is there and cannot be read, or has something in it that is not understood.
pub fn with_file(command: Command, path: &Path) -> Result<Command, ConfigError> {
    let path = path.to_owned();
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            with_text(command, &text).map_err(|problem| ConfigError::Content { path, problem })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(command),
        Err(source) => Err(ConfigError::Read { path, source }),
    }
}

fn with_text(mut command: Command, text: &str) -> Result<Command, String> {
    let mut table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string().trim_end().to_owned())?;
    let known = keys(&command);
    // Clients find it where it listens.
    let listen = table.get("listen").and_then(toml::Value::as_str);
    let listen = listen.and_then(|listen| listen.parse::<SocketAddr>().ok());
    if let Some(mut listen) = listen.filter(|listen| listen.port() > 0)
        && !table.contains_key("proxy")
    {
        if listen.ip().is_unspecified() {
            listen.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        table.insert("proxy".to_owned(), format!("http://{listen}").into());
    }
    for (key, value) in table {
        if !known.contains(&key) {
            let closest = closest(&key, &known).map(|known| format!("; did you mean {known:?}?"));
            return Err(format!(
                "unknown key {key:?}{}; `pullscope config template` lists what there is",
                closest.unwrap_or_default()
            ));
        }
        let values = values(&value)
            .ok_or_else(|| "give a text, a number, true or false, or a list of texts".to_owned())
            .and_then(|values| check(&command, &key, &values).map(|()| values))
            .map_err(|problem| format!("{key}: {problem}"))?;
        for name in COMMANDS {
            command = command.mut_subcommand(name, |command| default(command, &key, &values));
        }
        command = default(command, &key, &values);
    }
    Ok(command)
}

/// A file with every key in it, commented out, each with what it is and what it is without.
pub fn template(command: &Command) -> String {
    let mut text = String::from(
        "# pullscope's configuration. A flag wins over its environment variable, that over this\n\
         # file, and this file over what is built in. `pullscope config path` says where it goes.\n",
    );
    for key in keys(command) {
        let Some(arg) = find(command, &key) else {
            continue;
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            text,
            "\n# {}.",
            help.trim_end_matches('.').replace('\n', " ")
        );
        let default: Vec<_> = arg
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let value = match (arg.get_action(), default.as_slice()) {
            (ArgAction::SetTrue, _) => "false".to_owned(),
            (ArgAction::Append, _) => "[]".to_owned(),
            (_, [value]) if value.parse::<u64>().is_ok() => value.clone(),
            (_, [value]) => toml::Value::from(value.as_str()).to_string(),
            _ => {
                let name = arg.get_value_names().and_then(|names| names.first());
                toml::Value::from(name.map_or("…", |name| name.as_str())).to_string()
            }
        };
        let _ = writeln!(text, "#{key} = {value}");
    }
    text
}

/// The flags that a file may set, by their long names.
fn keys(command: &Command) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for arg in arguments(command) {
        if let Some(long) = arg.get_long()
            && !NOT_IN_A_FILE.contains(&long)
            && !arg.is_hide_set()
            && !keys.iter().any(|key| key == long)
        {
            keys.push(long.to_owned());
        }
    }
    keys
}

fn find<'a>(command: &'a Command, key: &str) -> Option<&'a clap::Arg> {
    arguments(command).find(|arg| arg.get_long() == Some(key))
}

/// The arguments of the commands whose flags a file may set, then those of every command.
fn arguments(command: &Command) -> impl Iterator<Item = &clap::Arg> {
    let commands = COMMANDS
        .iter()
        .filter_map(|name| command.find_subcommand(name));
    commands
        .flat_map(Command::get_arguments)
        .chain(command.get_arguments())
}

fn default(command: Command, key: &str, values: &[String]) -> Command {
    let found = command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(key));
    let Some(id) = found.map(|arg| arg.get_id().clone()) else {
        return command;
    };
    let values = values.to_vec();
    command.mut_arg(id, |arg| match arg.get_action() {
        ArgAction::Append => arg.default_values(values),
        _ => arg.default_value(values.into_iter().next_back().unwrap_or_default()),
    })
}

/// Has the flag itself look at the value.
fn check(command: &Command, key: &str, values: &[String]) -> Result<(), String> {
    let Some(arg) = find(command, key) else {
        return Ok(());
    };
    match arg.get_action() {
        ArgAction::SetTrue => {
            let bools = values
                .iter()
                .all(|value| value == "true" || value == "false");
            return bools.then_some(()).ok_or("give true or false".to_owned());
        }
        ArgAction::Count => {
            let numbers = values.iter().all(|value| value.parse::<u8>().is_ok());
            return numbers.then_some(()).ok_or("give a number".to_owned());
        }
        ArgAction::Append => {}
        _ if values.len() > 1 => return Err("give one value, and no list".to_owned()),
        _ => {}
    }
    let mut alone = Command::new("pullscope")
        .no_binary_name(true)
        .arg(arg.clone());
    let words = values.iter().map(|value| format!("--{key}={value}"));
    alone.try_get_matches_from_mut(words).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        first.trim_start_matches("error: ").to_owned()
    })?;
    Ok(())
}

fn values(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(on) => Some(vec![on.to_string()]),
        toml::Value::Array(list) => list
            .iter()
            .map(|entry| entry.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

fn closest(key: &str, known: &[String]) -> Option<String> {
    let likeness = |name: &String| strsim::jaro_winkler(key, name);
    let best = known
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.8).then(|| best.clone())
}

/// The commands whose flags a file may set.
const COMMANDS: [&str; 4] = ["record", "exec", "setup", "doctor"];
/// What is for one run, or must be seen where it is asked for.
const NOT_IN_A_FILE: [&str; 12] = [
    "help", "version", "output", "session", "json", "undo", "print", "dry-run", "yes", "ca",
    "only", "tui",
];

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;
    use crate::config::{Cli, Command as Sub};

    fn apply(text: &str) -> Result<Command, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        with_file(Cli::command(), &path)
    }

    fn record(text: &str, args: &[&str]) -> crate::config::RecordArgs {
        let words = ["pullscope", "record"].iter().chain(args);
        let matches = apply(text).unwrap().try_get_matches_from(words).unwrap();
        match Cli::from_arg_matches(&matches).unwrap().command {
            Some(Sub::Record(args)) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_file_is_below_the_flags_and_above_what_is_built_in() {
        let text = "listen = \"127.0.0.1:1\"\nupstream-timeout = 7\nkeep-blobs = true\n\
                    passthrough = [\"a.test\", \"b.test\"]\nmax-body = \"1K\"\n";
        let args = record(text, &[]);
        assert_eq!(args.listen.port(), 1);
        assert_eq!(args.proxy.upstream_timeout, 7);
        assert!(args.keep_blobs);
        assert_eq!(args.proxy.passthrough, ["a.test", "b.test"]);
        assert_eq!(args.proxy.max_body, 1024);
        assert_eq!(args.proxy.drain, 10);
        let args = record(
            text,
            &["--listen", "127.0.0.1:2", "--passthrough", "c.test"],
        );
        assert_eq!(args.listen.port(), 2);
        assert_eq!(args.proxy.passthrough, ["c.test"]);
    }

    #[test]
    fn clients_find_it_where_it_listens_unless_the_file_says_where() {
        for (text, proxy) in [
            ("listen = \"127.0.0.1:7777\"", "http://127.0.0.1:7777"),
            ("listen = \"0.0.0.0:7777\"", "http://127.0.0.1:7777"),
            ("listen = \"127.0.0.1:0\"", "http://127.0.0.1:8642"),
            (
                "listen = \"127.0.0.1:7777\"\nproxy = \"http://10.0.0.1:1\"",
                "http://10.0.0.1:1",
            ),
        ] {
            let words = ["pullscope", "doctor"];
            let matches = apply(text).unwrap().try_get_matches_from(words).unwrap();
            let cli = Cli::from_arg_matches(&matches).unwrap();
            let Some(Sub::Doctor(args)) = cli.command else {
                panic!("{text}")
            };
            assert_eq!(args.proxy.url, proxy, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_place() {
        for (text, says) in [
            ("listn = \"127.0.0.1:1\"", "did you mean \"listen\"?"),
            ("colour-of-the-sky = 1", "unknown key"),
            ("output = \"x.har\"", "unknown key"),
            ("listen = \"nonsense\"", "listen: invalid value 'nonsense'"),
            ("listen = 7.5", "give a text"),
            ("listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]", "one value"),
            ("keep-blobs = \"maybe\"", "give true or false"),
            ("drain = -1", "drain: invalid value '-1'"),
            ("listen = ", "config.toml: TOML parse error"),
        ] {
            let error = apply(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(error.contains("config.toml"), "{error}");
        }
    }

    #[test]
    fn the_template_holds_every_key_and_each_can_be_taken_as_it_is() {
        let text = template(&Cli::command());
        for key in keys(&Cli::command()) {
            assert!(text.contains(&format!("\n#{key} = ")), "{key}");
        }
        let lines = text
            .lines()
            .filter(|line| line.starts_with('#') && !line.starts_with("# "))
            .filter_map(|line| line.strip_prefix('#'));
        for line in lines {
            let table: toml::Table = line.parse().unwrap();
            let (key, value) = table.iter().next().unwrap();
            let placeholder = value
                .as_str()
                .is_some_and(|text| text.contains(char::is_uppercase));
            if !placeholder || key == "max-body" {
                apply(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
    }
}

//! What the user asked for: the command line, with the environment behind it, and where files
//! belong.

mod cli;
mod client_args;
mod dirs;
mod file;
mod proxy_args;
mod share_args;
mod value;

pub use cli::{
    CaCommand, Cli, Command, DemoArgs, ExportArgs, ExportFormat, LabArgs, RecordArgs, ViewArgs,
};
pub use client_args::{ChangeArgs, ClientName, ConfigCommand, DoctorArgs, ExecArgs, SetupArgs};
pub use dirs::{Dirs, NoHome};
pub use file::{ConfigError, template, with_file};
pub use proxy_args::ProxyArgs;
pub use share_args::{
    DiffArgs, ImportArgs, Language, LookArgs, RedactArgs, SelectionArgs, ShowArgs, When,
};

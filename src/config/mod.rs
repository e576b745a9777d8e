//! What the user asked for: the command line, with the environment behind it, and where files
//! belong.

mod cli;
mod client_args;
mod dirs;
mod file;
mod share_args;

pub use cli::{
    CaCommand, Cli, Command, DemoArgs, ExportArgs, Format, LabArgs, ProxyArgs, RecordArgs, ViewArgs,
};
pub use client_args::{ChangeArgs, ClientName, ConfigCommand, DoctorArgs, ExecArgs, SetupArgs};
pub use dirs::{Dirs, NoHome};
pub use file::{ConfigError, template, with_file};
pub use share_args::{
    DiffArgs, ImportArgs, Language, LookArgs, RedactArgs, SelectionArgs, ShowArgs, When,
};

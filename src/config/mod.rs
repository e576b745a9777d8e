//! What the user asked for: the command line, with the environment behind it, and where files
//! belong.

mod cli;
mod dirs;
mod share_args;

pub use cli::{CaCommand, Cli, Command, DemoArgs, ExportArgs, Format, LabArgs, RecordArgs};
pub use dirs::{Dirs, NoHome};
pub use share_args::{ImportArgs, Language, RedactArgs, SelectionArgs, ShowArgs, When};

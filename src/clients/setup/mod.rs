//! Setting a client up for good: what is to be changed, per client.

mod client;
mod podman;
mod recipes;
mod registries;
mod trust_dir;
mod unit;
mod variables;
mod wanted;

pub use client::plan;
pub use recipes::recipe;
pub use trust_dir::TRUST_DIR;
pub(super) use unit::{DAEMON_JSON, OWN_VARIABLES, daemon_json, of_docker, set_by_file};
pub use wanted::{SetupError, UserPlaces, Wanted};

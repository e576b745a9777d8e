//! The container clients: running one with a proxy of its own, setting one up for good and
//! undoing that, recipes for the rest, and checks that say what is wrong.
//!
//! What is to change is worked out first, as a value; changing it comes after, and only by an
//! explicit command.

pub mod child;
pub mod containers;
pub mod diff;
pub mod docker_host;
pub mod doctor;
pub mod environment;
pub mod facts;
pub mod peer;
pub mod plan;
pub mod refusal;
pub mod setup;
pub mod store;
pub mod system;
pub mod systemd;
pub mod trust;
pub mod undo;

//! What the rules find, and what they leave alone: each with a case for and a case against it.

// `cfg(test)` tells clippy that helpers which unwrap are test code too.
#[cfg(test)]
mod access;
#[cfg(test)]
mod content;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod login;
#[cfg(test)]
mod page;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod push;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod server;
#[cfg(test)]
mod trust;

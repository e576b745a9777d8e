//! Pulls that are written by hand: each rule by which exchanges are grouped, and what holds of
//! all of them.

// `cfg(test)` tells clippy that helpers which unwrap are test code too.
#[cfg(test)]
mod blobs;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod image;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod purposes;
#[cfg(test)]
mod registries;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod separation;
#[cfg(test)]
mod traffic;

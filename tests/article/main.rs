//! The four pulls of the article, decoded: 28 exchanges captured from real registries in
//! August 2020.

// `cfg(test)` tells clippy that helpers which unwrap are test code too.
#[cfg(test)]
mod decoding;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod load;
#[cfg(test)]
mod made;
#[cfg(test)]
mod pulls;

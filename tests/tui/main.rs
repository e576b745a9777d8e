//! The live view: every screen as a picture of text, and how it behaves under keys.

// `cfg(test)` tells clippy that helpers which unwrap are test code too.
#[cfg(test)]
mod article;
#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod languages;
#[cfg(test)]
#[path = "../article/load.rs"]
mod load;
#[cfg(test)]
mod many;
#[cfg(test)]
mod pictures;
#[cfg(test)]
#[path = "../diagnosis/scenario.rs"]
#[expect(dead_code, reason = "the rules' own tests need more of it")]
mod scenario;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod story;
#[cfg(test)]
mod svg;

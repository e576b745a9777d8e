//! Two pulls side by side: what is the same, what only one of them did, what took longer.
//!
//! [`compare`] says *what* differs and prints nothing; [`told`] makes blocks of text of it, which a
//! terminal and a page lay out, and [`json`] writes it for programs.

mod blobs;
mod comparison;
pub mod json;
mod sides;
mod steps;
pub mod told;
mod verdict;

pub use blobs::BlobPair;
pub use comparison::{Comparison, Traffic, compare};
pub use sides::{ComparedPull, Pair};
pub use steps::{Difference, StepPair, Taken};
pub use verdict::{Age, Verdict, same_repository};

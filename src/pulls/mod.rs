//! Which exchanges make a pull, and what they make of it.
//!
//! A pull runs over many connections and hosts, and nothing on the wire names it. What belongs
//! together shows by the client, the repository, the token, the digests that manifests name,
//! where redirects lead, and time. [`Grouping`] takes those decisions, one exchange after the
//! other in the order of their start, each by what was known when it started; [`assemble`] makes
//! a [`Pull`] of the exchanges that were found to belong together.

mod arrived;
mod ask;
mod assemble;
mod blobs;
mod causes;
mod critical;
mod group_key;
mod grouping;
mod links;
mod member;
mod observed;
mod orphans;
mod party;
mod pull;
mod step;
mod summary;
mod verdict;
mod waiting;

pub use arrived::probes;
pub use assemble::assemble;
pub use group_key::GroupKey;
pub use grouping::Grouping;
pub use observed::{Look, Observed};
pub use pull::{
    Blob, BlobPiece, BlobState, ImageSteps, Pull, PullId, Purpose, State, Totals, order,
};
pub use step::{Cause, Part, Step, Why};

//! OpenTelemetry traces: a pull is a trace, its exchanges are spans with the semantic conventions
//! for HTTP clients (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).
//!
//! A span stands below the span of the exchange that made the client send it, so a trace reads as
//! the pull's reasons: the blob's download below the redirect, that below the manifest. A parent
//! may be over before its child begins. The root is the pull itself.
//!
//! Identifiers follow from the exchanges, so that the same trace has the same ones however often
//! and by whichever way it is given out.

mod attributes;
mod context;
mod exchange;
mod live;
mod other;
mod pull;
mod resource;
mod write;

pub use live::Live;
pub use resource::Origin;
pub use write::{MOST_SPANS, write};

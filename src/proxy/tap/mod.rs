//! Watching bytes pass without holding them up: [`io`] puts a framer of the capture core under an
//! HTTP implementation, and [`body`] watches content.

pub(crate) mod body;
pub(crate) mod io;

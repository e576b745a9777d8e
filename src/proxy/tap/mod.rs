//! Watching bytes pass without holding them up.
//!
//! [`rules`] decides what a message head may look like and how its body is framed, [`framer`]
//! follows the messages of one direction through a stream of bytes, [`io`] puts a framer under
//! an HTTP implementation, and [`body`] watches content with [`lane`] hashing it on the side.

pub(crate) mod body;
pub(crate) mod content;
pub(crate) mod framer;
pub(crate) mod io;
pub(crate) mod lane;
pub(crate) mod rules;

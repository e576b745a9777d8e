//! The plain-text transcript: a request in absolute form, its answer, the next request.
//!
//! ```text
//! GET https://registry-1.docker.io/v2/ HTTP/1.1
//! Host: registry-1.docker.io
//!
//! HTTP/1.1 401 Unauthorized
//! Content-Type: application/json
//! Content-Length: 87
//!
//! {"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}
//! ```
//!
//! Heads stand as they were on the wire: case, order and repetitions. Text stands as it is, with
//! hidden characters escaped; other content is one line such as `[688971 bytes, sha256:c365…]`.
//! What `curl -v` prints, and logs with such messages in them, are read as well (see `paste`).
//! How an exchange ended, when not well, is a line as well: `[cut off: …]`, `[no response: …]`.

mod curl_connection;
mod line;
mod message;
mod paste;
mod read;
mod write;

pub use paste::Form;
pub use read::{Imported, Remark, read};
pub use write::{exchange, write};

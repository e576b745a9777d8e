//! The way to the server: where to dial, the connection, TLS, and HTTP on top.
//!
//! [`route`] decides where to go, [`vet`] which addresses may be dialled, [`dial`] opens TCP
//! connections, [`tls`] verifies and remembers certificates, [`connect`] puts these together and
//! [`socket`] speaks HTTP on the result.

mod connect;
mod dial;
mod route;
mod socket;
mod tls;
mod vet;

pub(crate) use connect::{Connecting, Connector, ServerStream};
pub use route::{ConnectTo, ConnectToError, UpstreamProxy, UpstreamProxyError};
pub(crate) use route::{Protocol, Target};
pub(crate) use socket::{Driver, Socket};
pub use tls::UpstreamTlsError;
pub(crate) use tls::session as tls_session;
pub(crate) use tls::trusted_roots;

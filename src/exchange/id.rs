//! Identifiers, unique within one capture session and counted from 1.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One request and its response.
    ExchangeId
}
id! {
    /// One TCP connection from a client to the proxy.
    ConnectionId
}
id! {
    /// One TCP connection from the proxy towards an upstream server.
    SocketId
}
id! {
    /// One CONNECT tunnel whose content was not read as HTTP.
    TunnelId
}

//! Rejected handshakes as HTTP Toolkit lists them, in `log._tlsErrors`.

use serde_json::{Value, json};

use super::connect::describe;
use super::entry::started;
use super::facts;
use super::text::without_nul;
use crate::base::clock;
use crate::exchange::HandshakeFailed;
use crate::exchange::timings::millis::to_millis;

/// One element of the list.
pub(super) fn tls_error(failed: &HandshakeFailed) -> Value {
    let connection = &failed.connection;
    let name = connection.sni.clone();
    let target = connection.target.as_ref().map(|target| target.host.clone());
    json!({
        "startedDateTime": started(connection.opened),
        "time": to_millis(clock::passed(connection.opened, failed.at)),
        "hostname": without_nul(name.or(target).unwrap_or_default()),
        "cause": failed.rejection.toolkit_cause(),
        "clientIPAddress": connection.client.ip().to_canonical(),
        "clientPort": connection.client.port(),
        "comment": describe(&failed.rejection),
        facts::FIELD: facts::to_json(failed),
    })
}

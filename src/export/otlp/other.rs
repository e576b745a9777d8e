//! What is no exchange: tunnels that were passed on unread, and refused handshakes.

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use opentelemetry_semantic_conventions::attribute as name;
use serde_json::{Value, json};

use super::attributes::{attributes, error, peer, user_agent};
use super::context::{Context, nanoseconds};
use super::pull;
use crate::exchange::{Connection, Ending, HandshakeFailed, Tunnel};
use crate::findings::refused_handshake;
use crate::words::Lang;

/// A tunnel that was passed on unread.
pub(super) fn tunnel(tunnel: &Tunnel) -> Span {
    let connection = &tunnel.connection;
    let context = Context::of_other("tunnel", tunnel.id.0, connection.opened, connection);
    let (host, port) = peer(
        tunnel
            .upstream
            .as_ref()
            .and_then(|upstream| upstream.address),
    );
    let (ended, failure) = match &tunnel.ended {
        Some((at, Ending::Failed { reason, detail })) => (*at, Some((reason, detail))),
        Some((at, _)) => (*at, None),
        None => (connection.opened, None),
    };
    let told = json!({
        name::NETWORK_PEER_ADDRESS: host,
        name::NETWORK_PEER_PORT: port,
        "pullscope.tunnel": tunnel.kind.word(),
        "pullscope.sent_bytes": tunnel.sent,
        "pullscope.received_bytes": tunnel.received,
        name::ERROR_TYPE: failure.map(|(reason, _)| reason.word()),
    });
    let status = failure.map(|(_, detail)| error(detail)).unwrap_or_default();
    span(&context, connection, ended, told, status)
}

/// A handshake in which a client did not accept our certificate.
pub(super) fn handshake(failed: &HandshakeFailed, lang: Lang) -> Span {
    let connection = &failed.connection;
    let context = Context::of_other("handshake", connection.id.0, failed.at, connection);
    let told = json!({
        name::ERROR_TYPE: failed.rejection.error_type(),
        "process.executable.name": failed.process,
    });
    let finding = refused_handshake(failed);
    let said = finding.as_ref().map(|finding| finding.sentence(lang));
    let status = error(said.as_deref().unwrap_or_default());
    let events = finding.map(|finding| pull::event(&finding, failed.at, lang));
    Span {
        events: events.into_iter().collect(),
        ..span(&context, connection, failed.at, told, status)
    }
}

fn span(
    context: &Context,
    connection: &Connection,
    ended: Timestamp,
    told: Value,
    status: Status,
) -> Span {
    Span {
        name: "CONNECT".to_owned(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: nanoseconds(connection.opened),
        end_time_unix_nano: nanoseconds(ended.max(connection.opened)),
        attributes: attributes([connect(connection), told]),
        status: Some(status),
        ..context.span(context.root, None)
    }
}

fn connect(connection: &Connection) -> Value {
    let target = connection.target.as_ref();
    json!({
        name::HTTP_REQUEST_METHOD: "CONNECT",
        name::SERVER_ADDRESS: target.map(|target| &target.host),
        name::SERVER_PORT: target.map(|target| target.port),
        name::USER_AGENT_ORIGINAL: user_agent(connection.connect_head.as_ref()),
    })
}

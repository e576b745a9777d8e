//! What is no exchange: tunnels that were passed on unread, and refused handshakes.

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use opentelemetry_semantic_conventions::attribute as name;

use super::attributes::{Attributes, error};
use super::context::{Context, nanoseconds};
use super::pull;
use crate::exchange::{Connection, Ending, HandshakeFailed, Tunnel};
use crate::findings::refused_handshake;
use crate::words::Lang;

/// A tunnel that was passed on unread.
pub(super) fn tunnel(tunnel: &Tunnel) -> Span {
    let connection = &tunnel.connection;
    let context = Context::of_other("tunnel", tunnel.id.0, connection.opened, connection);
    let mut attributes = connect(connection);
    if let Some(address) = tunnel
        .upstream
        .as_ref()
        .and_then(|upstream| upstream.address)
    {
        attributes.peer(address);
    }
    attributes.text("pullscope.tunnel", tunnel.kind.word());
    attributes.number("pullscope.sent_bytes", tunnel.sent);
    attributes.number("pullscope.received_bytes", tunnel.received);
    let ended = tunnel
        .ended
        .as_ref()
        .map_or(connection.opened, |(at, _)| *at);
    let status = match &tunnel.ended {
        Some((_, Ending::Failed { reason, detail })) => {
            attributes.text(name::ERROR_TYPE, reason.word());
            error(detail)
        }
        _ => Status::default(),
    };
    span(&context, connection, ended, attributes, status)
}

/// A handshake in which a client did not accept our certificate.
pub(super) fn handshake(failed: &HandshakeFailed, lang: Lang) -> Span {
    let connection = &failed.connection;
    let context = Context::of_other("handshake", connection.id.0, failed.at, connection);
    let mut attributes = connect(connection);
    attributes.text(name::ERROR_TYPE, &failed.rejection.error_type());
    attributes.text_of("process.executable.name", failed.process.as_ref());
    let finding = refused_handshake(failed);
    let said = finding.as_ref().map(|finding| finding.sentence(lang));
    let status = error(said.as_deref().unwrap_or_default());
    let events = finding.map(|finding| pull::event(&finding, failed.at, lang));
    Span {
        events: events.into_iter().collect(),
        ..span(&context, connection, failed.at, attributes, status)
    }
}

fn span(
    context: &Context,
    connection: &Connection,
    ended: Timestamp,
    attributes: Attributes,
    status: Status,
) -> Span {
    Span {
        name: "CONNECT".to_owned(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: nanoseconds(connection.opened),
        end_time_unix_nano: nanoseconds(ended.max(connection.opened)),
        attributes: attributes.into_inner(),
        status: Some(status),
        ..context.span(context.root, None)
    }
}

fn connect(connection: &Connection) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.text(name::HTTP_REQUEST_METHOD, "CONNECT");
    if let Some(target) = &connection.target {
        attributes.text(name::SERVER_ADDRESS, &target.host);
        attributes.number(name::SERVER_PORT, target.port);
    }
    attributes.user_agent(connection.connect_head.as_ref());
    attributes
}

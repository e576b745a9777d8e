//! Who says what goes to OpenTelemetry.

use crate::export::otlp::Origin;

/// pullscope, on this machine where `here`, and what the environment says of it, by the variables
/// that OpenTelemetry has for that.
pub(in crate::app) fn origin(here: bool) -> Origin {
    let host = here.then(rustix::system::uname);
    let host = host
        .as_ref()
        .and_then(|names| names.nodename().to_str().ok());
    let mut origin = Origin::new(host.filter(|host| !host.is_empty()));
    if let Ok(attributes) = std::env::var("OTEL_RESOURCE_ATTRIBUTES") {
        origin = origin.with(&attributes);
    }
    match std::env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => origin.named(&name),
        _ => origin,
    }
}

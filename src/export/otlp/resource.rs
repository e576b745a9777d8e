//! Who says it: the resource and the scope of the spans.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use opentelemetry_semantic_conventions::SCHEMA_URL;
use opentelemetry_semantic_conventions::resource as name;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::attributes::attributes;

/// Where spans come from: the attributes of their resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    attributes: Vec<(String, String)>,
}

impl Origin {
    /// pullscope, on the machine of this name where it is known.
    pub fn new(host: Option<&str>) -> Self {
        let mut origin = Self::default();
        origin.set(name::SERVICE_NAME, env!("CARGO_PKG_NAME"));
        origin.set(name::SERVICE_VERSION, env!("CARGO_PKG_VERSION"));
        if let Some(host) = host {
            origin.set(name::HOST_NAME, host);
        }
        origin
    }

    /// With what `OTEL_RESOURCE_ATTRIBUTES` holds (`key=value,…`, values percent-encoded). What
    /// is none of that form is passed over.
    #[must_use]
    pub fn with(mut self, attributes: &str) -> Self {
        for pair in attributes.split(',') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            let key = key.trim();
            if !key.is_empty() {
                let value = percent_decode_str(value.trim()).decode_utf8_lossy();
                self.set(key, &value);
            }
        }
        self
    }

    /// Under another name of the service (`OTEL_SERVICE_NAME`).
    #[must_use]
    pub fn named(mut self, service: &str) -> Self {
        self.set(name::SERVICE_NAME, service);
        self
    }

    /// A request of OTLP with these spans.
    pub fn request(&self, spans: Vec<Span>) -> ExportTraceServiceRequest {
        let told = self
            .attributes
            .iter()
            .map(|(key, value)| json!({ key: value }));
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(Resource {
                    attributes: attributes(told),
                    ..Resource::default()
                }),
                scope_spans: vec![ScopeSpans {
                    scope: Some(InstrumentationScope {
                        name: env!("CARGO_PKG_NAME").to_owned(),
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    spans,
                    schema_url: SCHEMA_URL.to_owned(),
                }],
                schema_url: SCHEMA_URL.to_owned(),
            }],
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let known = self.attributes.iter_mut().find(|(known, _)| known == key);
        match known {
            Some((_, old)) => value.clone_into(old),
            None => self.attributes.push((key.to_owned(), value.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_more_and_wins() {
        let origin = Origin::new(Some("node-1"))
            .with("k8s.node.name=n%2C1, host.name = other,nonsense,=x,deployment.environment.name=lab")
            .named("pulls");
        let pairs: Vec<_> = origin
            .attributes
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            pairs,
            [
                "service.name=pulls",
                &format!("service.version={}", env!("CARGO_PKG_VERSION")),
                "host.name=other",
                "k8s.node.name=n,1",
                "deployment.environment.name=lab"
            ]
        );
    }
}

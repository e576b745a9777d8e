//! Records what passes through a proxy with a sink of its own: one that prints.
//!
//! `cargo run --example record` stays on loopback: a lab of registries is the server, and a small
//! client that behaves as `docker pull` does pulls an image from it.

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use pullscope::exchange::Event;
use pullscope::lab::client::Puller;
use pullscope::lab::{Lab, LabOptions};
use pullscope::proxy::ca::CaFiles;
use pullscope::proxy::{Proxy, RootCertificate, Settings};
use pullscope::redact::Redactor;
use pullscope::registry::Platform;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lab = Lab::start(LabOptions::default()).await?;

    // The proxy's own CA. This one is gone with its directory; a real one is kept, since clients
    // are told to trust it.
    let dir = tempfile::tempdir()?;
    let identity = CaFiles::new(dir.path().join("ca")).open()?;
    let to_trust = identity.pem().to_owned();

    let mut settings = Settings::new(([127, 0, 0, 1], 0).into());
    // Only the lab needs these: its hosts are not where DNS says, and its CA is not the system's.
    settings.upstream_roots = RootCertificate::from_pem(lab.ca_pem())?;
    for route in lab.routes() {
        settings.connect_to.push(route.to_string().parse()?);
    }
    let (proxy, mut changes) = Proxy::start(settings, identity)?;

    let client = Puller::new(proxy.address(), &to_trust, Platform::of_a_container())?;
    let image = lab.images().first().ok_or("the lab has no image")?;
    let traffic = async {
        let pulled = client.pull(image, &|_| {}).await;
        proxy.shutdown(Duration::from_secs(5)).await;
        pulled
    };
    // The sink: a store, a file or a socket would take the same events. They hold tokens and
    // signed URLs as they passed, until a redactor takes the secrets out.
    let mut out = io::stdout().lock();
    let mut redactor = Redactor::new();
    let sink = |event| {
        // Nothing that passes waits for the sink; what it cannot write is lost for it alone.
        let _ = match redactor.event(event) {
            Event::RequestHead { id, request } => {
                let method = request.head.method().unwrap_or_default().escape_ascii();
                writeln!(out, "{id}: {method} {}", request.url)
            }
            Event::ResponseHead { id, response } => {
                let status = response.head.status().unwrap_or_default();
                writeln!(out, "{id}: answered {status}")
            }
            Event::Ended { id, end } => {
                let size = end.response_body.map_or(0, |body| body.size);
                writeln!(out, "{id}: over, with {size} bytes of content")
            }
            _ => Ok(()),
        };
    };
    let pulled = changes.follow(traffic, sink).await?;
    writeln!(out, "pulled {}, {} bytes", pulled.manifest, pulled.size)?;
    lab.shutdown().await;
    Ok(())
}

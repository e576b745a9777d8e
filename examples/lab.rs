//! Starts a lab of registries on loopback and tells how to pull from it.
//!
//! `cargo run --example lab [SECONDS [FAULT…]]` serves for a minute, or as long as it is told, and
//! misbehaves on demand: `cargo run --example lab 600 rate-limit gcr:corrupt-layer`.

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use pullscope::lab::{Lab, LabOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().map_or(Ok(60), |text| text.parse())?;
    let mut options = LabOptions::default();
    for fault in args {
        options.faults.push(fault.parse()?);
    }
    let lab = Lab::start(options).await?;

    // Clients have to trust the lab's CA, which is a new one each time.
    let dir = tempfile::tempdir()?;
    let ca = dir.path().join("lab.pem");
    std::fs::write(&ca, lab.ca_pem())?;
    let ca = ca.display();

    let mut out = io::stdout().lock();
    for image in lab.images() {
        writeln!(out, "{}: {}", image.provider, image.reference)?;
        let routes = lab.routes().into_iter();
        for route in routes.filter(|route| route.host == image.registry && route.port == 443) {
            let url = format!("https://{}/v2/", route.host);
            writeln!(out, "  curl --cacert {ca} --connect-to {route} {url}")?;
        }
    }
    writeln!(out, "To see what a client does, record it:")?;
    write!(out, "  pullscope record --upstream-ca {ca}")?;
    for route in lab.routes() {
        write!(out, " --connect-to {route}")?;
    }
    writeln!(out, "\nThe lab ends in {seconds} seconds.")?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    lab.shutdown().await;
    Ok(())
}

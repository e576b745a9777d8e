//! pullscope's proxy with nobody who records: what passes is looked at and forgotten.

use anyhow::Result;
use pullscope::proxy::ca::CaFiles;
use pullscope::proxy::{Proxy, RootCertificate, Settings};

use crate::host::Options;

pub(crate) async fn run(options: Options, hash: bool) -> Result<()> {
    let identity = CaFiles::new(options.dir.join("ca")).open()?;
    let mut settings = Settings::new(([127, 0, 0, 1], options.port).into());
    settings.connect_to = vec![format!("*::127.0.0.1:{}", options.origin).parse()?];
    settings.upstream_roots = RootCertificate::from_pem(std::fs::read(&options.root)?)?;
    settings.hash = hash;
    let (_proxy, mut changes) = Proxy::start(settings, identity)?;
    let mut events = Vec::new();
    loop {
        changes.next(&mut events).await;
        events.clear();
    }
}

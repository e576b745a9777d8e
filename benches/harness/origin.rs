//! nginx as the origin, with certificates of its own.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::measure::{self, Process};

/// A server of blobs and small documents on loopback, under any name below [`DOMAIN`].
pub(crate) struct Origin {
    pub(crate) port: u16,
    pub(crate) dir: TempDir,
    _nginx: Process,
}

/// The domain that the origin's certificate is for.
pub(crate) const DOMAIN: &str = "bench.test";

impl Origin {
    /// Starts it; its largest blob has so many GiB.
    pub(crate) fn start(large: u64) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("pullscope-bench-")
            .tempdir()?;
        let port = measure::free_port()?;
        certificates(dir.path())?;
        for (name, megabytes) in [("quarter", 256), ("one", 1_024), ("large", large * 1_024)] {
            // Sparse: neither disk nor page cache has to hold it.
            let blob = File::create(dir.path().join(name))?;
            blob.set_len(megabytes << 20)?;
        }
        let config = dir.path().join("nginx.conf");
        fs::write(&config, configuration(dir.path(), port))?;
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(dir.path()).arg("-c").arg(&config);
        nginx.arg("-e").arg(dir.path().join("error.log"));
        let nginx = Process::start(&mut nginx, port)
            .context("failed to start nginx (Debian: apt-get install nginx-light)")?;
        Ok(Self {
            port,
            dir,
            _nginx: nginx,
        })
    }

    /// The root that vouches for it.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root.pem")
    }

    /// That root with its key, for proxies that issue certificates.
    pub(crate) fn issuer(&self) -> PathBuf {
        self.dir.path().join("issuer.pem")
    }

    /// Its own certificate and key.
    pub(crate) fn server(&self) -> PathBuf {
        self.dir.path().join("server.pem")
    }
}

fn certificates(dir: &Path) -> Result<()> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "bench root");
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = vec![format!("*.{DOMAIN}")];
    let leaf = CertificateParams::new(names)?.signed_by(&key, &root)?;
    fs::write(dir.join("root.pem"), root.pem())?;
    fs::write(
        dir.join("issuer.pem"),
        root.pem() + &root.key().serialize_pem(),
    )?;
    fs::write(dir.join("server.pem"), leaf.pem() + &key.serialize_pem())?;
    Ok(())
}

fn configuration(dir: &Path, port: u16) -> String {
    let dir = dir.display();
    let mut small = String::from("{");
    for number in 0..16 {
        let _ = write!(small, "\\\"layer-{number}\\\":\\\"{number:064}\\\",");
    }
    small.push_str("\\\"end\\\":0}");
    format!(
        r#"daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {dir}/temp;
    proxy_temp_path {dir}/temp;
    fastcgi_temp_path {dir}/temp;
    uwsgi_temp_path {dir}/temp;
    scgi_temp_path {dir}/temp;
    keepalive_requests 10000000;
    keepalive_timeout 600s;
    output_buffers 4 64k;
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {dir}/server.pem;
        ssl_certificate_key {dir}/server.pem;
        ssl_protocols TLSv1.3;
        ssl_session_tickets off;
        ssl_buffer_size 16k;
        location = /small {{
            default_type application/vnd.oci.image.manifest.v1+json;
            return 200 "{small}";
        }}
        location / {{
            root {dir};
            default_type application/octet-stream;
        }}
    }}
}}
"#
    )
}

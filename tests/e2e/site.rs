//! The internet as far as the tests see it: one registry and its token server.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::image::Image;
use crate::pki::Pki;
use crate::registry::{self, Registry};
use crate::token::{self, Signer, TokenServer};

/// The programs a [`Site`] needs.
pub(crate) const NEEDS: &[&str] = &["busybox", "docker-registry", "setpriv"];
/// What it needs [of today](Site::of_today).
pub(crate) const NEEDS_TODAY: &[&str] = &["go:registry", "setpriv"];
/// Where the image is.
pub(crate) const REPOSITORY: &str = "library/tiny";
/// The image's tag.
pub(crate) const TAG: &str = "1.0";

/// A registry with one image, a token server, and a folder for everything; all of it ends when
/// this is dropped.
pub(crate) struct Site {
    // Fields are dropped in this order: the processes before the folder they write to.
    pub(crate) registry: Registry,
    pub(crate) auth: TokenServer,
    pub(crate) image: Image,
    pub(crate) pki: Pki,
    runtime: Runtime,
    dir: TempDir,
}

impl Site {
    /// Starts everything, with Debian's registry and an image that runs.
    pub(crate) fn start() -> Self {
        Self::with("docker-registry", Image::busybox())
    }

    /// The same with distribution 3, and an image that is the same on every machine.
    pub(crate) fn of_today() -> Self {
        Self::with("go:registry", Image::plain(&[20_000, 300_000]))
    }

    /// Starts everything, with this registry and this image.
    pub(crate) fn with(program: &str, image: Image) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let dir = tempfile::tempdir().expect("a folder can be made");
        let pki = Pki::new(dir.path());
        let signer = Signer::new(&pki.identity("Token signer"));
        let auth = TokenServer::start(runtime.handle(), &pki.identity(token::HOST), signer);
        let signer = Arc::clone(&auth.signer);
        let registry = Registry::start(program, runtime.handle(), dir.path(), &pki, signer);
        registry.store(REPOSITORY, TAG, &image);
        Self {
            registry,
            auth,
            image,
            pki,
            runtime,
            dir,
        }
    }

    /// The folder for everything of this test.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What its servers run on.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

/// Servers for a [`Recorder`](crate::recorder::Recorder) to lead to.
pub(crate) trait Upstream {
    /// The folder for everything of this test.
    fn dir(&self) -> &Path;
    /// The root certificate of the servers, a PEM file.
    fn root(&self) -> &Path;
    /// The arguments of `--connect-to`.
    fn connect_to(&self) -> Vec<String>;
}

impl Upstream for Site {
    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn root(&self) -> &Path {
        &self.pki.pem
    }

    fn connect_to(&self) -> Vec<String> {
        vec![
            format!("{}:443:{}", registry::HOST, self.registry.address),
            format!("{}:443:{}", token::HOST, self.auth.address),
        ]
    }
}

/// The image's name as clients know it.
pub(crate) fn reference() -> String {
    format!("{}/{REPOSITORY}:{TAG}", registry::HOST)
}

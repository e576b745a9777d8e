//! The container clients, each pointed at a proxy and told what to trust.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pullscope::registry::Platform;

use crate::components::program;
use crate::process::{Finished, Process, command, isolated};

const START: Duration = Duration::from_secs(60);
const RUN: Duration = Duration::from_secs(120);

/// Caches and locks of podman and skopeo that no option moves.
const OWN_STORAGE: &str = r"
for folder in /run /var/lib/containers; do
    [ ! -d $folder ] || mount -t tmpfs tmpfs $folder
done";
/// dockerd's configuration and plugins.
const OWN_DOCKER: &str = r#"
mkdir -p /etc/docker
mount --bind "$OWN_ETC" /etc/docker
mount -t tmpfs tmpfs /run"#;
/// A process namespace, so that containerd ends when dockerd does.
const WITH_CHILDREN: &[&str] = &["--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];

/// How a client reaches the registry.
#[derive(Clone)]
pub(crate) struct Route {
    /// The proxy's URL.
    pub(crate) proxy: String,
    /// A certificate to trust besides the system's, PEM.
    pub(crate) trust: Option<PathBuf>,
}

impl Route {
    /// Points a program at the proxy and has it trust what there is to trust.
    pub(crate) fn set(&self, command: &mut Command) {
        self.set_proxy(command);
        if let Some(trust) = &self.trust {
            command.env("SSL_CERT_FILE", trust);
        }
    }

    fn set_proxy(&self, command: &mut Command) {
        command
            .env("HTTPS_PROXY", &self.proxy)
            .env("HTTP_PROXY", &self.proxy);
    }
}

/// skopeo: `skopeo ARGS`.
pub(crate) fn skopeo(route: &Route, dir: &Path, args: &[&str]) -> Finished {
    start_skopeo(route, dir, args).finish(RUN)
}

/// The same, and it goes on.
pub(crate) fn start_skopeo(route: &Route, dir: &Path, args: &[&str]) -> Process {
    let mut skopeo = isolated(&[], OWN_STORAGE, program("skopeo"));
    skopeo.arg("--insecure-policy").args(args);
    start("skopeo", route, dir, &mut skopeo)
}

/// podman, its images in `dir`: `podman ARGS`.
pub(crate) fn podman(route: &Route, dir: &Path, args: &[&str]) -> Finished {
    start_podman(route, dir, args).finish(RUN)
}

/// The same, and it goes on.
pub(crate) fn start_podman(route: &Route, dir: &Path, args: &[&str]) -> Process {
    let mut podman = isolated(&[], OWN_STORAGE, program("podman"));
    podman
        .arg("--root")
        .arg(dir.join("podman-root"))
        .arg("--runroot")
        .arg(dir.join("podman-run"))
        .args(["--storage-driver=vfs", "--cgroup-manager=cgroupfs"])
        .args(args);
    let home = dir.join("home");
    accept_unsigned(&home);
    podman.env("HOME", home);
    start("podman", route, dir, &mut podman)
}

/// Lets podman accept unsigned images, as its default does: its policy is looked for in the home first.
pub(crate) fn accept_unsigned(home: &Path) {
    let folder = home.join(".config/containers");
    fs::create_dir_all(&folder).expect("the folder is writable");
    let policy = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#;
    fs::write(folder.join("policy.json"), policy).expect("the folder is writable");
}

/// curl: `curl ARGS`.
pub(crate) fn curl(route: &Route, dir: &Path, args: &[&str]) -> Process {
    let mut curl = command("curl");
    curl.args(["--silent", "--show-error", "--proxy", &route.proxy]);
    if let Some(trust) = &route.trust {
        curl.arg("--cacert").arg(trust);
    }
    Process::start("curl", dir, curl.args(args))
}

/// wget: `wget ARGS`.
pub(crate) fn wget(route: &Route, dir: &Path, args: &[&str]) -> Process {
    let mut wget = command("wget");
    wget.args(["--quiet", "--output-document=-", "--tries=1"]);
    if let Some(trust) = &route.trust {
        wget.arg("--ca-certificate").arg(trust);
    }
    wget.env("https_proxy", &route.proxy);
    Process::start("wget", dir, wget.args(args))
}

/// A containerd of the test's own, for `ctr` to keep images in.
pub(crate) struct Containerd {
    ctr: &'static str,
    socket: PathBuf,
    dir: PathBuf,
    hosts: PathBuf,
    _process: Process,
}

impl Containerd {
    /// Starts Debian's in `dir`; its `ctr` pulls by itself.
    pub(crate) fn start(dir: &Path) -> Self {
        let opt = "[plugins.\"io.containerd.internal.v1.opt\"]\npath = \"OPT\"\n";
        Self::of("containerd", "ctr", dir, opt, |_| ())
    }

    /// Starts containerd 2 in `dir`, which pulls by itself for `ctr`. It fetches layers in pieces where
    /// `buffer` (bytes) is not 0.
    pub(crate) fn of_today(route: &Route, dir: &Path, buffer: u32) -> Self {
        let platform = Platform::of_this_machine();
        let plugins = format!(
            "[plugins.\"io.containerd.internal.v1.opt\"]\npath = \"OPT\"\n\
             [plugins.\"io.containerd.transfer.v1.local\"]\n\
             concurrent_layer_fetch_buffer = {buffer}\n\
             [[plugins.\"io.containerd.transfer.v1.local\".unpack_config]]\n\
             platform = \"{}/{}\"\nsnapshotter = \"native\"\n",
            platform.os, platform.architecture
        );
        Self::of("go:containerd", "go:ctr", dir, &plugins, |command| {
            route.set(command);
        })
    }

    fn of(
        daemon: &str,
        ctr: &'static str,
        dir: &Path,
        plugins: &str,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let home = dir.join("containerd");
        let hosts = home.join("hosts");
        fs::create_dir_all(&hosts).expect("the folder is writable");
        let socket = home.join("containerd.sock");
        let config = home.join("config.toml");
        let text = format!(
            "version = 2\nroot = \"{root}\"\nstate = \"{state}\"\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = \"{socket}\"\n{plugins}",
            root = home.join("root").display(),
            state = home.join("state").display(),
            socket = socket.display(),
            plugins = plugins.replace("OPT", &home.join("opt").display().to_string()),
        );
        fs::write(&config, text).expect("the folder is writable");
        let mut command = isolated(WITH_CHILDREN, "", program(daemon));
        command.arg("--config").arg(&config);
        prepare(&mut command);
        let mut process = Process::start("containerd", dir, &mut command);
        process.until("its API", START, |_, log| {
            log.contains("successfully booted").then_some(())
        });
        Self {
            ctr,
            socket,
            dir: dir.to_owned(),
            hosts,
            _process: process,
        }
    }

    /// Where it takes requests.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Has [`Containerd::pull`] trust what `route` trusts for these registries.
    pub(crate) fn trust(&self, route: &Route, registries: &[&str]) {
        for registry in registries {
            let folder = self.hosts.join(registry);
            fs::create_dir_all(&folder).expect("the folder is writable");
            if let Some(trust) = &route.trust {
                fs::copy(trust, folder.join("ca.crt")).expect("the folder is writable");
            }
        }
    }

    /// `ctr images pull IMAGE`.
    pub(crate) fn pull(&self, route: &Route, image: &str) -> Finished {
        let hosts = self.hosts.display().to_string();
        let pull = [
            "images",
            "pull",
            "--snapshotter=native",
            "--hosts-dir",
            &hosts,
            image,
        ];
        let mut ctr = self.command(&pull);
        route.set_proxy(&mut ctr);
        Process::start("ctr", &self.dir, &mut ctr).finish(RUN)
    }

    /// `ctr ARGS`; `ctr` itself asks through the route, where it asks.
    pub(crate) fn ctr(&self, route: &Route, args: &[&str]) -> Finished {
        let mut ctr = self.command(args);
        route.set(&mut ctr);
        Process::start("ctr", &self.dir, &mut ctr).finish(RUN)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut ctr = command(self.ctr);
        ctr.arg("--address").arg(&self.socket).args(args);
        ctr
    }
}

fn start(name: &str, route: &Route, dir: &Path, command: &mut Command) -> Process {
    route.set(command);
    Process::start(name, dir, command)
}

/// A dockerd of the test's own: its configuration, data, containerd and mounts are nobody else's.
pub(crate) struct Dockerd {
    docker: &'static str,
    socket: PathBuf,
    dir: PathBuf,
    config: PathBuf,
    _process: Process,
}

impl Dockerd {
    /// Starts Debian's in `dir`, which keeps images in a store of its own.
    pub(crate) fn start(route: &Route, dir: &Path) -> Self {
        Self::of("dockerd", "docker", route, dir, |command| {
            command.arg("--storage-driver=vfs");
        })
    }

    /// Starts Docker 29 in `dir`, which keeps images in a containerd that it starts.
    pub(crate) fn of_today(route: &Route, dir: &Path) -> Self {
        let containerd = program("go:containerd");
        let mut path = containerd
            .parent()
            .expect("it has one")
            .as_os_str()
            .to_owned();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        Self::of("go:dockerd", "go:docker", route, dir, |command| {
            // The default, but for where layers are unpacked: not everywhere can overlays lie on each other.
            command.args(["--storage-driver=native", "--userland-proxy=false"]);
            command.env("PATH", path);
        })
    }

    fn of(
        daemon: &str,
        docker: &'static str,
        route: &Route,
        dir: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let made = |name: &str| {
            let folder = dir.join(name);
            fs::create_dir_all(&folder).expect("the folder is writable");
            folder
        };
        let (etc, trusted) = (made("docker-etc"), made("docker-trusted"));
        let socket = dir.join("docker.sock");
        let mut command = isolated(WITH_CHILDREN, OWN_DOCKER, program(daemon));
        command
            .env("OWN_ETC", &etc)
            .arg("--data-root")
            .arg(made("docker-data"))
            .arg("--exec-root")
            .arg(made("docker-exec"))
            .arg("--pidfile")
            .arg(dir.join("docker.pid"))
            .arg("-H")
            .arg(format!("unix://{}", socket.display()))
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
        prepare(&mut command);
        route.set_proxy(&mut command);
        if let Some(trust) = &route.trust {
            fs::copy(trust, trusted.join("trusted.pem")).expect("the folder is writable");
            let dirs = format!("/etc/ssl/certs:{}", trusted.display());
            command.env("SSL_CERT_DIR", dirs);
        }
        let mut process = Process::start("dockerd", dir, &mut command);
        process.until("its API", START, |_, log| {
            log.contains("API listen on").then_some(())
        });
        Self {
            docker,
            socket,
            dir: dir.to_owned(),
            config: made("docker-config"),
            _process: process,
        }
    }

    /// The folder of the docker command's configuration, `config.json` among it.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// The docker command: `docker ARGS`.
    pub(crate) fn docker(&self, args: &[&str]) -> Finished {
        let mut docker = command(self.docker);
        docker
            .arg("--config")
            .arg(&self.config)
            .arg("--host")
            .arg(format!("unix://{}", self.socket.display()))
            .args(args);
        Process::start("docker", &self.dir, &mut docker).finish(RUN)
    }
}

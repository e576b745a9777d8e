//! A machine of the test's own: its /etc and /run are nobody else's, and a stand-in for systemctl
//! starts a real dockerd with the environment that the unit's drop-ins set.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::components::program;
use crate::lab::PULLSCOPE;
use crate::process::{Finished, Process, bound, command, isolated};
use crate::recorder::in_home;

/// What it takes to have one.
pub(crate) const NEEDS: &[&str] = &["root", "dockerd", "docker", "nsenter", "setpriv"];
/// And one of today.
pub(crate) const NEEDS_OF_TODAY: &[&str] = &[
    "root",
    "go:dockerd",
    "go:docker",
    "go:containerd",
    "nsenter",
    "setpriv",
];
const RUN: Duration = Duration::from_secs(180);

/// What a machine's /etc holds: paths, and the mode, owner and content of what is there.
pub(crate) type Snapshot = BTreeMap<PathBuf, (u32, u32, Vec<u8>)>;

pub(crate) struct Machine {
    dir: PathBuf,
    data: PathBuf,
    holder: Process,
    today: bool,
}

impl Machine {
    /// A machine whose files are in `dir`, and whose user's CA is in `data`.
    pub(crate) fn start(dir: &Path, data: &Path) -> Self {
        Self::of(dir, data, false)
    }

    /// The same with Docker 29.
    pub(crate) fn of_today(dir: &Path, data: &Path) -> Self {
        Self::of(dir, data, true)
    }

    fn of(dir: &Path, data: &Path, today: bool) -> Self {
        let dir = dir.join("machine");
        for name in ["bin", "home", "docker"] {
            fs::create_dir_all(dir.join(name)).expect("the folder is writable");
        }
        let bin = dir.join("bin");
        symlink(PULLSCOPE, bin.join("pullscope")).expect("the folder is writable");
        script(&bin.join("sudo"), "exec \"$@\"\n");
        script(&bin.join("systemctl"), SYSTEMCTL);
        let mounts = r#"
cp -a /etc "$MACHINE/etc"
mount --bind "$MACHINE/etc" /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /etc/docker /etc/systemd/system
if [ -d /usr/local/share/ca-certificates ]; then
    cp -a /usr/local/share/ca-certificates "$MACHINE/anchors"
    mount --bind "$MACHINE/anchors" /usr/local/share/ca-certificates
fi
# Hooks of other packages keep lists of their own, with times in them.
rm -rf /etc/ca-certificates/update.d/* /etc/docker/* /etc/systemd/system/docker.service.d /etc/pullscope
if ! [ -e /lib/systemd/system/docker.service ]; then
    printf '[Service]\nExecStart=/usr/sbin/dockerd\n' > /etc/systemd/system/docker.service
fi
echo ready"#;
        let mut holder = isolated(
            &["--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"],
            mounts,
            "sleep",
        );
        holder.arg("infinity").env("MACHINE", &dir);
        let mut holder = Process::start("machine", &dir, &mut holder);
        holder.until("its mounts", RUN, |out, _| {
            out.contains("ready").then_some(())
        });
        Self {
            dir,
            data: data.to_owned(),
            holder,
            today,
        }
    }

    /// Runs a shell script on it.
    pub(crate) fn shell(&self, script: &str) -> Finished {
        let ns = format!("/proc/{}/ns", self.holder.id());
        let mut path = self.dir.join("bin").display().to_string();
        let mut shell = command("nsenter");
        if self.today {
            for name in ["go:docker", "go:containerd"] {
                let folder = program(name);
                let folder = folder.parent().expect("it has one").display();
                path = format!("{path}:{folder}");
            }
            // Not everywhere can overlays lie on each other.
            shell.env("DOCKERD_DRIVER", "native");
        }
        shell
            .arg(format!("--mount={ns}/mnt"))
            .arg(format!("--pid={ns}/pid_for_children"))
            .args(["sh", "-ec", script])
            .env("MACHINE", &self.dir)
            .env(
                "DOCKERD",
                program(if self.today { "go:dockerd" } else { "dockerd" }),
            )
            .env("HOME", self.dir.join("home"))
            .env("XDG_DATA_HOME", &self.data)
            .env("XDG_CONFIG_HOME", self.dir.join("home/config"))
            .env("XDG_STATE_HOME", self.dir.join("home/state"))
            .env(
                "PATH",
                format!("{path}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            )
            .env_remove("SUDO_UID")
            .current_dir(&self.dir);
        Process::start("shell", &self.dir, &mut shell).finish(RUN)
    }

    /// Where one of its files in /etc is for the test.
    pub(crate) fn etc(&self, path: &str) -> PathBuf {
        self.dir.join("etc").join(path)
    }

    /// Puts a file into its /etc.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.etc(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("the folder is writable");
        fs::write(path, text).expect("the folder is writable");
    }

    /// Everything in its /etc.
    pub(crate) fn snapshot(&self) -> Snapshot {
        tree(&self.dir.join("etc"))
    }
}

/// The two must be the same; names what is not.
#[track_caller]
pub(crate) fn assert_same(now: &Snapshot, before: &Snapshot) {
    let paths = before.keys().chain(now.keys());
    let differ: std::collections::BTreeSet<_> = paths
        .filter(|path| now.get(*path) != before.get(*path))
        .collect();
    assert!(differ.is_empty(), "these differ: {differ:?}");
}

/// Everything below a folder, the folders themselves too.
pub(crate) fn tree(root: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    let mut pending = vec![root.to_owned()];
    while let Some(path) = pending.pop() {
        let meta = fs::symlink_metadata(&path).expect("it was just listed");
        let content = if meta.is_dir() {
            let entries = fs::read_dir(&path).expect("it is readable");
            pending.extend(entries.map(|entry| entry.expect("it is readable").path()));
            Vec::new()
        } else if meta.is_file() {
            fs::read(&path).expect("it is readable")
        } else {
            Vec::new()
        };
        let inner = path.strip_prefix(root).expect("it is below").to_owned();
        found.insert(inner, (meta.mode(), meta.uid(), content));
    }
    found
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}")).expect("the folder is writable");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// Asks a machine's pullscope, as its own process and not the machine's.
pub(crate) fn on_root(dir: &Path, root: &Path, args: &[&str]) -> Finished {
    let mut setup = bound(PULLSCOPE);
    in_home(&mut setup, dir).args(args).arg("--root").arg(root);
    Process::start("setup", dir, &mut setup).finish(RUN)
}

/// `restart` gives dockerd what the drop-ins set, in their order, as systemd does.
const SYSTEMCTL: &str = r#"
set -eu
unit() {
    for dir in /etc /run /usr/local/lib /usr/lib /lib; do
        [ ! -e $dir/systemd/system/$1 ] || { echo $dir/systemd/system/$1; return; }
    done
}
files() {
    unit $1
    ls /etc/systemd/system/$1.d/*.conf 2>/dev/null | sort
}
environment() {
    for file in $(files $1); do
        sed -n 's/^Environment="\(.*\)"$/\1/p; t; s/^Environment=\(.*\)$/\1/p' "$file"
    done | sed 's/%%/%/g'
}
environment_files() {
    for file in $(files $1); do
        sed -n 's/^EnvironmentFile=-\{0,1\}//p' "$file"
    done | while IFS= read -r file; do
        [ ! -e "$file" ] || sed -n "/^[A-Za-z]/s/=['\"]\(.*\)['\"]\$/=\1/; /^[A-Za-z]/p" "$file"
    done
}
stop() {
    [ -e /run/docker.pid ] || return 0
    pid=$(cat /run/docker.pid)
    kill "$pid" 2>/dev/null || return 0
    while [ -e "/proc/$pid/stat" ] && ! grep -q ') Z ' "/proc/$pid/stat"; do sleep 0.05; done
    rm -f /run/docker.pid
}
case "$1" in
daemon-reload) ;;
stop) stop ;;
restart)
    # Other services are asked what they are given, and no more.
    [ "$2" = docker.service ] || exit 0
    stop
    set -- "$DOCKERD" --data-root "$MACHINE/docker" --iptables=false --ip6tables=false \
        --bridge=none "--storage-driver=${DOCKERD_DRIVER:-vfs}" --userland-proxy=false --pidfile /run/docker.pid
    unset HTTPS_PROXY HTTP_PROXY NO_PROXY SSL_CERT_DIR SSL_CERT_FILE
    { environment docker.service; environment_files docker.service; } > /run/docker.env
    while IFS= read -r line; do
        name=${line%%=*}
        export "$name=${line#*=}"
    done < /run/docker.env
    setsid "$@" < /dev/null > "$MACHINE/dockerd.log" 2>&1 &
    tries=0
    until docker info > /dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ]; then cat "$MACHINE/dockerd.log" >&2; exit 1; fi
        sleep 0.1
    done
    ;;
reload)
    # dockerd reads some of its settings anew.
    [ "$2" = docker.service ] || exit 0
    kill -HUP "$(cat /run/docker.pid)"
    sleep 0.5 ;;
show)
    # Words that a shell would not take as they are stand in quotes, as systemctl has it.
    if [ -n "$(unit "$2")" ]; then echo LoadState=loaded; else echo LoadState=not-found; fi
    printf 'Environment=%s\n' "$(environment "$2" | sed '/[*? ]/s/.*/"&"/' | tr '\n' ' ')" ;;
*) echo "systemctl: $1?" >&2; exit 1 ;;
esac
"#;

#!/usr/bin/env bash
# `pullscope setup docker` and its undo on a machine with a real systemd and a real dockerd: a
# Debian of its own, booted by systemd-nspawn in namespaces of its own. It takes root, debootstrap,
# systemd-container and a Debian mirror, and so is not among what tests/run.sh does.
#
#   tests/systemd.sh [PULLSCOPE [DEB]]
#
# PULLSCOPE is the binary to test, target/release/pullscope where none is named. DEB is the Debian
# package (packaging/deb.sh): it is installed, run as a service, used, and purged.
#
# The machine's root is kept in target/systemd, and made anew when it is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in debootstrap systemd-nspawn unshare; do
    command -v "$program" >/dev/null || {
        echo "tests/systemd.sh: $program is missing (Debian: apt-get install debootstrap systemd-container)" >&2
        exit 1
    }
done
[[ $EUID == 0 ]] || { echo "tests/systemd.sh: this takes root" >&2; exit 1; }
binary=$(realpath "${1:-target/release/pullscope}")
package=${2:+$(realpath "$2")}
root=${CARGO_TARGET_DIR:-$PWD/target}/systemd
if [[ ! -e $root/made ]]; then
    rm -rf "$root"
    mkdir -p "$(dirname "$root")"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,docker.io,ca-certificates \
        bookworm "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
    touch "$root/made"
fi

install -m 755 "$binary" "$root/usr/local/bin/pullscope"
rm -rf "$root"/etc/docker "$root"/etc/systemd/system/docker.service.d "$root"/root/.local "$root"/test
mkdir -p "$root"/test "$root"/etc/docker "$root"/etc/systemd/system/docker.service.d
[[ -z $package ]] || install -m 644 "$package" "$root/test/pullscope.deb"
# What an administrator has there already: a configuration, and a drop-in for a proxy.
printf '{\n\t"storage-driver": "vfs", "iptables": false, "ip6tables": false, "bridge": "none"\n}\n' \
    >"$root/etc/docker/daemon.json"
printf '[Service]\nEnvironment="HTTPS_PROXY=http://corp.test:3128"\nEnvironment="NO_PROXY=.corp.test"\n' \
    >"$root/etc/systemd/system/docker.service.d/http-proxy.conf"

cat >"$root/test/run.sh" <<'INNER'
set -euo pipefail; set -x
export HOME=/root
cd /test
until systemctl is-active docker.service; do sleep 0.2; done
not() { ! "$@" || { echo "this was not to succeed: $*"; exit 1; }; }
files() { find /etc /usr/local /usr/lib/systemd -xdev -type f | sort | xargs -d '\n' sha256sum; }
used() { tr '\0' '\n' < "/proc/$(systemctl show --value -p MainPID docker.service)/environ" | grep -i proxy | sort; }

pullscope lab --listen 127.0.0.1:8443 --ca-out lab.pem >lab.log 2>&1 &
until [[ -s lab.pem ]]; do sleep 0.2; done
pullscope record --listen 127.0.0.1:8642 -o pulls.har --upstream-ca lab.pem --upstream-proxy none \
    --connect-to '*:443:127.0.0.1:8443' >record.log 2>&1 &
recorder=$!
for _ in $(seq 100); do grep -q "listens on" record.log && break; sleep 0.2; done; grep "listens on" record.log

files >before.txt; used >before.env
pullscope setup docker --yes
files >after.txt; used >after.env
grep -qx 'HTTPS_PROXY=http://127.0.0.1:8642' after.env
grep -q '^NO_PROXY=.*corp\.test' after.env
docker info --format '{{.HTTPSProxy}}' | grep -x 'http://127.0.0.1:8642'
docker pull alpine
not cmp before.txt after.txt

# Once more changes nothing.
pullscope setup docker --yes 2>&1 | grep 'set up already'
files | cmp - after.txt

# doctor agrees with systemd and dockerd, and has dockerd try the certificate.
pullscope doctor docker

pullscope setup docker --undo --yes
files | cmp - before.txt
used | cmp - before.env

# Cut short when the files are there and dockerd was not restarted: undo knows of it.
(pullscope setup docker --yes & sleep 0.3; kill -KILL $! || true; wait $! || true)
systemctl daemon-reload
pullscope setup docker --undo --yes || true
until systemctl is-active docker.service; do sleep 0.2; done
files | cmp - before.txt

kill -TERM "$recorder"; wait "$recorder"
pullscope show pulls.har --color never | tee story.txt
grep -q 'library/alpine' story.txt

[[ -e pullscope.deb ]] || exit 0
# Whatever has the program's name, but for this test and what dpkg keeps of every package.
named() {
    find / -xdev -path /proc -prune -o -path /sys -prune -o -path /test -prune -o -name '*pullscope*' \
        ! -name 'pullscope-test.service' ! -path /usr/local/bin/pullscope -print | sort
}
named >before.named
dpkg --install pullscope.deb
files >installed.txt
not systemctl is-enabled pullscope.service
not systemctl is-active pullscope.service
systemctl start pullscope.service
get() {
    exec 3<>/dev/tcp/127.0.0.1/8642
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:8642\r\n\r\n' "$1" >&3
    cat <&3
}
for _ in $(seq 50); do get /ca.pem >answer && break; sleep 0.2; done
sed -n '/BEGIN/,/END/p' answer >service.pem
grep -q 'BEGIN CERTIFICATE' service.pem
[[ $(stat -c %u "/proc/$(systemctl show --value -p MainPID pullscope.service)") != 0 ]]
systemd-analyze security --no-pager pullscope.service | tail -n 1
# dockerd trusts the service, whose way out does not reach the registry here: 502, and not a
# certificate that is refused.
pullscope setup docker --yes --ca service.pem
docker pull alpine 2>&1 | tee pull.txt || true
grep -q 'Bad Gateway' pull.txt
pullscope setup docker --undo --yes
files | cmp - installed.txt
find /var/lib/private/pullscope/sessions -name journal.ndjson | grep .
dpkg --purge pullscope
not systemctl is-active pullscope.service
named | cmp - before.named
INNER
cat >"$root/etc/systemd/system/pullscope-test.service" <<'UNIT'
[Unit]
After=docker.service multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /test/run.sh >/test/log 2>&1; echo $? >/test/code; systemctl poweroff --no-block'
[Install]
WantedBy=multi-user.target
UNIT
ln -sf ../pullscope-test.service "$root/etc/systemd/system/multi-user.target.wants/pullscope-test.service"

# The machine has its own cgroups, network, processes and mounts; nothing of ours is changed.
timeout 300 unshare --mount --propagation=private sh -euc '
    umount -R /sys/fs/cgroup 2>/dev/null || true
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec systemd-nspawn --quiet --boot --directory "$1" --register=no --keep-unit --console=pipe \
        --private-network </dev/null' sh "$root" >"$root/test/console" 2>&1 || true

cat "$root/test/log" 2>/dev/null || cat "$root/test/console"
code=$(cat "$root/test/code" 2>/dev/null || echo none)
[[ $code == 0 ]] || { echo "tests/systemd.sh: it failed (code $code)" >&2; exit 1; }
echo "tests/systemd.sh: setup, its repetition, doctor, undo and an interruption are as they should be${package:+; so are the package, its service and its purge}"

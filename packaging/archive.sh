#!/usr/bin/env bash
# Builds what a release has for cargo binstall and action.yml: the program in a .tgz, and its sha256,
# into target/archives/.
#
#   packaging/archive.sh [TARGET]     x86_64-unknown-linux-musl where none is named
#
# Linux is static: rustup target add x86_64-unknown-linux-musl, and Debian's musl-tools.
set -euo pipefail
cd "$(dirname "$0")/.."

triple=${1:-x86_64-unknown-linux-musl}
target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --target "$triple"
archives=$target/archives
mkdir -p "$archives"
tar --create --gzip --file "$archives/pullscope-$triple.tgz" --owner=0 --group=0 --numeric-owner \
    --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" \
    --directory "$target/$triple/release" pullscope
cd "$archives"
sha256sum "pullscope-$triple.tgz" >"pullscope-$triple.tgz.sha256"
ls -l "pullscope-$triple.tgz"*

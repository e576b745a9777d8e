#!/usr/bin/env bash
# Builds the Debian package into target/debian/.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked
assets=target/assets
rm -rf "$assets"
mkdir -p "$assets/man" "$assets/completions"
target/release/pullscope man --dir "$assets/man"
for shell in bash zsh fish; do
    target/release/pullscope completions "$shell" >"$assets/completions/pullscope.$shell"
done

# What is new is in CHANGELOG.md; Debian wants its own form of it, dated.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
maintainer=$(sed -n '/^\[package.metadata.deb\]/,/^\[/s/^maintainer = "\(.*\)"/\1/p' Cargo.toml)
date=$(date --utc --rfc-email --date="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}")
printf '%s\n' "pullscope ($version-1) unstable; urgency=medium" "" \
    "  * See https://github.com/pullscope/pullscope/blob/main/CHANGELOG.md" "" \
    " -- $maintainer  $date" >"$assets/changelog"
cargo deb --no-build

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
cargo deb --no-build

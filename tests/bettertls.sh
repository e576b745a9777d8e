#!/usr/bin/env bash
# BetterTLS's 9,572 certificate chains (path building, name constraints) as upstreams of pullscope:
# what a client is to accept must come through, and what it is to refuse must be answered 502.
#
#   tests/bettertls.sh CLONE [PULLSCOPE]
#
# CLONE is a clone of https://github.com/Netflix/bettertls, PULLSCOPE is target/release/pullscope
# where none is named. It takes Go, whose modules have to be fetched, and so is not among what
# tests/run.sh does. It runs half a minute.
set -euo pipefail
cd "$(dirname "$0")/.."

clone=$(realpath "${1:?give a clone of BetterTLS, see the head of this file}")
pullscope=$(realpath "${2:-target/release/pullscope}")
command -v go >/dev/null || { echo "tests/bettertls.sh: go is missing" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/clone" "$work/home"
cp -r "$clone/go.mod" "$clone/go.sum" "$clone/test-suites" "$work/clone/"
mkdir "$work/clone/pullscope"
cp tests/bettertls/main.go "$work/clone/pullscope/"
(cd "$work/clone" && go build -o "$work/run" ./pullscope)
"$work/run" "$pullscope" "$work/home"

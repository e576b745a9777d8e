#!/usr/bin/env bash
# Runs pullscope under load for a long time, one exchange in ten with a fault, and prints its
# resident set, file descriptors and lost exchanges as they go.
#
#   tests/soak.sh          10,000 exchanges, with the debug build: what continuous integration runs
#   tests/soak.sh long     500,000 exchanges, with the release build
#
# SOAK_EXCHANGES and SOAK_SECONDS (after which it gives up) say other numbers.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-short} in
    short) profile=() exchanges=10000 seconds=300 ;;
    long) profile=(--release) exchanges=500000 seconds=7200 ;;
    *)
        echo "usage: tests/soak.sh [short|long]" >&2
        exit 2
        ;;
esac
export SOAK_EXCHANGES=${SOAK_EXCHANGES:-$exchanges} SOAK_SECONDS=${SOAK_SECONDS:-$seconds}
exec cargo test --locked "${profile[@]}" --test soak -- --ignored --nocapture soak

#!/usr/bin/env bash
# Tests that take longer than continuous integration has time for.
#
#   tests/long.sh clients    builds the clients of tests/clients/clients.toml that only people need who
#                            build images or sign them (it takes Go and its proxy), and tries them
#
# What a test needs and is not here is named, and fails it.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
    clients)
        tests/clients/build.sh long
        export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
        exec env PULLSCOPE_E2E=required \
            cargo test --locked --test e2e --no-fail-fast modern_long -- --ignored
        ;;
    *)
        echo "usage: tests/long.sh clients" >&2
        exit 2
        ;;
esac

#!/bin/sh
# Installs the HAR readers that tests/har_readers.rs opens our files with, the HTTP libraries that
# tests/e2e/exec.rs fetches with, and Kubernetes' schemas for tests/packaging.rs, into
# target/readers. Running it again is quick and changes nothing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}/readers
mkdir -p "$target/node"

# Everything that decides what is installed, in one string.
wanted=$(cat "$here/requirements.txt" "$here/constraints.txt" "$here/package-lock.json" | cksum)
if [ "$(cat "$target/installed" 2>/dev/null || true)" = "$wanted" ]; then
    echo "the HAR readers are installed in $target"
else
    rm -f "$target/installed"
    python3 -m venv "$target/venv"
    "$target/venv/bin/pip" install --quiet --disable-pip-version-check \
        --requirement "$here/requirements.txt" --constraint "$here/constraints.txt"
    cp "$here/package.json" "$here/package-lock.json" "$target/node/"
    (cd "$target/node" && npm ci --silent --no-audit --no-fund)
    echo "$wanted" >"$target/installed"
    echo "installed the HAR readers in $target"
fi

# Mermaid, for tests/sharing/mermaid.rs.
diagrams=$here/../diagrams
wanted=$(cksum <"$diagrams/package-lock.json")
if [ "$(cat "$target/diagrams/installed" 2>/dev/null || true)" != "$wanted" ]; then
    mkdir -p "$target/diagrams"
    cp "$diagrams/package.json" "$diagrams/package-lock.json" "$target/diagrams/"
    (cd "$target/diagrams" && npm ci --silent --no-audit --no-fund)
    echo "$wanted" >"$target/diagrams/installed"
    echo "installed Mermaid in $target/diagrams"
fi

# Playwright without its browsers, for tests/sharing/page.rs; the browser is the system's.
pages=$here/../pages
wanted=$(cksum <"$pages/package-lock.json")
if [ "$(cat "$target/pages/installed" 2>/dev/null || true)" != "$wanted" ]; then
    mkdir -p "$target/pages"
    cp "$pages/package.json" "$pages/package-lock.json" "$target/pages/"
    (cd "$target/pages" && npm ci --silent --no-audit --no-fund)
    echo "$wanted" >"$target/pages/installed"
    echo "installed Playwright in $target/pages"
fi

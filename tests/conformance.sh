#!/usr/bin/env bash
# The OCI distribution conformance suite against docker-registry, once directly and once through
# pullscope: every case must have the same verdict. Prints how long each run took. A registry fails
# cases of its own (Debian's 2.8 knows no referrers); what matters is that pullscope changes none.
#
#   tests/conformance.sh SUITE [PULLSCOPE]
#
# SUITE is the program that `go build` makes in the folder conformance/ of
# https://github.com/opencontainers/distribution-spec, PULLSCOPE is target/release/pullscope where
# none is named. It takes root (for a name in an /etc/hosts of its own), docker-registry, openssl and
# python3, and so is not among what tests/run.sh does.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --inside ]]; then
    for program in docker-registry openssl python3 unshare; do
        command -v "$program" >/dev/null || {
            echo "tests/conformance.sh: $program is missing" >&2
            exit 1
        }
    done
    [[ $EUID == 0 ]] || { echo "tests/conformance.sh: this takes root" >&2; exit 1; }
    suite=$(realpath "${1:?give the conformance suite, see the head of this file}")
    pullscope=$(realpath "${2:-target/release/pullscope}")
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    unshare --mount --pid --fork --kill-child=SIGKILL --mount-proc --propagation=private \
        "$0" --inside "$work" "$suite" "$pullscope"
    exit
fi

work=$2 suite=$3 pullscope=$4
cd "$work"
{ cat /etc/hosts; echo "127.0.0.1 registry.test"; } >hosts
mount --bind hosts /etc/hosts

key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -subj "/CN=conformance" -days 2 \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>openssl.log
openssl req "${key[@]}" -keyout registry.key -out registry.csr -subj "/CN=registry.test" 2>>openssl.log
printf 'subjectAltName=DNS:registry.test\nextendedKeyUsage=serverAuth\n' >extensions
openssl x509 -req -in registry.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 \
    -extfile extensions -out registry.pem 2>>openssl.log
cat >registry.yml <<END
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/data}, delete: {enabled: true}}
http: {addr: "127.0.0.1:5443", tls: {certificate: $work/registry.pem, key: $work/registry.key}}
END

# Waits until something takes connections on a port of 127.0.0.1.
listens() {
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "tests/conformance.sh: nothing listens on port $1" >&2
    cat ./*.log >&2
    exit 1
}

# A run against a registry without anything in it: run NAME [VARIABLE=VALUE…]
run() {
    local name=$1 registry begun ended
    shift
    rm -rf data && mkdir data
    docker-registry serve registry.yml >registry.log 2>&1 &
    registry=$!
    listens 5443
    begun=$(date +%s%N)
    # It ends with 1 for each registry that fails a case.
    env "$@" OCI_REGISTRY=registry.test:5443 OCI_TLS=enabled OCI_LOG=error \
        OCI_RESULTS_DIR="$work/$name" "$suite" >"$name.txt" 2>&1 || true
    ended=$(date +%s%N)
    kill "$registry"
    wait "$registry" || true
    python3 - "$name/junit.xml" >"$name.verdicts" <<'END'
import sys
from collections import Counter
from xml.etree import ElementTree

cases = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
for case in sorted((case.get("name"), case.get("status")) for case in cases):
    print(*case)
print(dict(Counter(case.get("status") for case in cases)), file=sys.stderr)
END
    echo "$name: $(((ended - begun) / 1000000)) ms"
}

run direct SSL_CERT_FILE="$work/ca.pem"
mkdir home
env HOME="$work/home" XDG_DATA_HOME= XDG_STATE_HOME= XDG_CONFIG_HOME= "$pullscope" record \
    --listen 127.0.0.1:8642 -o trace.har --upstream-ca ca.pem --upstream-proxy none >record.log 2>&1 &
recorder=$!
listens 8642
run through HTTPS_PROXY=http://127.0.0.1:8642 SSL_CERT_FILE="$work/home/.local/share/pullscope/ca.pem"
kill -INT "$recorder"
wait "$recorder"
tail -n 1 record.log

[[ $(wc -l <direct.verdicts) -gt 100 ]] || { tail direct.txt; exit 1; }
diff direct.verdicts through.verdicts || { echo "tests/conformance.sh: verdicts differ" >&2; exit 1; }
echo "tests/conformance.sh: $(wc -l <direct.verdicts) cases, the same verdicts"

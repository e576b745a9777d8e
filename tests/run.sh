#!/usr/bin/env bash
# Runs every test of pullscope, the end-to-end ones with real container clients included.
#
# On Debian and Ubuntu, as root or with a sudo that asks for no password, it first installs the
# programs that are missing. It starts no service and touches no Docker that is installed or
# running. Elsewhere it says what is missing and goes on: the tests concerned then skip by name, or
# fail when PULLSCOPE_E2E=required is in the environment.
#
# Where Go is here and its proxy answers, today's clients are built first (tests/clients/build.sh), once.
#
# Arguments go to `cargo test`; without any, a short soak follows.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian keeps dockerd and docker-registry's helpers here; a user's PATH may not.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# What a test needs, and the package that has it.
needs=(
    "cc gcc"
    "containerd containerd"
    "curl curl"
    "docker-registry docker-registry"
    "chromium chromium"
    "dockerd docker.io"
    "docker docker-cli"
    "faketime faketime"
    "ip iproute2"
    "iptables iptables"
    "node nodejs"
    "npm npm"
    "podman podman"
    "python3 python3"
    "skopeo skopeo"
    "strace strace"
    "sudo sudo"
    "systemd-analyze systemd"
    "stty coreutils"
    "tmux tmux"
    "wget wget"
)

policy=/usr/sbin/policy-rc.d
saved_policy=

say() { printf '== %s\n' "$*"; }

main() {
    local missing
    missing=$(missing_packages)
    if [[ -n $missing ]]; then
        install_packages "$missing"
    fi
    if [[ -x tests/readers/install.sh ]]; then
        say "tests/readers/install.sh"
        tests/readers/install.sh || say "the HAR readers could not be installed"
    fi
    say "tests/clients/build.sh"
    tests/clients/build.sh
    say "cargo test"
    cargo build --locked
    cargo test --locked --no-fail-fast "$@"
    if (($# == 0)); then
        say "tests/soak.sh"
        tests/soak.sh
    fi
}

# The packages of all needs that are not met, on one line.
missing_packages() {
    local need missing=()
    for need in "${needs[@]}"; do
        command -v "${need%% *}" >/dev/null || missing+=("${need##* }")
    done
    [[ -e /usr/include/stdlib.h || $OSTYPE != linux* ]] || missing+=(libc6-dev)
    [[ -e /etc/ssl/certs/ca-certificates.crt || $OSTYPE != linux* ]] || missing+=(ca-certificates)
    static_busybox || missing+=(busybox-static)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    echo "${missing[*]}"
}

# The test image is made of a busybox that needs no library.
static_busybox() {
    local busybox
    busybox=$(command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1
}

install_packages() {
    local sudo=() package available=()
    if ! command -v apt-get >/dev/null; then
        say "missing here, and there is no apt-get to install it: $1"
        return
    fi
    if [[ $(id -u) != 0 ]]; then
        if ! sudo -n true 2>/dev/null; then
            say "missing here, and installing it takes root or a sudo without password: $1"
            return
        fi
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update -qq || say "apt-get update failed; going on with the lists there are"
    for package in $1; do
        # Before Debian 13 the docker command is part of docker.io.
        if apt-cache show "$package" >/dev/null 2>&1; then
            available+=("$package")
        elif [[ $package != docker-cli ]]; then
            say "no package named $package here"
        fi
    done
    if ((${#available[@]} == 0)); then
        return
    fi
    say "installing ${available[*]}"
    deny_service_starts "${sudo[@]}"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${available[@]}" </dev/null ||
        say "could not install all of: ${available[*]}"
    restore_service_starts "${sudo[@]}"
    not_at_boot "${sudo[@]}"
}

# While packages are installed, no service of theirs starts (see invoke-rc.d(8)).
deny_service_starts() {
    trap 'restore_service_starts '"$*" EXIT
    if [[ -e $policy ]]; then
        saved_policy=$policy.pullscope-saved
        "$@" mv "$policy" "$saved_policy"
    fi
    printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
    "$@" chmod 755 "$policy"
}

restore_service_starts() {
    trap - EXIT
    "$@" rm -f "$policy"
    if [[ -n $saved_policy ]]; then
        "$@" mv "$saved_policy" "$policy"
    fi
}

# What was installed only for the tests does not start at the next boot either.
not_at_boot() {
    if [[ -d /run/systemd/system ]]; then
        case " ${available[*]} " in *" docker-registry "*)
            "$@" systemctl disable --quiet docker-registry.service || true ;;
        esac
        case " ${available[*]} " in *" docker.io "*)
            "$@" systemctl disable --quiet docker.service docker.socket containerd.service || true ;;
        esac
    fi
}

main "$@"

#!/usr/bin/env bash
# Fuzzes every target, or those that are named, for so many seconds each: fuzz/run.sh 60 [TARGET…]
#
# It takes cargo-fuzz (`cargo install cargo-fuzz`) and runs on a stable toolchain, without a
# sanitizer, since pullscope itself has no unsafe code. What it finds on its way goes to
# fuzz/corpus, what breaks a target to fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET…]}
shift
targets=("$@")
if ((${#targets[@]} == 0)); then
    mapfile -t targets < <(sed -n 's/^name = "\([a-z0-9_]*\)"$/\1/p' fuzz/Cargo.toml)
fi

export RUSTC_BOOTSTRAP=1
broken=()
for target in "${targets[@]}"; do
    printf '\n== %s\n' "$target"
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 ||
        broken+=("$target")
done
if ((${#broken[@]} > 0)); then
    printf '\nbroken: %s\n' "${broken[*]}"
    exit 1
fi

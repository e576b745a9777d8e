#!/usr/bin/env bash
# Builds the programs of clients.toml from their Go modules, each once, into a cache outside the
# checkout, and says by name what could not be had and why. It ends well in any case: the tests decide
# what they can do without.
#
#   tests/clients/build.sh          what continuous integration runs
#   tests/clients/build.sh long     these and the others
#
# PULLSCOPE_CLIENTS names the cache (~/.cache/pullscope-clients where it does not): NAME@VERSION/NAME is
# the program, NAME@VERSION/go the version of Go it was built by. PULLSCOPE_CLIENTS_SECONDS is what all of
# it may take (1500). Where the Go proxy does not answer, `unreachable` there names what was left out.
set -euo pipefail
cd "$(dirname "$0")"

cache=${PULLSCOPE_CLIENTS:-$HOME/.cache/pullscope-clients}
limit=${PULLSCOPE_CLIENTS_SECONDS:-1500}
# One program that takes longer is given up.
each=900
export CGO_ENABLED=0 GOWORK=off

say() { printf '== %s\n' "$*"; }

main() {
    local scope=${1:-ci} rows name version
    case $scope in ci | long) ;; *)
        echo "usage: tests/clients/build.sh [ci|long]" >&2
        exit 2
        ;;
    esac
    rows=$(table "$scope") || {
        say "clients.toml cannot be read, so no client is built: it takes Python 3.11"
        return
    }
    go=$(go env GOVERSION 2>/dev/null) || {
        say "Go is not here, so these clients are not built: $(cut -f1 <<<"$rows" | paste -sd' ')"
        return
    }
    rm -f "$cache/unreachable"
    rows=$(lacking "$rows")
    [[ -n $rows ]] || return 0
    if ! answers "$rows"; then
        mkdir -p "$cache"
        cut -f1 <<<"$rows" >"$cache/unreachable"
        say "the Go proxy does not answer, so these clients are not built: $(cut -f1 <<<"$rows" | paste -sd' ')"
        return
    fi
    while IFS=$'\t' read -r name module version package source calls tags without; do
        build
    done <<<"$rows"
}

# The programs of a scope, one a line: name, module, version, package, source, the linker's -X, tags, what
# is left out. A field that says nothing is a dot: `read` takes tabs in a row for one.
table() {
    python3 - "$1" <<'PYTHON'
import sys, tomllib
with open("clients.toml", "rb") as file:
    programs = tomllib.load(file)["program"]
for one in programs:
    if one["when"] in ("ci", sys.argv[1]):
        fields = [one.get(key, ".") for key in ("name", "module", "version", "package", "source")]
        fields += ["=".join(one.get("calls", ["."])), ",".join(one.get("tags", ["."]))]
        print("\t".join([*fields, one.get("without", ".")]))
PYTHON
}

# Those of the rows that this Go has not built yet, or from other sources of ours.
lacking() {
    local row name module version package source rest
    while IFS= read -r row; do
        IFS=$'\t' read -r name module version package source rest <<<"$row"
        local folder=$cache/$name@$version
        if [[ ! -x $folder/$name || $(cat "$folder/go" 2>/dev/null) != "$go" ||
            $source/main.go -nt $folder/go ]]; then
            printf '%s\n' "$row"
        fi
    done <<<"$1"
}

# Whether the first module can be had.
answers() {
    local name module version rest
    IFS=$'\t' read -r name module version rest <<<"$1"
    for _ in 1 2 3; do
        timeout 60 go mod download "$module@$version" >/dev/null 2>&1 && return
    done
    return 1
}

# Builds the program that `name` and its fellows describe.
build() {
    local folder=$cache/$name@$version start=$SECONDS left log=$cache/$name@$version/log
    # What a proxy fails to give once, it may give the next time.
    for _ in 1 2; do
        left=$((limit - SECONDS))
        if ((left < 1)); then
            say "$name $version is left out: the others took the $limit seconds that there are"
            return
        fi
        ((left < each)) || left=$each
        rm -rf "$folder"
        mkdir -p "$folder"
        if timeout "$left" nice -n 5 bash -c "$(declare -f compile copy_of); set -euo pipefail; compile \"\$@\"" \
            compile "$folder" "$name" "$module" "$version" "$package" "$source" "$calls" "$tags" "$without" >"$log" 2>&1; then
            echo "$go" >"$folder/go"
            rm -rf "$folder/source"
            say "built $name $version in $((SECONDS - start)) s"
            return
        fi
    done
    say "$name $version could not be had: $(grep -v '^go: downloading' "$log" | tail -n 3 | paste -sd' ')"
}

# Compiles one program into its folder.
compile() {
    local folder=$1 name=$2 module=$3 version=$4 package=$5 source=$6 calls=$7 tags=$8 without=$9
    local flags=(-ldflags "-s -w") from=$module
    [[ $package == . ]] || from=$module/$package
    [[ $calls == . ]] || flags=(-ldflags "-s -w -X $calls")
    [[ $tags == . ]] || flags+=(-tags "$tags")
    case $source in
        .)
            GOBIN=$folder go install "${flags[@]}" "$from@$version"
            ;;
        copy)
            copy_of "$module@$version" "$folder/source"
            cd "$folder/source"
            # A module's archive holds no vendored packages.
            rm -rf vendor
            [[ $without == . ]] || rm "$without"
            if [[ ! -e go.mod ]]; then
                cp vendor.mod go.mod
                cp vendor.sum go.sum
            fi
            go build -buildvcs=false "${flags[@]}" -o "$folder/$name" "./$package"
            ;;
        *)
            cd "$source"
            go build -buildvcs=false "${flags[@]}" -o "$folder/$name" .
            ;;
    esac
}

# A copy of a module's folder that may be written to.
copy_of() {
    local from
    from=$(go mod download -json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
    cp -r "$from" "$2"
    chmod -R u+w "$2"
}

main "$@"

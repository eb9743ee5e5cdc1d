# shellcheck shell=bash disable=SC2016,SC2034 # quoted for sed and apt, not for the shell; read by who includes this
# SPDX-License-Identifier: MIT
#
# For the scripts that build guests and what Quoin is cross-built with: progress, a cache, Debian's source packages.
# Include it under set -euo pipefail.  $links may name a directory that gets symbolic links to the products.
#
#   step TEXT LINES COMMAND…    one step of a build: its output in the log, a line of progress
#   product NAME BUILDER        $cache/NAME, built if it is not there
#   source_package NAME BINARY  what it consists of in $cache/sources, fetched if it is missing or old
#
# A product appears by a rename, so it is there whole or not at all; a lock per product makes a second builder
# wait for the first.

export LC_ALL=C

cache=${XDG_CACHE_HOME:-$HOME/.cache}/quoin
jobs=${JOBS:-$(nproc)}
links=
log=
work=
child=

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

cleanup() {
    if [[ -n $child ]]; then
        kill -- "-$child" 2>/dev/null || true
    fi
    if [[ -n $work ]]; then
        rm -rf "$work"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# --- progress: one line that rewrites itself on a terminal, else a line per tenth

elapsed() {
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# show TEXT SECONDS PERCENT|-
show() {
    local percent=
    [[ $3 == - ]] || percent=$(printf '%3d%%' "$3")
    printf '  %-44s %5s %6s' "$1" "$percent" "$(elapsed "$2")" >&2
}

# step TEXT LINES COMMAND…: runs it with its output in the log; LINES is how much it is expected to
# print, for the percentage (0: not known).
step() {
    local text=$1 lines=$2 begin=$SECONDS before percent=- tenth=0
    shift 2
    printf '== %s\n' "$text" >>"$log"
    before=$(wc -l <"$log")
    set -m
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    set +m
    while kill -0 "$child" 2>/dev/null; do
        if ((lines > 0)); then
            percent=$((($(wc -l <"$log") - before) * 100 / lines))
            percent=$((percent > 99 ? 99 : percent))
        fi
        if [[ -t 2 ]]; then
            printf '\r' >&2
            show "$text" $((SECONDS - begin)) "$percent"
        elif [[ $percent != - ]] && ((percent / 10 > tenth)); then
            tenth=$((percent / 10))
            show "$text" $((SECONDS - begin)) "$percent"
            printf '\n' >&2
        fi
        sleep 0.5
    done
    if ! wait "$child"; then
        child=
        printf '\n' >&2
        tail -n 30 "$log" >&2
        die "$text failed; the whole log is $log"
    fi
    child=
    [[ ! -t 2 ]] || printf '\r' >&2
    show "$text" $((SECONDS - begin)) 100
    printf '\n' >&2
}

# --- cache

key() {
    sha256sum | cut -c1-16
}

lock() {
    mkdir -p "$cache/lock"
    exec 9>"$cache/lock/$1"
    if ! flock -n 9; then
        echo "  $1: waiting for another builder" >&2
        flock 9
    fi
}

unlock() {
    exec 9>&-
}

open_log() {
    mkdir -p "$cache/log"
    log=$cache/log/$1.log
    : >"$log"
}

# product NAME BUILDER: builds $cache/NAME unless it is there, and prints where it is.
# BUILDER runs in the directory $work and leaves its products in $work/out.
product() {
    local name=$1 builder=$2 dir=$cache/$1
    if [[ ! -d $dir ]]; then
        lock "$name"
        if [[ ! -d $dir ]]; then
            open_log "$name"
            work=$cache/tmp/$name # ours, by the lock; another's that was killed may be there
            rm -rf "$work"
            mkdir -p "$work/out"
            (($(df --output=avail -k "$work" | tail -n 1) > 2500000)) ||
                die "$cache: less than 2.5 GB free, too little to build $name"
            "$builder"
            cp "$log" "$work/out/build.log"
            mv -T "$work/out" "$dir"
            rm -rf "$work"
            work=
        fi
        unlock
    fi
    if [[ -n $links ]]; then
        mkdir -p "$links"
        find "$dir" -maxdepth 1 -type f ! -name '*.log' ! -name '*config' -exec ln -sfn -t "$links" {} +
    fi
    echo "$dir"
}

# --- source packages

# An apt of our own: lists, cache and source lines below $cache/apt; the system's are only read.
apt_private() {
    local apt=$cache/apt
    apt-get -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/none" \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o Dir::State::status=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

# deb-src lines for the Debian archives this system takes its packages from.
apt_sources() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg lines option=
    [[ ! -e $keyring ]] || option="[signed-by=$keyring] "
    lines=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | grep ' main$' | sort -u)
    if [[ -z $lines ]]; then
        lines="http://deb.debian.org/debian bookworm main"
    fi
    while read -r line; do
        echo "deb-src $option$line"
    done <<<"$lines"
}

source_download() {
    local new=$cache/tmp/sources name=$1 kind=$2
    rm -rf "$new"
    mkdir -p "$new"
    cd "$new" || return
    if [[ $kind == dsc ]]; then
        apt_private source --download-only --only-source "$name" || return
    else
        apt_private source --download-only --only-source --tar-only "$name" || return
    fi
    mv ./*.tar.* "$cache/sources/"
    [[ $kind != dsc ]] || mv ./*.dsc "$cache/sources/" # it arrives last: where it is, all is
}

# A mirror may lack a file of this release: its main archive alone, then those of the releases to come are tried.
source_fetch() {
    local apt=$cache/apt lines first
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/none" "$cache/sources"
    lines=$(apt_sources)
    first=$(sed '/-security/d;q' <<<"$lines")
    for lines in "$lines" "$first" "${first% * main} trixie main" "${first% * main} sid main"; do
        echo "$lines" >"$apt/sources.list"
        apt_private update
        source_download "$@" && return
    done
    return 1
}

# The newest NAME_*.dsc that was fetched, or with tar NAME_*.orig.tar.*; empty if none was.
source_newest() {
    local pattern="$1_*.dsc"
    [[ $2 == dsc ]] || pattern="$1_*.orig.tar.*z*"
    [[ ! -d $cache/sources ]] || find "$cache/sources" -name "$pattern" | sort -V | tail -n 1
}

# Is what was fetched of source package $1 as new as what the system's package lists know of its package $2?
source_is_fresh() {
    local known have
    known=$(apt-cache show --no-all-versions "$2" 2>/dev/null | sed -n 's/^Version: \([0-9]*:\)\?//p')
    known=${known%+b[0-9]*}
    have=$(source_newest "$1" "$3")
    have=${have##*/"$1"_}
    have=${have%.dsc}
    if [[ $3 == tar ]]; then
        have=${have%.orig.tar.*}
        known=${known%-*}
    fi
    [[ -n $have ]] && dpkg --compare-versions "$have" ge "$known"
}

# source_package NAME BINARY [tar]: fetches Debian's source package NAME, from which its package BINARY is made;
# with tar only its upstream sources.
source_package() {
    local kind=${3:-dsc}
    source_is_fresh "$1" "$2" "$kind" && return
    lock sources
    if ! source_is_fresh "$1" "$2" "$kind"; then
        open_log "source-$1"
        step "$1: fetch Debian's source package" 0 source_fetch "$1" "$kind"
    fi
    unlock
}

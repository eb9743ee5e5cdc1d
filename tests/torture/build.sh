#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds the execution tests of GCC's c-torture, from Debian's package of its sources, into one program for a Linux guest: each
# at -O0, -O2 and -O3.
#
#   build.sh [-o DIR] [WORD]      with WORD only the programs whose names begin so, for a try; another entry of the cache
#
# Prints the product's directory; with -o DIR symbolic links to the products are left there.
#
#   $cache/torture-KEY/   torture.cpio (the program, /torture)  left-out.txt (what did not build, and why)  build.log
#
# Every program becomes one object whose main() has a name of its own and whose other symbols are its own; they are linked
# together with driver.c, which runs each in a process.

# shellcheck disable=SC2317,SC1003,SC1091,SC2034,SC2086,SC2154 # reached through step; cache.sh; $flags are words
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../guests/cache.sh"

CROSS=${CROSS:-powerpc-linux-gnu-}
levels='O0 O2 O3'
tests=gcc/testsuite/gcc.c-torture/execute
flags='-mcpu=e500mc -fno-pie -w'
only=

while (($#)); do
    case $1 in
    -o) links=$2 && shift 2 ;;
    *) only=$1 && shift ;;
    esac
done

source_tar() {
    find /usr/src/gcc-12 -name 'gcc-12*.tar.xz' 2>/dev/null | sort | tail -n 1
}

inputs() {
    dpkg-query -W -f '${Version}' gcc-12-source libc6-dev-powerpc-cross
    "${CROSS}gcc" --version
    "${CROSS}ld" --version
    cat "$here/build.sh" "$here/driver.c"
    echo "$only"
}

unpack() {
    mkdir "$work/source"
    tar -xJf "$(source_tar)" -C "$work/source" --strip-components=1 --wildcards "*/$tests/*.c"
    find "$work/source" -name '*.c' | wc -l
}

# Names of the programs, without .c; the folder builtins/ has parts of programs only.
names() {
    cd "$work/source/$tests" || return
    find . -path "./$only*.c" ! -path './builtins/*' -printf '%P\n' | sed 's/\.c$//' | sort
}

# What a program's head asks of the compiler, on any machine.
options_of() {
    sed -n 's/.*{ *dg-\(additional-\)\?options *{\? *"\([^"]*\)" *}\? *} *\*\/.*/\2/p' "$1" | grep -v -e '-Wl' | tr '\n' ' ' || true
}

leave_out() {
    printf '%-28s %s\n' "$1" "$2" >>"$work/out/left-out.txt"
}

# drop NUMBER WHY: not in the program after all
drop() {
    leave_out "$(sed -n "s/^$1 //p" "$work/list")" "$2"
    rm "$work/objects/$1.o"
}

# compile LEVEL NAME SYMBOL OBJECT
compile() {
    local source=$work/source/$tests/$2.c why
    # shellcheck disable=SC2046 # options are words
    if ! why=$("${CROSS}gcc" "-$1" $flags $(options_of "$source") -c -o "$4" "$source" 2>&1 </dev/null); then
        leave_out "$1/$2" "$(grep -m 1 -o 'error: .*' <<<"$why" || head -n 1 <<<"$why")"
        return
    fi
    "${CROSS}objcopy" --redefine-sym "main=$3" --keep-global-symbol "$3" "$4"
}

compile_all() {
    local level name n=0
    mkdir "$work/objects"
    [[ -n $(names) ]] || { echo "no program of that name" && return 1; }
    for level in $levels; do
        while read -r name; do
            n=$((n + 1))
            compile "$level" "$name" "torture_$n" "$work/objects/$n.o"
            echo "$n $level/$name"
        done < <(names)
    done
    grep -E '^[0-9]+ O[0-9]/' "$log" >"$work/list"
    "${CROSS}readelf" -SW "$work"/objects/*.o | sed -n 's/^File: .*\/\(.*\)\.o$/\1/;t keep;/ \.\(init_array\|fini_array\|ctors\|dtors\)/{x;p;x;};b;:keep;h' |
        sort -nu | while read -r n; do
        drop "$n" "has constructors, which would run for every program"
    done
}

link_program() {
    "${CROSS}gcc" -O2 $flags -Wall -Wextra -static -no-pie -I "$work" "$@" -o "$work/torture" "$here/driver.c" \
        "$work"/objects/*.o -lm -pthread
}

make_table() {
    echo '#define PROGRAMS \'
    while read -r n name; do
        [[ ! -e $work/objects/$n.o ]] || echo "    PROGRAM(\"$name\", torture_$n) \\"
    done <"$work/list"
    echo
}

# A call that only a compiler better than this level removes has nothing to call: what has one is left out.
link_all() {
    local n symbol
    make_table >"$work/table.h"
    link_program -Wl,--warn-unresolved-symbols 2>"$work/unresolved" || { cat "$work/unresolved" && return 1; }
    sed -n "s/.*objects\/\([0-9]*\)\.o.*undefined reference to .\([A-Za-z0-9_.]*\).*/\1 \2/p" "$work/unresolved" |
        sort -u -k 1,1n >"$work/incomplete"
    while read -r n symbol; do
        drop "$n" "undefined reference to $symbol"
    done <"$work/incomplete"
    make_table >"$work/table.h"
    link_program
    "${CROSS}strip" "$work/torture"
}

pack() {
    mkdir "$work/tree"
    cp "$work/torture" "$work/tree/torture"
    (cd "$work/tree" && echo torture | cpio -o -H newc -R 0:0 --quiet) >"$work/out/torture.cpio"
    touch "$work/out/left-out.txt"
    sort -o "$work/out/left-out.txt" "$work/out/left-out.txt"
    wc -l "$work/out/left-out.txt"
}

build() {
    step "c-torture: unpack" 0 unpack
    step "c-torture: compile each at $levels" "$(($(names | wc -l) * 3))" compile_all
    step "c-torture: link" 0 link_all
    step "c-torture: pack" 0 pack
}

[[ -n $(source_tar) ]] || die "no sources of GCC 12 in /usr/src/gcc-12: apt-get install gcc-12-source"
product "torture-$(inputs | key)" build

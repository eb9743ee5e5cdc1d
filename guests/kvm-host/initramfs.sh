#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Makes an initramfs for the KVM host: the Linux guest's, and more files in it.
#
#   initramfs.sh OUT FILE[=PATH]…     PATH, where the host has it: /tests/NAME of the file unless given
#
# A file in /tests is run, and the host switched off, if its kernel command line says quoin.test=NAME.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
(($# >= 1)) || { echo "usage: initramfs.sh OUT FILE[=PATH]…" >&2; exit 2; }
out=$1
shift

base=$("$here/../linux/build.sh" initramfs)/initramfs.cpio.gz
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for file; do
    path=${file#*=}
    file=${file%%=*}
    [[ $path != "$file" ]] || path=/tests/${file##*/}
    [[ -f $file ]] || { echo "initramfs.sh: $file: no such file" >&2; exit 1; }
    mkdir -p "$root/${path%/*}"
    cp "$file" "$root/$path"
done

# The kernel unpacks one archive after the other.
mkdir -p "$(dirname "$out")"
{
    cat "$base"
    cd "$root"
    find . -mindepth 1 | sort | cpio -o -H newc -R 0:0 --quiet | gzip -1n
} >"$out.new"
mv "$out.new" "$out"

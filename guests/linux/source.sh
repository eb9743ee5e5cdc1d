# shellcheck shell=bash disable=SC2154 # $work is cache.sh's
# SPDX-License-Identifier: MIT
#
# Debian's Linux source package, for the scripts that build kernels from it.  Include it after cache.sh.

CROSS=${CROSS:-powerpc-linux-gnu-}
linux_tar=/usr/src/linux-source-6.1.tar.xz

linux_version() {
    dpkg-query -W -f '${Version}' linux-source-6.1 2>/dev/null ||
        die "linux-source-6.1 is not installed: apt-get install linux-source-6.1"
}

linux_unpack() {
    tar -C "$work" -xf "$linux_tar"
}

linux_make() {
    make -C "$work/linux-source-6.1" ARCH=powerpc CROSS_COMPILE="$CROSS" \
        KBUILD_BUILD_USER=quoin KBUILD_BUILD_HOST=quoin \
        KBUILD_BUILD_TIMESTAMP="$(date -u -r "$linux_tar")" "$@"
}

# Every line of the fragment must be in the configuration.
check_config() {
    local line lost=0
    while read -r line; do
        [[ $line == CONFIG_* ]] || continue
        grep -qxF -- "$line" "$2" || { echo "not in the configuration: $line"; lost=1; }
    done <"$1"
    return "$lost"
}

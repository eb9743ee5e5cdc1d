#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds what Quoin needs on a powerpc host, once: static glib and libfdt, and below glib zlib, libffi and pcre2.
# Debian has the cross compiler and its C library, but no archive of that architecture: all is built from
# Debian's source packages.  The result stays in a cache, under a key made of everything that goes in.
#
#   build.sh            prints its directory, which has include/ lib/ lib/pkgconfig/ and can be moved
#   build.sh -n         only if it is there already, else it fails
#
# Needs neither root nor deb-src lines.  Programs link with -static and, 64 bits being more than such a
# processor does at once, -latomic.

# shellcheck disable=SC2016,SC2317,SC1091,SC2034,SC2154 # quoted for sed; reached through step; cache.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cache.sh"
CROSS=${CROSS:-powerpc-linux-gnu-}
target=${CROSS##*/}
target=${target%-}

# source package, a package that is made of it and tells its version, as Debian patched it or as it came
packages='
zlib                  zlib1g         tar
libffi                libffi8        tar
pcre2                 libpcre2-8-0   tar
glib2.0               libglib2.0-0   dsc
device-tree-compiler  libfdt1        tar
'

# Sections, so that the linker drops what Quoin does not use.  zlib cannot be told of 64-bit times and needs none.
cflags="-O2 -ffunction-sections -fdata-sections -D_FILE_OFFSET_BITS=64"
time64=-D_TIME_BITS=64

each_source() {
    local name binary kind
    while read -r name binary kind; do
        [[ -z $name ]] || "$1" "$name" "$binary" "$kind"
    done <<<"$packages"
}

print_source() {
    sha256sum <"$(source_newest "$1" "$3")" || echo "no $1"
}

# Everything that decides what the libraries are.
sysroot_inputs() {
    "${CROSS}gcc" --version
    "${CROSS}ld" --version
    dpkg-query -W -f '${Version}' libc6-dev-powerpc-cross
    each_source print_source 2>/dev/null
    echo "$cflags $time64"
    declare -f unpack zlib_build libffi_build pcre2_build meson_cross glib_build libfdt_build relocate
}

unpack() {
    mkdir "$work/$1"
    tar -C "$work/$1" --strip-components=1 -xf "$(source_newest "$1" tar)"
}

zlib_build() {
    unpack zlib
    cd "$work/zlib"
    CHOST=$target CFLAGS=$cflags ./configure --static --prefix="$work/out"
    make -j"$jobs" libz.a
    make install
}

libffi_build() {
    unpack libffi
    cd "$work/libffi"
    ./configure --host="$target" --prefix="$work/out" --disable-shared --disable-docs \
        --disable-multi-os-directory CFLAGS="$cflags $time64"
    make -j"$jobs" install
}

# The library alone.
pcre2_build() {
    unpack pcre2
    cd "$work/pcre2"
    ./configure --host="$target" --prefix="$work/out" --disable-shared CFLAGS="$cflags $time64"
    make -j"$jobs" libpcre2-8.la
    make bin_PROGRAMS= noinst_PROGRAMS= lib_LTLIBRARIES=libpcre2-8.la install-libLTLIBRARIES \
        install-includeHEADERS install-nodist_includeHEADERS install-pkgconfigDATA
}

meson_cross() {
    local flag args=
    for flag in $cflags $time64; do
        args+="'$flag', "
    done
    cat <<EOF
[binaries]
c = '${CROSS}gcc'
ar = '${CROSS}ar'
ranlib = '${CROSS}ranlib'
strip = '${CROSS}strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-ppc', '-L', '/usr/$target']
[built-in options]
c_args = [$args]
[properties]
pkg_config_libdir = '$work/out/lib/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = 'ppc'
cpu = 'ppc'
endian = 'big'
EOF
}

glib_build() {
    dpkg-source --no-check -x "$(source_newest glib2.0 dsc)" "$work/glib2.0"
    cd "$work/glib2.0"
    meson_cross >"$work/cross.ini"
    meson setup --cross-file "$work/cross.ini" --prefix "$work/out" --libdir lib --sysconfdir /etc \
        --localstatedir /var --buildtype plain --wrap-mode nodownload -Ddefault_library=static \
        -Dgio_module_dir=/usr/lib/gio/modules -Dtests=false -Dinstalled_tests=false -Dman=false -Dgtk_doc=false \
        -Dselinux=disabled -Dlibmount=disabled -Dnls=disabled -Dxattr=false -Dlibelf=disabled -Ddtrace=false \
        -Dsystemtap=false -Dsysprof=disabled -Dglib_debug=disabled _build
    ninja -j"$jobs" -C _build
    ninja -C _build install
}

libfdt_build() {
    local c
    unpack device-tree-compiler
    cd "$work/device-tree-compiler/libfdt"
    for c in fdt*.c; do
        # shellcheck disable=SC2086 # several flags
        "${CROSS}gcc" $cflags $time64 -I. -c "$c" -o "${c%.c}.o"
    done
    "${CROSS}ar" rcs "$work/out/lib/libfdt.a" fdt*.o
    cp fdt.h libfdt.h libfdt_env.h "$work/out/include/"
}

# What is only of use while building goes, and the .pc files say where they are instead of where they were.
relocate() {
    cd "$work/out"
    rm -rf bin share libexec lib/gio lib/*.la
    sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|' lib/pkgconfig/*.pc
    sed -i "s|$work/out|\${prefix}|g" lib/pkgconfig/*.pc
    "${CROSS}strip" --strip-debug lib/*.a
}

sysroot_build() {
    mkdir -p "$work/out/lib/pkgconfig" "$work/out/include"
    export PKG_CONFIG_LIBDIR=$work/out/lib/pkgconfig
    unset PKG_CONFIG_PATH CFLAGS CPPFLAGS LDFLAGS
    step "zlib for $target" 150 zlib_build
    step "libffi for $target" 390 libffi_build
    step "pcre2 for $target" 470 pcre2_build
    step "glib for $target" 1280 glib_build
    step "libfdt for $target" 0 libfdt_build
    step "what is needed of it" 0 relocate
}

main() {
    local inputs name only_if_there=""
    case "$*" in
    '') ;;
    -n) only_if_there=yes ;;
    *) die "usage: build.sh [-n]" ;;
    esac
    command -v "${CROSS}gcc" >/dev/null || die "no ${CROSS}gcc: apt-get install gcc-powerpc-linux-gnu"
    [[ -n $only_if_there ]] || "$here/../deps.sh" -n cross || exit 1
    [[ -n $only_if_there ]] || each_source source_package
    inputs=$(sysroot_inputs)
    name=sysroot-$target-$(key <<<"$inputs")
    [[ -z $only_if_there || -d $cache/$name ]] ||
        die "glib and libfdt for $target have not been built"
    product "$name" sysroot_build
}

main "$@"
exit # the file may have changed meanwhile

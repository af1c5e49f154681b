#!/bin/sh
# Makes a guest's initial file system: multee-confirm, the libraries it maps, busybox to start it, and the kernel's modules
# that it needs. The same inputs give the same bytes.
#
#   build.sh PROGRAM BUSYBOX MODULES OUTPUT
#
# PROGRAM  target/release/multee-confirm
# BUSYBOX  a static busybox (Debian: package busybox-static)
# MODULES  /lib/modules/VERSION of the guest's kernel, or - for a kernel that has them built in
# OUTPUT   the file to write
set -eu
umask 022
program=$1 busybox=$2 modules=$3 output=$4
here=$(cd "$(dirname "$0")" && pwd)
# In the order they are loaded in. Which of them a kernel has as modules, and which built in, differs.
wanted="vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport tsm tsm_report tsm_reports tdx-guest tdx_guest ccp sev-guest"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/modules"
install -m 755 "$program" "$root/multee-confirm"
install -m 755 "$busybox" "$root/bin/busybox"
install -m 755 "$here/init" "$root/init"

# The program's interpreter and libraries, where it looks for them.
ldd "$program" | sed -n 's,^.*[[:space:]]\(/[^ ]*\) (0x.*$,\1,p' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    install -m 755 "$(readlink -f "$library")" "$root$library"
done

: >"$root/modules/order"
if [ "$modules" != - ]; then
    for module in $wanted; do
        found=$(find "$modules" -name "$module.ko*" | sort | head -n 1)
        [ -n "$found" ] || continue
        case $found in
        *.xz) xz -dc "$found" >"$root/modules/$module.ko" ;;
        *.zst) zstd -dcq "$found" >"$root/modules/$module.ko" ;;
        *.gz) gzip -dc "$found" >"$root/modules/$module.ko" ;;
        *) cp "$found" "$root/modules/$module.ko" ;;
        esac
        echo "$module.ko" >>"$root/modules/order"
    done
    chmod 644 "$root"/modules/*
fi

# Nothing of when and by whom: names in order, one time, owner 0, numbered inodes, no time in gzip's head.
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --reproducible --owner=0:0) | gzip -9n >"$output"

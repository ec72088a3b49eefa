#!/usr/bin/env bash
# rootfs.sh FILE.tar writes the root file system of faas/base: Debian's static busybox, unpacked from its package
# without installing it, a link for each of its programs, and /tmp. Needs apt, and tar and dpkg that come with it.
set -euo pipefail

archive=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/package" "$work/root/bin" "$work/root/tmp" "$work/root/home" "$work/root/etc"
(cd "$work" && apt-get download -q -o APT::Sandbox::User=root busybox-static)
dpkg -x "$work"/busybox-static_*.deb "$work/package"
install -m 0755 "$work/package/bin/busybox" "$work/root/bin/busybox"
"$work/root/bin/busybox" --list | while read -r program; do
	[ "$program" = busybox ] || ln -s busybox "$work/root/bin/$program"
done
install -D -m 0644 -t "$work/root/usr/share/doc/busybox-static" "$work/package/usr/share/doc/busybox-static/copyright"
printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$work/root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$work/root/etc/group"
chmod 1777 "$work/root/tmp"
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$work/root" -f "$archive" .

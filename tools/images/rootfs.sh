#!/usr/bin/env bash
# rootfs.sh FILE.tar [PACKAGE...] writes the root file system of an image that functions stand on: Debian's static
# busybox, a link for each of its programs, and /tmp; and beside it Debian packages such as python3-minimal, with the
# libraries that they need. All is unpacked without installing it. Needs apt, and tar and dpkg that come with it.
set -euo pipefail

archive=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
# The index of packages is read once, and what is fetched is written by us and not by apt's own user.
apt=(-o Dir::Cache::pkgcache="$work/pkgcache.bin" -o Dir::Cache::srcpkgcache="$work/srcpkgcache.bin" -o APT::Sandbox::User=root)
mkdir -p "$work/busybox" "$root/bin" "$root/tmp" "$root/home" "$root/etc"

# newest PACKAGE... prints PACKAGE=VERSION for each, the newest that apt can fetch: what is installed may come from elsewhere.
# A name that stands for several packages is left out.
newest() {
	apt-cache "${apt[@]}" madison "$@" | awk -F'|' '/ Packages$/ { gsub(/ /, ""); if (!seen[$1]++) print $1 "=" $2 }'
}

# needs PACKAGE=VERSION... prints what they depend on, of alternatives the first: libraries, and what belongs to the same
# language. Programs that only an installation needs, such as dpkg, are left out.
needs() {
	apt-cache "${apt[@]}" show "$@" | sed -n 's/^\(Pre-\)\{0,1\}Depends: //p' | tr , '\n' | sed 's/|.*//; s/(.*//; s/:any//; s/ //g' |
		sed -nE '/^(lib|zlib|python3|node|gcc-.*-base$)/p' | sort -u
}

# closure PACKAGE... prints these, and all that they need, as PACKAGE=VERSION.
closure() {
	local level seen=' ' name
	level=$(newest "$@")
	while [ -n "$level" ]; do
		echo "$level"
		for name in $level; do seen+="${name%%=*} "; done
		level=$(needs $level | while read -r name; do [[ $seen == *" $name "* ]] || echo "$name"; done)
		[ -z "$level" ] || level=$(newest $level)
	done
}

(cd "$work" && apt-get "${apt[@]}" download -q busybox-static)
dpkg -x "$work"/busybox-static_*.deb "$work/busybox"
rm "$work"/busybox-static_*.deb
install -m 0755 "$(find "$work/busybox" -path '*/bin/busybox')" "$root/bin/busybox"
"$root/bin/busybox" --list | while read -r program; do
	[ "$program" = busybox ] || ln -s busybox "$root/bin/$program"
done
install -D -m 0644 -t "$root/usr/share/doc/busybox-static" "$work/busybox/usr/share/doc/busybox-static/copyright"

if [ $# -gt 0 ]; then
	(cd "$work" && closure "$@" | xargs apt-get "${apt[@]}" download -q)
	for package in "$work"/*.deb; do dpkg -x "$package" "$root"; done
	# Where the loader and the libraries are, on systems that have all below /usr.
	for dir in lib lib64; do
		[ -e "$root/$dir" ] || [ ! -e "$root/usr/$dir" ] || ln -s "usr/$dir" "$root/$dir"
	done
	# What a function does not need: manuals, translations, character sets.
	(cd "$root/usr" && rm -rf share/man share/locale share/lintian share/bash-completion lib/*/gconv ../lib/*/gconv)
	find "$root/usr/share/doc" ! -type d ! -name copyright -delete
fi
printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
chmod 1777 "$root/tmp"
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$root" -f "$archive" .

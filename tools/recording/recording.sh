#!/usr/bin/env bash
# recording.sh records tour.sh, with a `faas up` of its own beside it, into docs/pictures/tour.cast (asciicast, for
# `asciinema play`), and draws docs/pictures/tour.svg from it. Needs asciinema, and npx of Node.js for the drawing.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

svg_term=svg-term-cli@2.1.1
for program in asciinema npx; do
	command -v "$program" >/dev/null || { say "recording: $program is missing: install it, then try again"; exit 1; }
done
work=$(mktemp -d)
up=
trap '[ -z "$up" ] || { kill "$up" && wait "$up" || true; }; rm -rf "$work"' EXIT
export FAAS_DATA=$work/data
export PATH=$PWD/bin:$PATH
: >"$work/up.log"
faas up --config-dir . >"$work/up.log" 2>&1 &
up=$!
for _ in $(seq 60); do
	grep -q '^faas is up' "$work/up.log" && break
	kill -0 "$up" 2>/dev/null || { cat "$work/up.log" >&2; exit 1; }
	sleep 0.5
done
root=$PWD
mkdir -p docs/pictures
(cd "$work" && asciinema rec -q --overwrite -i 2 --cols 104 --rows 26 -c "$root/tools/recording/tour.sh" "$work/tour.cast")
cp "$work/tour.cast" docs/pictures/tour.cast
# The drawing runs spaces of an inverted row together, but not blank Braille.
sed ':again; s/\(\\u001b\[7m[^\\]*\) /\1\xe2\xa0\x80/; t again' "$work/tour.cast" >"$work/drawn.cast"
npx --yes "$svg_term" --in "$work/drawn.cast" --out docs/pictures/tour.svg --window --no-cursor
say "docs/pictures/tour.svg: $(du -k docs/pictures/tour.svg | cut -f 1) KiB"

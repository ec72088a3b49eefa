#!/usr/bin/env bash
# pictures.sh keeps six of the pictures that the browser tests took, for the README and docs/portal.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

mkdir -p docs/pictures
for name in functions-light function-light function-dark scaling-light invoke-dark function-phone; do
	cp "e2e/artifacts/$name.png" "docs/pictures/$name.png"
done
say "docs/pictures: $(find docs/pictures -name '*.png' | wc -l) pictures, $(du -sk docs/pictures | cut -f 1) KiB"

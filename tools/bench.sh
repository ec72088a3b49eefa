#!/usr/bin/env bash
# bench.sh BENCHTIME runs every Go benchmark BENCHCOUNT times (3) and prints benchstat's summary.
# The raw figures stay in bin/bench.txt, for a benchstat of two of them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

mkdir -p bin
go test -run '^$' -bench . -benchmem -benchtime "${1:-1s}" -count "${BENCHCOUNT:-3}" ./... | tee bin/bench.txt
go tool -modfile=tools/go.mod benchstat bin/bench.txt

#!/usr/bin/env bash
# test-engine.sh STAGE PACKAGE... runs the tests of packages that need a Docker Engine, a manager of a Swarm: that of
# FAAS_TEST_ENGINE, else of DOCKER_HOST, else of this machine. It builds the images there first, those of IMAGES where not
# all are needed. Without an engine it skips them all, which under CI is a failure.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

stage=$1
shift
engine=${FAAS_TEST_ENGINE:-${DOCKER_HOST:-unix:///var/run/docker.sock}}
if [ "$(docker -H "$engine" info -f '{{.Swarm.ControlAvailable}}' 2>/dev/null)" != true ]; then
	say "$stage: skipped: no manager of a Swarm answers at $engine (\`make engine\` starts one on a Debian machine)"
	[ "${CI:-}" != true ]
	exit
fi
export DOCKER_HOST=$engine FAAS_TEST_ENGINE=$engine
[ -n "${IMAGES:-}" ] || tools/binaries.sh
# shellcheck disable=SC2086 # they are names
tools/images.sh ${IMAGES:-}
unset DOCKER_HOST # tests name the engine that they mean
tools/test.sh "$stage" -count=1 -p 1 -parallel 8 -timeout 20m "$@" # most of a test is waiting

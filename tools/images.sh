#!/usr/bin/env bash
# images.sh [NAME...] builds the project's container images, all of them by default: faas/gateway, faas/watchdog,
# the sample functions, and Prometheus and Alertmanager for machines that no registry answers.
# images.sh --save FILE.tar [NAME...] builds them and writes them to a file that `docker load` reads on another node.
#
# They hold the programs of bin/ (make build, tools/binaries.sh), FROM scratch. An image carries the checksum of
# all that went into it as a label, so that nothing is built again that would come out the same.
# FAAS_BASE_IMAGE is what functions of small programs stand on: busybox:1.37 where it can be pulled, else faas/base.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

everything=(gateway watchdog echoit wordcount nodeinfo work prometheus alertmanager)
registry_busybox=busybox:1.37
inputs_label=com.faas.inputs
# "faas VERSION (commit COMMIT, ..." as make build made it: the images are called as what is in them.
read -r _ version _ commit _ <<<"$(bin/faas version 2>/dev/null || echo 'faas dev (commit unknown, )')"
commit=${commit%,}

docker version >/dev/null 2>&1 || {
	say "images: no Docker Engine answers: $(docker version 2>&1 | tail -n 1)"
	say "  \`make engine\` starts one on a Debian machine"
	exit 1
}
# Without buildx the client can only ask for the engine's own builder.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0
# With it, the engine's own all the same: another builder does not see this engine's images, and would pull faas/watchdog
# and faas/base, which are not ours on a public registry.
BUILDX_BUILDER=$(docker context inspect -f '{{.Name}}' 2>/dev/null || echo default)
export BUILDX_BUILDER

image_id() { docker image inspect -f '{{.Id}}' "$1" 2>/dev/null; }

# build NAME VERSION DOCKERFILE FILE... [--build-arg NAME=IMAGE]...: faas/NAME, unless it is there from the same inputs.
build() {
	local name=$1 version=$2 dockerfile=$3 files=() options=() inputs begin=$SECONDS log
	shift 3
	while [ $# -gt 0 ]; do
		case $1 in
		--build-arg) options+=(--build-arg "${2%%=*}=${2#*=}") inputs+="$2 $(image_id "${2#*=}") " && shift 2 ;;
		*) files+=("$1") && shift ;;
		esac
	done
	inputs=$(
		{
			echo "$version $commit ${inputs:-}"
			find "$dockerfile" ${files[@]+"${files[@]}"} -type f -print0 | sort -z | xargs -0 sha256sum
		} | sha256sum | cut -c -16
	)
	if [ "$(docker image inspect -f "{{index .Config.Labels \"$inputs_label\"}}" "faas/$name" 2>/dev/null)" = "$inputs" ]; then
		say "faas/$name $version is up to date"
		return 0
	fi
	# One time for all files, so that the same files make the same layers.
	if ! log=$(tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$dockerfile" ${files[@]+"${files[@]}"} |
		docker build -f "$dockerfile" -t "faas/$name:latest" -t "faas/$name:$version" ${options[@]+"${options[@]}"} \
			--label "org.opencontainers.image.version=$version" \
			--label "org.opencontainers.image.revision=$commit" \
			--label "$inputs_label=$inputs" - 2>&1); then
		say "$log"
		say "images: faas/$name could not be built"
		return 1
	fi
	say "faas/$name $version built in $((SECONDS - begin)) s"
}

# base prints the image that functions of small programs stand on.
base() {
	if [ -n "${FAAS_BASE_IMAGE:-}" ]; then
		echo "$FAAS_BASE_IMAGE"
	elif image_id faas/base >/dev/null; then
		echo faas/base:latest
	elif image_id "$registry_busybox" >/dev/null || timeout 60 docker pull -q "$registry_busybox" >/dev/null 2>&1; then
		echo "$registry_busybox"
	elif command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
		say "$registry_busybox cannot be pulled: making faas/base of Debian's busybox-static"
		mkdir -p tools/cache
		[ -f tools/cache/base.tar ] || tools/images/rootfs.sh tools/cache/base.tar >&2
		build base busybox tools/images/base/Dockerfile tools/cache/base.tar
		echo faas/base:latest
	else
		say "images: $registry_busybox cannot be pulled and this is no Debian machine."
		say "  Set FAAS_BASE_IMAGE to an image with cat, wc and sh that this engine has."
		return 1
	fi
}

# need FILE...: the programs that make build puts into bin/.
need() {
	local file
	for file; do
		[ -x "$file" ] || { say "images: $file is missing: run \`make build\` first"; return 1; }
	done
}

sample() { # NAME [FILE...]
	build "$1" "$version" "functions/$1/Dockerfile" "${@:2}" --build-arg BASE="$base" --build-arg WATCHDOG=faas/watchdog:latest
}

# stock NAME TOOL RELEASE PIN: the makers' own image where it can be pulled and nothing was built here yet, since a build
# takes minutes; else, and always with TOOLS=pinned, one from the pinned module.
stock() {
	local name=$1 tool=$2 release=$3 pin=$4 theirs=prom/$1:v$3
	if [ "${TOOLS:-}" != pinned ] && { [ ! -f "bin/$name" ] || [ -L "bin/$name" ]; }; then
		if image_id "$theirs" >/dev/null || timeout 300 docker pull -q "$theirs" >/dev/null 2>&1; then
			docker tag "$theirs" "faas/$name:latest"
			docker tag "$theirs" "faas/$name:$release"
			say "faas/$name $release is $theirs"
			return 0
		fi
		say "$theirs cannot be pulled"
	fi
	TOOLS=pinned tools/binaries.sh "$name" "$tool" # those of PATH may want shared libraries
	commit=$pin build "$name" "$release" "tools/images/$name/Dockerfile" "bin/$name" "bin/$tool" tools/images/own
}

make_image() { # NAME
	case $1 in
	gateway) need bin/faas && build gateway "$version" tools/images/gateway/Dockerfile bin/faas tools/images/own ;;
	watchdog) need bin/fwatchdog && build watchdog "$version" tools/images/watchdog/Dockerfile bin/fwatchdog ;;
	echoit | wordcount) sample "$1" ;;
	nodeinfo) sample nodeinfo functions/nodeinfo/nodeinfo.sh ;;
	work) need bin/work && sample work bin/work ;;
	prometheus) stock prometheus promtool "$PROMETHEUS_RELEASE" "$PROMETHEUS_PIN" ;;
	alertmanager) stock alertmanager amtool "$ALERTMANAGER_RELEASE" "$ALERTMANAGER_PIN" ;;
	*)
		say "images: there is no image $1, only ${everything[*]}"
		return 2
		;;
	esac
}

archive=
if [ "${1:-}" = --save ]; then
	archive=${2:?images: --save wants the name of a file}
	shift 2
fi
names=("$@")
[ ${#names[@]} -gt 0 ] || names=("${everything[@]}")
base='' watchdog=''
for name in "${names[@]}"; do
	case $name in
	echoit | wordcount | nodeinfo | work)
		[ -n "$base" ] || base=$(base)
		[ -n "$watchdog" ] || make_image watchdog
		watchdog=made
		;;
	watchdog)
		[ -z "$watchdog" ] || continue
		watchdog=made
		;;
	esac
	make_image "$name"
done
if [ -n "$archive" ]; then
	docker save -o "$archive" "${names[@]/#/faas/}"
	say "saved ${#names[@]} images to $archive"
fi

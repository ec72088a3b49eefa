#!/usr/bin/env bash
# deploy.sh up     deploys docker-compose.yml as the stack `func` and waits until all of it runs
# deploy.sh down   removes the stack, the functions deployed through its gateway, the secrets that `up` made and the
#                  asynchronous calls (KEEP_CALLS=1 keeps those) and silences of this node
#
# Deploying again changes what changed: a new image, an edited rule, a setting. Replica counts stay as they are.
# Read from the environment: STACK (func), FAAS_PORT (8080), DEPLOY_TIMEOUT (180 seconds), FAAS_DATA (.faas, where the
# password is kept), FAAS_*_IMAGE (images in place of those of tools/images.sh, which must be there otherwise), and what
# the head of docker-compose.yml names.
#
# STACK names the stack otherwise; it is not for a second one in the same Swarm. Configurations, networks and services
# would not meet, and the two secrets be shared (one FAAS_DATA for both), but every function of a Swarm is a function to
# every gateway, and two would scale the same ones by different measurements.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export STACK=${STACK:-func}
stack=$STACK
timeout=${DEPLOY_TIMEOUT:-180}
export FAAS_PORT=${FAAS_PORT:-8080}
data=${FAAS_DATA:-.faas}
secrets=$data/secrets
overlay=$data/swarm/$stack # what is made of the stack file for this deployment
of_stack=label=com.docker.stack.namespace=$stack
mapfile -t functions < <(samples)
new_password="make undeploy, then docker secret rm basic-auth-user basic-auth-password if it kept them, then make deploy"

fail() {
	say "deploy: $1"
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 1
}

# ---- What must be there.

check_swarm() {
	local answer state manager
	[[ $stack =~ ^[A-Za-z0-9][A-Za-z0-9_-]*$ ]] || fail "STACK=$stack is no name of a stack: letters, digits, _ and - are"
	command -v docker >/dev/null || fail "there is no docker here" "make engine    installs Docker on a Debian machine"
	if ! answer=$(docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>&1); then
		case $answer in
		*"permission denied"*) fail "Docker's socket is not yours to use" \
			"sudo usermod -aG docker $(id -un) && newgrp docker" ;;
		*) fail "no Docker Engine answers: $(tail -n 1 <<<"$answer")" "make engine    starts one on a Debian machine" ;;
		esac
	fi
	read -r state manager <<<"$answer"
	[ "$state" = active ] || fail "this Docker Engine is in no Swarm" \
		"docker swarm init                              makes a Swarm of this machine" \
		"docker swarm init --advertise-addr ADDRESS     where it has several addresses"
	[ "$manager" = true ] || fail "this node is a worker; deploy from a manager"
	# Where the gateway can be reached: on this machine, or on that of a remote engine.
	host=$(docker context inspect -f '{{.Endpoints.docker.Host}}' 2>/dev/null || true)
	case $host in
	tcp://* | ssh://*) host=${host#*://} host=${host#*@} host=${host%%[:/]*} ;;
	*) host=127.0.0.1 ;;
	esac
}

check_port() {
	[ -z "$(docker service ls -q --filter "name=${stack}_gateway")" ] || return 0
	! (: <"/dev/tcp/$host/$FAAS_PORT") 2>/dev/null || fail "port $FAAS_PORT of $host is taken, by \`make up\` perhaps" \
		"FAAS_PORT=8081 make deploy    uses another"
}

# check_alone warns of another stack with functions.
check_alone() {
	local others
	others=$(docker network ls --filter label=openfaas=true --format '{{.Label "com.docker.stack.namespace"}}' |
		awk -v stack="$stack" '$1 != "" && $1 != stack { print $1 }' | sort -u | paste -sd' ')
	[ -z "$others" ] || say "warning: this Swarm has functions of the stack $others as well: its gateway and this one would scale" \
		"each other's. Remove one of the two: STACK=$others tools/deploy.sh down"
}

# ---- Images.

# choose_images exports FAAS_*_IMAGE: what the environment says, else what tools/images.sh made, pinned. By name, Swarm
# would ask a registry for each before each start, which takes seconds where none answers, and on the public one faas/…
# is not ours. FAAS_*_NAME is what people call it.
choose_images() {
	local name variable called pinned here=0
	resolve=never registry=()
	for name in gateway "${functions[@]}" prometheus alertmanager; do
		variable=$(variable "$name" IMAGE) called=$(variable "$name" NAME)
		if [ -n "${!variable:-}" ]; then
			export "$called=${!called:-${!variable}}"
			registry=(--with-registry-auth)
			[[ ${!variable} == *sha256:* ]] || resolve=always
			continue
		fi
		pinned=$(pinned "$name") ||
			fail "this engine has no image faas/$name" "make images    builds it"
		case $pinned in
		sha256:* | "faas/$name@"*) here=1 ;; # the latter of engines that give a digest to all they build
		*) registry=(--with-registry-auth) ;;
		esac
		export "$variable=$pinned"
	done
	local nodes
	nodes=$(docker node ls -q | wc -l)
	[ "$nodes" -eq 1 ] || [ "$here" -eq 0 ] || say "note: of the $nodes nodes those can run the stack that have its images. Load them" \
		"(tools/images.sh --save FILE.tar; docker load -i FILE.tar) or use a registry: docs/swarm.md tells how."
}

# ---- Secrets.

make_secrets() {
	local name missing=() there=()
	for name in basic-auth-user basic-auth-password; do
		if docker secret inspect "$name" >/dev/null 2>&1; then there+=("$name"); else missing+=("$name"); fi
	done
	if [ ! -f "$secrets/basic-auth-password" ] && [[ " ${there[*]-} " == *" basic-auth-password "* ]]; then
		fail "the Swarm has the secret basic-auth-password, but $secrets/basic-auth-password is not here" \
			"Write the password to that file, without a newline, if somebody knows it. Else make a new one:" "$new_password"
	fi
	(
		umask 077
		mkdir -p "$secrets"
		[ -f "$secrets/basic-auth-user" ] || printf admin >"$secrets/basic-auth-user"
		[ -f "$secrets/basic-auth-password" ] ||
			od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' >"$secrets/basic-auth-password"
	)
	for name in ${missing[@]+"${missing[@]}"}; do
		docker secret create --label com.faas.made-by=deploy "$name" "$secrets/$name" >/dev/null
		say "made the secret $name of $secrets/$name"
	done
}

# ---- Configurations.

hash_of() { sha256sum "$1" | cut -c -12; }

# quoted TEXT prints it as a YAML string; in_stack the same for a stack file, in which a dollar sign is two.
quoted() { local q="'" && printf "'%s'" "${1//$q/$q$q}"; }
in_stack() { quoted "${1//\$/\$\$}"; }

# user_of prints the name of the user.
user_of() {
	local user
	user=$(cat "$secrets/basic-auth-user")
	[ -n "$user" ] && [[ $user != *[[:cntrl:]:]* ]] ||
		fail "$secrets/basic-auth-user is no name of a user: it must be one line, not empty, without colons"
	printf %s "$user"
}

# make_overlay exports the hashes that make a new configuration of an edited file, and writes a second stack file with
# what the first cannot have in it: further files of rules, and another user than admin.
make_overlay() {
	mkdir -p "$overlay"
	local file name user prometheus='' configs='' alertmanager=alertmanager/alertmanager.yml
	user=$(user_of)
	if [ "$user" != admin ]; then
		USER_LINE="username: $(quoted "$user")" awk '{
			at = index($0, "username: admin")
			print at ? substr($0, 1, at - 1) ENVIRON["USER_LINE"] substr($0, at + length("username: admin")) : $0
		}' $alertmanager >"$overlay/alertmanager.yml"
		alertmanager=$(realpath "$overlay/alertmanager.yml")
		configs+="  alertmanager: {name: '${stack}_alertmanager-$(hash_of "$alertmanager")', file: $(in_stack "$alertmanager")}"$'\n'
	fi
	FAAS_PROMETHEUS_CONFIG=$(hash_of prometheus/prometheus.yml)
	FAAS_RULES_SCALING_CONFIG=$(hash_of prometheus/rules/scaling.yml)
	FAAS_ALERTMANAGER_CONFIG=$(hash_of "$alertmanager")
	export FAAS_PROMETHEUS_CONFIG FAAS_RULES_SCALING_CONFIG FAAS_ALERTMANAGER_CONFIG
	for file in prometheus/rules/*.yml; do
		name=${file##*/}
		[ "$name" != scaling.yml ] || continue
		prometheus+="      - {source: 'rules-${name%.yml}', target: '/etc/prometheus/rules/$name'}"$'\n'
		configs+="  'rules-${name%.yml}': {name: '${stack}_rules-${name%.yml}-$(hash_of "$file")', file: $(in_stack "$PWD/$file")}"$'\n'
	done
	{
		echo "# Made by tools/deploy.sh: changes here are lost."
		echo "version: \"3.8\""
		[ -z "$prometheus" ] || printf 'services:\n  prometheus:\n    configs:\n%s' "$prometheus"
		[ -z "$configs" ] || printf 'configs:\n%s' "$configs"
	} >"$overlay/stack.yml"
	if [ -x bin/promtool ]; then
		bin/promtool check rules --lint=none prometheus/rules/*.yml >"$overlay/check" 2>&1 ||
			fail "Prometheus would refuse the rules" "$(cat "$overlay/check")"
	fi
}

# keep_replicas exports the present numbers, which the file would set to 1 otherwise.
keep_replicas() {
	local name count
	for name in "${functions[@]}"; do
		count=$(docker service inspect -f '{{with .Spec.Mode.Replicated}}{{.Replicas}}{{end}}' "${stack}_$name" 2>&1) || {
			[[ ${count,,} == *"no such service"* ]] || fail "the number of replicas of $name cannot be kept: $(tail -n 1 <<<"$count")"
			continue
		}
		[ -z "$count" ] || export "$(variable "$name" REPLICAS)=$count"
	done
}

# choose_queue_node keeps the asynchronous calls on one node where there are several managers, since their volume is
# there: on the node where they are, and else on this one.
choose_queue_node() {
	local node
	[ -z "${FAAS_QUEUE_NODE:-}" ] && [ "$(docker node ls -q --filter role=manager | wc -l)" -gt 1 ] || return 0
	# There is no such service the first time.
	node=$({ docker service ps --filter desired-state=running --format '{{.Node}}' "${stack}_queue" || true; } 2>/dev/null | head -n 1)
	node=$(docker node inspect -f '{{.ID}}' "${node:-self}")
	export FAAS_QUEUE_NODE="node.id == $node"
}

remove_old_configs() {
	local id
	for id in $(docker config ls -q --filter "$of_stack"); do
		docker config rm "$id" >/dev/null 2>&1 || true # it refuses those that are used
	done
}

# ---- Waiting.

# waiting prints a line for each service that is not yet as it shall be. Functions may have none or be growing.
waiting() {
	{
		docker stack services --format '{{.Name}} {{.Replicas}}' "$stack" | awk -v stack="${stack}_" '{
			split($2, n, "/"); name = substr($1, length(stack) + 1)
			if ((n[2] > 0 && n[1] == 0) || (n[1] < n[2] && name ~ /^(gateway|prometheus|alertmanager|queue|warm)$/)) print name
		}' || exit
		updates | awk '$2 == "updating" { print $1 }'
	} | sort -u
}

# updates prints service and state of each update since this deployment began.
updates() {
	local services
	services=$(docker stack services -q "$stack") || return
	docker service inspect -f '{{.Spec.Name}} {{with .UpdateStatus}}{{.State}} {{.StartedAt}}{{end}}' $services |
		awk -v since="$began" -v stack="${stack}_" '$2 != "" && ($3 " " substr($4, 1, 8)) >= since { print substr($1, length(stack) + 1), $2 }'
}

# troubles NAME... prints what Swarm says of the newest tasks of these services that failed, and their last words.
troubles() {
	local name
	for name; do
		docker service ps --no-trunc --format '{{.Name}} on {{.Node}}: {{.CurrentState}}{{if .Error}}: {{.Error}}{{end}}' "${stack}_$name" |
			grep -E ': (Failed|Rejected|Pending)' | head -n 2 | sed 's/^/  /' || true
		timeout 10 docker service logs --raw --tail 2 "${stack}_$name" 2>&1 | sed "s/^/  $name says: /" || true
	done
}

# await returns once everything runs and the gateway answers. That alerts reach it takes Prometheus some seconds more; where
# that fails counts are held, and requests are served all the same.
await() {
	local begin=$SECONDS answer health last='' told=$((SECONDS - 5)) served=0 now bad
	while :; do
		# An engine that does not answer for a moment, or a service that goes meanwhile, is no end of the waiting.
		bad=$(updates 2>"$overlay/errors" | awk '$2 ~ /^(paused|rollback)/ { print $1 }' | paste -sd' ') || bad=''
		[ -z "$bad" ] || fail "Swarm took back the update of $bad" "$(troubles $bad)" # unquoted: names
		now=$(waiting 2>"$overlay/errors" | paste -sd' ') || now="docker: $(tail -n 1 "$overlay/errors")"
		if [ -z "$now" ]; then
			if answer=$(bin/faas healthcheck --url "http://$host:$FAAS_PORT/healthz" 2>&1) && health=$answer && listed; then
				[[ $health != *'"control_loop":"alive"'* ]] || return 0
				[ "$served" -ne 0 ] || served=$SECONDS
				answer=$health
				if [ $((SECONDS - served)) -ge 30 ]; then
					say "deploy: no alert has reached the gateway in 30 s, so counts will not follow the load: $health"
					say "  docker service logs ${stack}_prometheus    and    docker service logs ${stack}_alertmanager    tell more"
					return 0
				fi
			fi
			now="the gateway: $answer"
		fi
		if [ "$now" != "$last" ] && [ $((SECONDS - told)) -ge 5 ]; then
			say "$(printf '%3d s  waiting for %s' $((SECONDS - begin)) "$now")"
			last=$now told=$SECONDS
		fi
		[ $((SECONDS - begin)) -lt "$timeout" ] || fail "not up after $timeout s; still waiting for $now" \
			"$(troubles $(waiting 2>/dev/null))" "docker stack ps --no-trunc $stack    and    docker service logs ${stack}_gateway    tell more"
		sleep 1
	done
}

# listed asks the gateway for its functions, and sets answer to why not.
listed() {
	local user password text
	user=$(cat "$secrets/basic-auth-user") password=$(cat "$secrets/basic-auth-password")
	text=$(
		exec 3<>"/dev/tcp/$host/$FAAS_PORT"
		printf 'GET /system/functions HTTP/1.0\r\nHost: %s\r\nAuthorization: Basic %s\r\n\r\n' "$host" \
			"$(printf '%s:%s' "$user" "$password" | base64 -w 0)" >&3
		timeout 10 cat <&3 | tr -d '\r'
	) 2>/dev/null || true
	case $text in
	HTTP/*' 200 '*) return 0 ;;
	HTTP/*' 401 '*) fail "the stack runs, but user and password in $secrets are not those of the Swarm's secrets" \
		"Write the right ones to basic-auth-user and basic-auth-password there, or make a new password:" "$new_password" ;;
	esac
	answer=$(tail -n 1 <<<"$text")
	return 1
}

tell() {
	local url=http://$host:$FAAS_PORT password=$secrets/basic-auth-password
	cat <<-END
		faas is up on Docker Swarm, stack $stack, in $((SECONDS - start)) s

		  gateway      $url
		  portal       $url/ui/
		  credentials  user $(cat "$secrets/basic-auth-user"), password in $password

		Try:
		  curl -d hello $url/function/echoit
		  bin/hey -z 30s -c 10 -q 5 $url/function/echoit
		  docker exec -it \$(docker ps -qf name=${stack}_gateway) faas top
		  curl -u $(cat "$secrets/basic-auth-user"):\$(cat $password) '$url/system/scale/events?function=${stack}_echoit&limit=5'

		docs/swarm.md tells more. \`make undeploy\` removes it all but the images and the password.
	END
}

# told_by_docker prints what the last deployment said, without what is of no use: no registry knows an image by its ID.
told_by_docker() {
	{ grep -vE '^(Since --detach=false|In a future release)' "$overlay/errors" || true; } |
		awk 'BEGIN { RS = ""; ORS = "\n\n" } !/^image sha256:[0-9a-f]+ could not be accessed/'
}

# deploy_stack gives the files to Swarm, several times where one says that a service was scaled at that moment.
deploy_stack() {
	local code attempt told
	for attempt in 1 2 3 4 5; do
		code=0
		docker stack deploy --resolve-image "$resolve" ${registry[@]+"${registry[@]}"} -c docker-compose.yml -c "$overlay/stack.yml" "$stack" \
			>"$overlay/output" 2>"$overlay/errors" || code=$?
		grep -E '^Creating' "$overlay/output" >&2 || true
		told=$(told_by_docker)
		[ "$code" -ne 0 ] || break
		! grep -q 'update out of sequence' "$overlay/errors" || [ "$attempt" -eq 5 ] || continue
		fail "docker stack deploy failed (exit status $code):" "$told" \
			"What it had changed until then stays so. Mend the fault, then deploy again."
	done
	[ -z "$told" ] || say "$told"
}

up() {
	start=$SECONDS
	check_swarm
	check_port
	check_alone
	[ -x bin/faas ] || fail "bin/faas is missing" "make deploy    builds it"
	choose_images
	make_secrets
	make_overlay
	keep_replicas
	choose_queue_node
	began=$(date -u '+%Y-%m-%d %H:%M:%S')
	deploy_stack
	await
	remove_old_configs
	tell
}

# ---- Down.

# deployed prints the functions that were deployed through the gateway: they hold the stack's network.
deployed() {
	docker service ls -q --filter label=com.openfaas.function | while read -r id; do
		docker service inspect -f '{{.Spec.Name}} {{index .Spec.Labels "com.docker.stack.namespace"}}|{{range .Spec.TaskTemplate.Networks}}{{.Target}} {{end}}' "$id"
	done | awk -F'|' -v network="$1" -v named="${stack}_functions" '
		{ split($1, who, " "); if (who[2] == "" && (network != "" && index($2, network) || index($2, named))) print who[1] }'
}

# left prints what still stands: containers of this node, tasks of all, networks.
left() {
	docker ps -aq --filter "$of_stack" || return
	docker service ls -q --filter "$of_stack" || return
	docker stack ps -q "$stack" 2>/dev/null || true # it fails where there is none
	docker network ls -q --filter "$of_stack"
}

# remove_secrets removes those that make_secrets made, and says why it keeps another.
remove_secrets() {
	local name maker answer
	for name in basic-auth-user basic-auth-password; do
		maker=$(docker secret inspect -f '{{index .Spec.Labels "com.faas.made-by"}}' "$name" 2>/dev/null) || continue
		if [ "$maker" != deploy ]; then
			say "kept the secret $name, which was not made by \`make deploy\`: docker secret rm $name"
		elif ! answer=$(docker secret rm "$name" 2>&1); then
			say "kept the secret $name: $answer"
		fi
	done
}

# remove_volumes removes those of Alertmanager and of the queue, where they are on this node.
remove_volumes() {
	local name volume
	for name in alertmanager queue; do
		volume=${stack}_$name
		[ -n "$(docker volume ls -q --filter "name=^$volume\$")" ] || continue
		if [ "$name" = queue ] && [ -n "${KEEP_CALLS:-}" ]; then
			say "kept the asynchronous calls in the volume $volume"
		else
			docker volume rm "$volume" >/dev/null || say "kept the volume $volume"
		fi
	done
}

down() {
	local name begin=$SECONDS now
	check_swarm
	for name in $(deployed "$(docker network ls -q --no-trunc --filter "name=^${stack}_functions\$")"); do
		say "removing the function $name, which was deployed through the gateway"
		docker service rm "$name" >/dev/null || true # docker says why; what it leaves is waited for below
	done
	now=$(left) || fail "the engine stopped answering"
	if [ -n "$now" ]; then
		docker stack rm "$stack" >/dev/null 2>&1 || true
		say "removing the stack $stack: requests in flight may end"
	fi
	while now=$(left) || now=unknown && [ -n "$now" ]; do
		[ $((SECONDS - begin)) -lt "$timeout" ] || fail "still there after $timeout s:" \
			"$(docker ps -a --filter "$of_stack" --format 'container {{.Names}}: {{.Status}}')" \
			"$(docker network ls --filter "$of_stack" --format 'network {{.Name}}: does a container of yours use it?')"
		sleep 1
		# Containers from before an engine was restarted may be nobody's any more.
		if [ $((SECONDS - begin)) -ge 15 ] && [ -z "$(docker service ls -q --filter "$of_stack")" ]; then
			docker ps -aq --filter "$of_stack" --filter status=exited --filter status=created | xargs -r docker rm -v >/dev/null 2>&1 || true
		fi
		# Networks are refused while their last task ends.
		docker network ls -q --filter "$of_stack" | xargs -r docker network rm >/dev/null 2>&1 || true
	done
	remove_old_configs
	remove_secrets
	remove_volumes
	rm -rf "$overlay"
	rmdir "$data/swarm" 2>/dev/null || true
	say "removed in $((SECONDS - begin)) s; the password is kept in $secrets for the next time"
}

case ${1:-} in
up) up ;;
down) down ;;
*) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac

# Only a POSIX shell, bash, make, git and Go are needed; everything else is built from pinned Go modules.
# Logic of more than a line lives in tools/.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
TOOL    := go tool -modfile=tools/go.mod

FUZZTIME  ?= 30s
BENCHTIME ?= 1s
# UP_FLAGS and BENCH_FLAGS are passed on.

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: build binaries ## build what is missing, then run everything on this machine (UP_FLAGS="..." passes flags)
	@exec bin/faas up --config-dir . $(UP_FLAGS)

.PHONY: build
build: ## build faas, fwatchdog and the sample functions' programs into bin/
	@mkdir -p bin
	@for dir in cmd/* functions/*; do \
		if [ -f "$$dir/main.go" ]; then \
			CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o "bin/$${dir##*/}" "./$$dir" || exit 1; \
		fi; \
	done

.PHONY: web
web: ## build the portal's pages anew, into web/dist (Node.js is fetched where it is missing)
	@tools/web.sh build

.PHONY: check-web
check-web: ## check the portal's sources, and that web/dist is what they make
	@tools/web.sh check

.PHONY: dashboard
dashboard: ## write grafana/dashboard.json anew, from the Go files beside it
	@go -C grafana run .

.PHONY: pictures
pictures: build binaries ## take the pictures of the portal in docs/pictures anew, which takes five minutes
	@tools/chromium.sh
	@FAAS_PICTURES_STEP=45s go test -count=1 -timeout 15m -run TestPortal/looks ./e2e/browser
	@tools/pictures.sh

.PHONY: reference
reference: ## write docs/reference anew, from the code
	@FAAS_REFERENCE_WRITE=yes go test -count=1 -run '^TestReference' ./internal/docs ./cmd/faas

.PHONY: recording
recording: build binaries ## record the terminal session that the README shows (asciinema and Node.js), which takes a minute
	@tools/recording/recording.sh

.PHONY: images
images: build ## build the container images: gateway, watchdog, sample functions, Prometheus and Alertmanager
	@tools/images.sh

.PHONY: engine
engine: ## start Docker, installed where missing, and make this machine a Swarm of one node
	@tools/engine.sh up

.PHONY: engine-down
engine-down: ## stop the Docker Engine that `make engine` started
	@tools/engine.sh down

.PHONY: deploy
deploy: images ## build the images, make the secrets and deploy docker-compose.yml as the stack func, again after changes
	@tools/binaries.sh hey
	@tools/deploy.sh up

.PHONY: undeploy
undeploy: ## remove the stack func, its functions and its secrets
	@tools/deploy.sh down

.PHONY: binaries
binaries: ## put Prometheus, Alertmanager and their tools into bin/: from PATH where new enough, else built once
	@tools/binaries.sh

.PHONY: test
test: test-unit test-rules test-e2e ## run all tests

.PHONY: test-unit
test-unit: ## run the unit tests with the race detector; those that need an engine are test-swarm's
	@tools/languages.sh
	@tools/mosquitto.sh
	@bash -o pipefail -c "go list ./... | grep -v '^faas/e2e' | xargs tools/test.sh unit -race -skip '(OnEngine|Likeness)$$'"

.PHONY: test-rules
test-rules: ## check the configurations, rules and dashboard, and run the rules' unit tests
	@tools/binaries.sh prometheus promtool alertmanager amtool
	@tools/rules.sh

.PHONY: test-e2e
test-e2e: build ## run the end-to-end tests: the binaries, Prometheus and Alertmanager together, and a browser
	@tools/binaries.sh
	@tools/languages.sh
	@tools/mosquitto.sh
	@tools/chromium.sh
	@tools/test-e2e.sh

.PHONY: test-swarm
test-swarm: test-backend test-stack ## run the tests that need a Docker Engine in swarm mode (FAAS_TEST_ENGINE=unix:///... names another)

.PHONY: test-backend
test-backend: build ## those of test-swarm that hold the Swarm backend to what all backends promise
	@IMAGES=watchdog tools/test-engine.sh backend ./swarm/...

.PHONY: test-stack
test-stack: build ## those of test-swarm that deploy the whole stack
	@tools/mosquitto.sh
	@tools/chromium.sh
	@tools/test-engine.sh stack ./e2e/swarm/...

.PHONY: test-lab
test-lab: build ## run the tests on a Swarm of several nodes, made of network namespaces (root)
	@tools/test-engine.sh lab ./e2e/lab/...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@tools/fuzz.sh $(FUZZTIME)

.PHONY: lint
lint: ## run the linters
	$(TOOL) golangci-lint run ./...

.PHONY: fmt
fmt: ## format the Go files and sort their imports
	$(TOOL) golangci-lint fmt ./...

.PHONY: bench
bench: build ## measure the data path beside nginx and bare process starts, into bench/results/ (BENCH_FLAGS="..." passes flags)
	@mkdir -p bench/results
	@go run ./bench/datapath --report bench/results/$$(date -u +%F).md $(BENCH_FLAGS)

.PHONY: bench-go
bench-go: ## run the Go benchmarks and summarise them (BENCHTIME, BENCHCOUNT)
	@tools/bench.sh $(BENCHTIME)

.PHONY: bench-scaling
bench-scaling: build binaries ## measure how fast replicas follow the load (BENCH_FLAGS="..." passes flags)
	@go run ./bench/scaling $(BENCH_FLAGS)

.PHONY: bench-swarm
bench-swarm: build ## measure scaling and waking on Docker Swarm beside Swarm's own times (BENCH_FLAGS="..." passes flags)
	@go run ./bench/swarm $(BENCH_FLAGS)

.PHONY: bench-many
bench-many: binaries ## measure what the control loop costs with 1,000 functions (BENCH_FLAGS="..." passes flags)
	@go run ./bench/manyfunctions $(BENCH_FLAGS)

.PHONY: bench-portal
bench-portal: build binaries ## measure what the portal costs a browser with 500 functions (BENCH_FLAGS="..." passes flags)
	@tools/chromium.sh
	@go run ./bench/portal $(BENCH_FLAGS)

.PHONY: bench-newcomer
bench-newcomer: ## measure the time from a clone to functions, with nothing downloaded or compiled before, in some six minutes
	@bench/newcomer/newcomer.sh

.PHONY: bench-fidelity
bench-fidelity: build binaries ## measure how faithful a rehearsal is, beside the same load for real (BENCH_FLAGS="..." passes flags)
	@go run ./bench/fidelity $(BENCH_FLAGS)

.PHONY: vuln
vuln: ## look for known vulnerabilities (asks the public database)
	$(TOOL) govulncheck ./...

.PHONY: clean
clean: ## remove what was built and what ran left behind
	rm -rf bin .faas e2e/artifacts

# make help lists what there is to make.

GO      ?= go
BINARY  := tcpflow-states
DEMO    := testdata/pcaps/kernel/lost-last-ack.client.pcap
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := $(if $(VERSION),-ldflags "-X main.version=$(VERSION)")

# libpcap gives live capture and filter expressions. The script installs its
# headers where it can, and says 0 where there are none: then we build without.
CGO = CGO_ENABLED=$$(./scripts/libpcap.sh)

.DEFAULT_GOAL := help
.PHONY: help build demo test race fuzz bench bench-page bench-stages bench-growth profile lab healthy services soak changes measures metamorph roundtrip filters csv-duckdb lint docs readme install clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

build: ## build ./tcpflow-states, with libpcap where there is one
	@$(CGO) && export CGO_ENABLED && $(GO) build $(LDFLAGS) -o $(BINARY) ./cmd/$(BINARY)

demo: build ## set everything up and analyse a capture of a real connection
	./$(BINARY) $(DEMO)

# The longest first, so that none of them is left to run alone.
test: ## set everything up, vet and run all tests; packages are printed as they end
	@$(CGO) && export CGO_ENABLED && $(GO) vet ./... && GO=$(GO) $(GO) run ./internal/testprogress -count=1 ./cmd/... ./internal/kernelscore ./analyzer ./report ./...

# Under the race detector a program sleeps a second before it exits, unless told.
# What compares ways through the code on one goroutine takes minutes under it and shows no race: make test has it.
# Nor does it fit what is asked of time and address space, or what runs the program hundreds of times.
ALONE = TestNearlyClean|TestUnansweredBySums|TestOtherNumbers|TestPortsUsedAgain|TestDamaged|TestNoticesChangeNothing|TestNoticesAreBounded|TestExamplesAreEnough|TestSumsChangeNothing|TestOncePerTemplate|TestShortTemplates|TestOwnRecords|TestCutoutSaysTheSame|TestWiresharkFilters|TestBrowseManyConnections|TestLittleAddressSpace|TestStreamNumbers|TestForgotten|TestNoNotices|TestTimeSpentAddsUp|TestSYNOutlivesTheWait|TestCleanShows|TestCheckThatSaysNothing|TestExplanationsAgreeWithTheRecord|TestPcapngBounds|TestBombs|TestCommands|TestScripts|TestInterruptFile|TestInterruptMany|TestLiveVLAN|TestLiveDuration|TestPages|TestManyFiles|TestBrowseShowsTheSame|FuzzCommand|FuzzSelect|TestKernelReports|TestMergedStates|TestLinks|FuzzNearlyClean|FuzzTracker|TestProcessesWithoutEnd|TestInterfacesWithoutEnd|TestEndlessOptions|TestMemory|TestHashTable|TestStoredKeepsAll|TestPendingUnderPressure|TestInjected|TestSeries|TestWays|TestSegmentsBetween|TestICMPFlood|TestSurvey|TestNothingForgotten|TestSYNCapturedTwice|TestSYNsAmongOthers|TestProblemsAtServices
race: ## run the pipeline's tests with the race detector
	GORACE=atexit_sleep_ms=10 $(GO) test -race -short -count=1 -skip '^($(ALONE))$$' ./cmd/... ./capture/... ./analyzer/...

FUZZTIME ?= 1m
fuzz: ## run every fuzz target (FUZZTIME=10m, FUZZ=FuzzReader)
	@$(CGO) && export CGO_ENABLED && GO=$(GO) scripts/fuzz.sh $(FUZZTIME) $(FUZZ)

BENCH ?=
bench: ## measure us beside other tools, then our stages (BENCH='-short -rounds 2' to try it out)
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/bench/cmd/bench $(BENCH)
	@$(MAKE) --no-print-directory bench-stages

bench-page: ## measure us beside other tools and put the result into docs/benchmarks.md
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/bench/cmd/bench -page docs/benchmarks.md $(BENCH)

bench-stages: ## measure the stages by themselves
	$(GO) test -run '^$$' -bench . -benchmem ./fsm/... ./analyzer/... ./capture/... ./report/...

bench-growth: ## measure whether cost per packet grows: floods and single connections at n, 4n and 16n packets
	$(GO) test -run '^$$' -bench Growth -benchtime 3x ./internal/bench

profile: ## measure what is hot, for the compiler (see go.dev/doc/pgo): remake it when the hot path has changed
	$(GO) test -run '^$$' -bench 'WholeAnalysis/(sums|ndjson|flood)' -benchtime 12x -cpuprofile cmd/$(BINARY)/default.pgo -o /dev/null ./analyzer

SEEDS ?= fresh
PLAYS ?= 20
lab: ## as root: play connections between namespaces, score us against the kernel (SEEDS=1,2,3 PLAYS=20)
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/lab/cmd/lab score -seeds $(SEEDS) -plays $(PLAYS)

CAPTURES ?= testdata/pcaps
SOAK ?= 1m
soak: build ## as root: live traffic under faults, nothing lost, memory flat (SOAK=3h)
	@$(GO) run ./internal/soak/cmd/soak -for $(SOAK)

healthy: ## as root: real programs talk to each other, and nothing may be wrong with their connections
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/lab/cmd/lab healthy -readme docs/accuracy.md

services: ## as root: the same with further programs, of many kinds
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/lab/cmd/lab healthy -services -scale 1 -readme docs/accuracy.md

PAIRS ?= 20
changes: ## as root: play pairs of captures that differ in one thing or in none, and see whether compare names it (PAIRS=20)
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/lab/cmd/lab changes -pairs $(PAIRS) -readme docs/accuracy.md

measures: ## as root: hold rates, round trips and answer times against what sockets and programs say (SEEDS=1,2,3)
	@$(GO) run ./internal/lab/cmd/lab measures -seeds $(SEEDS)

DUCKDB := @duckdb/node-api@1.5.6-r.1
csv-duckdb: ## hold the CSV tables against what DuckDB reads in them (its npm package, into a temporary folder)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$$dir" $(DUCKDB) \
		&& DUCKDB_NODE_MODULES="$$dir/node_modules" $(GO) test -count=1 -v -run TestDuckDB ./cmd/$(BINARY)

metamorph: ## analyse captures and the same ones cut, skewed, doubled, and count which are judged otherwise
	@$(GO) run ./internal/metamorph

roundtrip: ## write packets of captures with -w, and hold the files against them (CAPTURES=testdata/pcaps)
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/roundtrip/cmd/roundtrip $(CAPTURES)

filters: ## hold the display filters of connections and findings against tshark, on 60 captures (CAPTURES=testdata/pcaps)
	@$(CGO) && export CGO_ENABLED && $(GO) run ./internal/roundtrip/cmd/roundtrip -filters -n 60 -alone 2 $(CAPTURES)

lint: ## gofmt, go vet, the limits of files and functions, staticcheck, deadcode and govulncheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'make lint: run gofmt -w on these files'; exit 1; }
	@$(CGO) && export CGO_ENABLED && $(GO) vet ./... && GO=$(GO) scripts/scan.sh

docs: ## bring the pages' generated parts and the pictures up to date
	$(GO) test -count=1 -run 'TestPages|TestPictures' ./cmd/$(BINARY) ./internal/browse -update

readme: docs

install: ## install into GOBIN
	@$(CGO) && export CGO_ENABLED && $(GO) install $(LDFLAGS) ./cmd/$(BINARY)

clean: ## remove what was built
	rm -f $(BINARY)

# Offhook: the words for everything.  `make help` lists them.

# Debian's own Python, which is what the phone runs on; else whatever is called python3
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
VENV   := .venv
BIN    := $(VENV)/bin
SETUP  := deploy/dev
STAMPS := build/stamps
SPELT  := acount,contry,ist,keep-alives,netwrok,upto,pasword# words that codespell takes for others, some wrong on purpose
LIVE   := peers or hil or image or browser or integration
PURE   := sip sdp rtp audio phone
comma  := ,
space  := $(subst ,, )

.DEFAULT_GOAL := help
.PHONY: help run test check walls format lint types layers fast-test covered-test live-test bench diagrams \
        uml-kernel setup install deb image card image-twice bundle test-image flash clean

help:  ## list the words
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- the two commands -------------------------------------------------------------------------

run: $(STAMPS)/run  ## the telephone on a simulated board, with an exchange to call and a drawn desk phone
	@$(BIN)/python -m offhook.lab $(ARGS)

test: covered-test live-test  ## every test this machine allows; what it lacks is skipped, with the reason

# --- while working ----------------------------------------------------------------------------

check: walls fast-test  ## format, lint, types, layers, fast tests: under a minute

walls: $(STAMPS)/test format lint types layers

format:
	@$(BIN)/ruff format --check firmware tests deploy

lint:
	@$(BIN)/ruff check firmware tests deploy
	@git ls-files -- '*.md' '*.py' '*.sh' '*.toml' '*.html' | xargs codespell -q 2 -L $(SPELT)

types:
	@$(BIN)/mypy

layers:
	@PYTHONPATH=firmware $(BIN)/lint-imports --no-logo

fast-test:
	@$(BIN)/python -m pytest -q -n 2 -m 'not ($(LIVE) or image_arm64 or slow)'

covered-test: $(STAMPS)/test  ## the fast tests, with the branch coverage of the pure packages
	@$(BIN)/python -m pytest -n 2 -m 'not ($(LIVE) or image_arm64)' --cov=offhook --cov-branch --cov-report=
	@$(BIN)/coverage report --skip-covered --show-missing --fail-under=99 \
	    --include='$(subst $(space),$(comma),$(PURE:%=firmware/offhook/%/*))'

live-test: $(STAMPS)/test  ## the tests with sockets, processes, peers, a browser, simulated hardware
	@$(BIN)/python -m pytest -m '($(LIVE)) and not long' $(ARGS)

bench: $(STAMPS)/test  ## measure against Debian's baresip in one run; writes tests/bench/RESULTS.md
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

diagrams: $(STAMPS)/test  ## draw the state machines from their tables, into firmware/diagrams
	@PYTHONPATH=tests $(BIN)/python -m support.diagrams

uml-kernel:  ## the kernel of the simulated board, for tests/hil; made once (minutes), kept in the user's cache
	@tests/hil/kernel/build.sh

# --- the image --------------------------------------------------------------------------------

BUILDER = PYTHONPATH=deploy/image $(PYTHON) -m builder
ARCH   ?= arm64
NEWEST  = $(lastword $(sort $(wildcard build/offhook-*-arm64.img.xz)))
SUDO    = $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=PYTHONPATH)

deb: $(STAMPS)/image  ## the phone as a Debian package for Debian 13 and Raspberry Pi OS (ARCH=arm64)
	@$(BUILDER) deb --arch $(ARCH) $(ARGS)

image: $(STAMPS)/image  ## the SD card's image: build/offhook-VERSION-arm64.img.xz
	@$(BUILDER) image --arch $(ARCH) $(ARGS)

bundle: $(STAMPS)/image  ## the signed update: build/offhook-VERSION-arm64.raucb (KEYS=DIR)
	@$(BUILDER) bundle --arch $(ARCH) $(ARGS)

card: $(STAMPS)/image  ## the disk as `make test` boots it: the same files on amd64, in the kernel of uml-kernel
	@$(BUILDER) disk --arch amd64
	@$(BUILDER) bundle --arch amd64

image-twice: $(STAMPS)/image  ## build everything twice from nothing, and compare bit by bit
	@PYTHON=$(PYTHON) deploy/image/twice.sh $(ARCH)

test-image: $(STAMPS)/test $(STAMPS)/test-image  ## boot the built image under emulation: long
	@OFFHOOK_CUTS=20 $(BIN)/python -m pytest -m 'image or image_arm64' $(ARGS)

flash: $(STAMPS)/image  ## write the image to a card: make flash DEV=/dev/sdX
	@PYTHONPATH=deploy/image $(SUDO) $(PYTHON) -m builder.flash $(if $(FIXED),--fixed) \
	    $(if $(DEV),$(DEV),$(error Which disk? make flash DEV=/dev/sdX; lsblk shows them)) \
	    $(if $(NEWEST),$(NEWEST),$(error No image here yet: make image))

install:  ## as root: the telephone as a service on this machine (a Pi, today)
	@PYTHON=$(PYTHON) deploy/install.sh

setup: $(STAMPS)/test  ## only set up what `make test` needs

clean:  ## remove what was made here
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

# --- set up, once -----------------------------------------------------------------------------

$(STAMPS)/run: pyproject.toml $(SETUP)/packages-run.txt $(SETUP)/constraints.txt
	@mkdir -p $(STAMPS)
	@PYTHON=$(PYTHON) $(SETUP)/setup.sh packages $(SETUP)/packages-run.txt
	@PYTHON=$(PYTHON) $(SETUP)/setup.sh venv $(VENV) lab
	@touch $@

$(STAMPS)/image: $(SETUP)/packages-image.txt
	@mkdir -p $(STAMPS)
	@$(SETUP)/setup.sh packages $<
	@touch $@

$(STAMPS)/test-image: $(STAMPS)/image $(SETUP)/packages-test-image.txt
	@$(SETUP)/setup.sh packages $(SETUP)/packages-test-image.txt
	@touch $@

$(STAMPS)/test: $(STAMPS)/run $(SETUP)/packages-test.txt
	@PYTHON=$(PYTHON) $(SETUP)/setup.sh packages $(SETUP)/packages-test.txt
	@PYTHON=$(PYTHON) $(SETUP)/setup.sh venv $(VENV) lab,dev
	@touch $@

# Quoin.  make help lists the targets.  No configure step; everything is built below build/.
#   SAN=address,undefined   sanitizers, built apart in build/san-…
#   JSON_GLIB=no            without -qmp, built apart in build/no-json-glib; found by pkg-config otherwise
#   CROSS=powerpc-linux-gnu-  a static program for a powerpc host, built apart in build/powerpc-linux-gnu
#   RUN=qemu-ppc            what the tests run it with
#   CC=clang, PKG_CONFIG=…, V=1 as usual

.DEFAULT_GOAL := all

CROSS      ?=
RUN        ?=
CC         := $(if $(filter default,$(origin CC)),$(CROSS)gcc,$(CC))
AR         := $(CROSS)ar
PKG_CONFIG ?= pkg-config
SAN        ?=
comma      := ,
TARGET     := $(patsubst %-,%,$(notdir $(CROSS)))
B          := build$(if $(filter no,$(JSON_GLIB)),/no-json-glib)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))$(TARGET:%=/%)
VERSION    := 0.1.0

prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
mandir  ?= $(prefix)/share/man

# A cross-built Quoin has the required libraries only, from a directory that guests/sysroot/build.sh builds and
# this fragment names; the system's own pkg-config files have no say.
ifneq ($(CROSS),)
SYSROOT_MK := $(if $(filter-out clean help format,$(or $(MAKECMDGOALS),all)),$(B)/sysroot.mk)
JSON_GLIB  := no
include $(SYSROOT_MK)
PKG_CONFIG := PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$(SYSROOT)/lib/pkgconfig $(PKG_CONFIG) --static

$(B)/sysroot.mk: guests/sysroot/build.sh guests/cache.sh $(if $(wildcard $(SYSROOT)/lib/libglib-2.0.a),,FORCE)
	@mkdir -p $(@D)
	@dir=$$(CROSS=$(CROSS) guests/sysroot/build.sh) && echo "SYSROOT := $$dir" >$@
FORCE:
endif

ifneq ($(JSON_GLIB),no)
JSON_GLIB := $(shell $(PKG_CONFIG) --exists json-glib-1.0 2>/dev/null && echo yes)
endif

PKGS    := glib-2.0 gio-2.0 $(if $(filter yes,$(JSON_GLIB)),json-glib-1.0)
WARN    := -Wall -Wextra -Wswitch-enum -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wno-unused-parameter -Werror=implicit-function-declaration
OPT     ?= -O2
CFLAGS  ?= -g $(OPT)
QCFLAGS := -std=gnu11 -I. -D_GNU_SOURCE -DQUOIN_VERSION='"$(VERSION)"' $(WARN) -fno-strict-aliasing \
           -fno-common -pthread $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
QLIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lfdt -lm -pthread
ifneq ($(CROSS),)
QCFLAGS += -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -ffunction-sections -fdata-sections -I$(SYSROOT)/include
QLIBS   := -static -Wl,--gc-sections -L$(SYSROOT)/lib $(QLIBS) -latomic
endif
ifneq ($(SAN),)
QCFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
QLIBS   += -fsanitize=$(SAN)
endif
ifneq ($(findstring thread,$(SAN)),)
# A report ends the program.  SIGSEGV is Quoin's own: a test sends it.  Nothing is suppressed.
export TSAN_OPTIONS ?= halt_on_error=1 exitcode=66 handle_segv=0
endif
Q       := $(if $(V),,@)

OTHER   := platform/control/$(if $(filter yes,$(JSON_GLIB)),qmp_none,qmp).c
# KVM is for PowerPC: elsewhere a file that says so
OTHER   += $(if $(findstring powerpc,$(shell $(CC) -dumpmachine 2>/dev/null)),cpu/kvm/kvm_none.c,$(filter-out %/kvm_none.c,$(wildcard cpu/kvm/*.c)))
SRC     := $(filter-out $(OTHER),$(wildcard platform/*.c platform/devices/*.c platform/control/*.c cpu/*.c cpu/e500/*.c \
             cpu/soft/*.c cpu/kvm/*.c hcall/*.c dts/*.c))
LIBOBJ  := $(patsubst %.c,$(B)/obj/%.o,$(filter-out platform/main.c,$(SRC)))
ifneq ($(findstring thread,$(SAN)),)
LIBOBJ  += $(B)/obj/tests/tsan/glib_sync.o
endif
LIB     := $(B)/libquoin.a
UNIT    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))

# A static glib names functions that want the C library's shared half; the linker says so each time, and nothing calls
# them but a lookup of a host's name: heard only when it fails.
# Moved into place whole: a test that another make runs meanwhile executes the old one or the new one.
link = $(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@.new $^ $(QLIBS)$(if $(CROSS), 2>$@.ld || { cat $@.ld >&2; false; }) && mv -f $@.new $@

# What runs $(B)/X in a test: itself, or a script that has RUN run it
runnable = $(if $(RUN),$(patsubst $(B)/%,$(B)/run/%,$1),$1)
QUOIN   := $(call runnable,$(B)/quoin)

all: $(B)/quoin

$(B)/quoin: $(B)/obj/platform/main.o $(LIB)
	@echo "  LINK $@"
	$(link)

$(LIB): $(LIBOBJ)
	$(Q)rm -f $@.new && $(AR) rcs $@.new $^ && mv -f $@.new $@

$(B)/run/%: $(B)/%
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s "$$@"\n' '$(RUN) $(abspath $<)' >$@.new && chmod +x $@.new && mv -f $@.new $@

$(B)/obj/%.o: %.c Makefile $(SYSROOT_MK)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(QCFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1
	install -m 755 $(B)/quoin $(DESTDIR)$(bindir)/quoin
	install -m 644 docs/quoin.1 $(DESTDIR)$(mandir)/man1/quoin.1

uninstall:
	rm -f $(DESTDIR)$(bindir)/quoin $(DESTDIR)$(mandir)/man1/quoin.1

# --- unit tests: tests/unit/<module>_test.c, one program each, glib's g_test

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

unit: $(UNIT)

check-unit: $(call runnable,$(UNIT))
	@tests/unit/run $^

check-cli: $(QUOIN) guests
	@tests/cli/run --quoin $(QUOIN)

# --- everything that needs no special hardware and no kernel build

CHECKS := check-unit
CHECKS += check-cli
CHECKS += check-guests
CHECKS += check-golden
CHECKS += check-control
CHECKS += check-machine
CHECKS += check-bytechan
CHECKS += check-doorbell
CHECKS += check-objdump
CHECKS += check-diff
CHECKS += check-fuzz
CHECKS += check-kvm-patches

# On a machine that has nothing: the makefile is read again when pkg-config is there
check:
	@guests/deps.sh build qmp bare tests || guests/deps.sh build bare tests
	@$(MAKE) --no-print-directory -s all
	@MAKE='$(MAKE)' tests/check $(CHECKS)

check-cross:
	@MAKE='$(MAKE)' tests/cross/run

# --- against independent oracles: tests/diff

$(B)/diff/%: $(B)/obj/tests/diff/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

check-objdump: $(call runnable,$(B)/diff/objdump_test)
	@$<

# Instructions against qemu-ppc in user mode: the host's side, and the stub it runs under qemu-ppc (if that can be built)

DIFF_USER := $(patsubst %.c,$(B)/obj/%.o,$(filter-out %/stub.c,$(wildcard tests/diff/user/*.c)))
DIFF_STUB := build/diff/user_stub_fpr build/diff/user_stub_spe

$(B)/diff/user_diff: $(DIFF_USER) $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

build/diff/user_stub_%: tests/diff/user/stub.c tests/diff/user/stub_run_%.S tests/diff/user/record.h
	@mkdir -p $(@D)
	@if command -v $(GUEST_CC) >/dev/null; then echo "  GUEST $@"; \
	  $(GUEST_CC) -std=gnu11 -O2 -Wall -Wextra -nostdlib -static -no-pie -fno-pic -msoft-float -fno-stack-protector -I. \
	  -Wl,--section-start=.low=0x1000,-Ttext-segment=0x100000,--no-warn-rwx-segments \
	  -o $@ $(filter %.c %.S,$^); fi

check-diff: $(call runnable,$(B)/diff/user_diff) $(DIFF_STUB)
	@$< $(DIFF_STUB)

check-diff-slow: $(call runnable,$(B)/diff/user_diff) $(DIFF_STUB)
	@$< -n 50000 -s 2 $(DIFF_STUB)

# Arithmetic against the host's (softfp), and against softfp (fastfp)
check-fp-slow: $(patsubst %,$(B)/unit/%_test,softfp softfp_narrow fastfp)
	@tests/unit/run -m slow $^

check-slow: all
	@MAKE='$(MAKE)' tests/check check-fp-slow check-diff-slow check-bytechan-slow

# --- fuzz targets: tests/fuzz/<name>_fuzz.c, corpora in tests/fuzz/corpus/<name>/, replayed without clang

FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ := $(filter-out $(if $(filter yes,$(JSON_GLIB)),,qmp),$(FUZZ))

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%_fuzz.o $(B)/obj/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

check-fuzz: $(call runnable,$(FUZZ:%=$(B)/fuzz/%))
	@failed=0; for name in $(FUZZ); do \
	  $(call runnable,$(B)/fuzz/$$name) tests/fuzz/corpus/$$name || failed=$$((failed + 1)); done; \
	echo "$$(($(words $(FUZZ)) - failed)) passed, $$failed failed"; test $$failed = 0

fuzz-%: $(SRC)
	@mkdir -p build/fuzz-live/$* && command -v clang >/dev/null || { echo "quoin: fuzzing needs clang" >&2; exit 1; }
	$(Q)clang $(QCFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  -o build/fuzz-live/$*.run tests/fuzz/$*_fuzz.c $(filter-out platform/main.c,$(SRC)) $(QLIBS)
	build/fuzz-live/$*.run -artifact_prefix=build/fuzz-live/$*- $(FUZZ_ARGS) build/fuzz-live/$* tests/fuzz/corpus/$*

# --- pages generated from the tables

$(B)/%-tool: $(B)/obj/tests/tools/%_tool.o $(LIB)
	@echo "  LINK $@"
	$(link)

DOC_TOOLS := $(B)/quoin $(patsubst %,$(B)/%-tool,insn reg hcall device man area)

docs: $(DOC_TOOLS)
	@tests/tools/docs write $(B)

check-docs: $(DOC_TOOLS)
	@tests/tools/docs check $(B)

# --- who may include whom

check-deps:
	@tests/deps/check $(CC) $(filter-out -Wmissing-prototypes,$(QCFLAGS))

# --- the trees that guests get, as text

check-golden: $(QUOIN)
	@tests/golden/run $(QUOIN)

golden-update: $(B)/quoin
	@tests/golden/run $(B)/quoin --update

# --- gdb and QMP from outside

check-control: $(QUOIN) guests
	@tests/control/run $(QUOIN)

# --- bare-metal guests: guests/bare/<name>.c, one concern each, linked with guests/bare/lib

GUEST_CC    ?= powerpc-linux-gnu-gcc
GUEST_FLAGS := -std=gnu11 -O2 -g -mcpu=e500mc -msoft-float -ffreestanding -fno-pic -fno-common \
               -fno-strict-aliasing -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
               -G0 -Wall -Wextra -Wno-unused-parameter -I. -Iguests/bare -Iguests/include
GUEST_LINK  := -nostdlib -static -no-pie -Wl,-T,guests/bare/guest.ld,--build-id=none,-z,noexecstack
GUEST_LINK  += -Wl,-z,max-page-size=4096
GUESTS      := $(patsubst guests/bare/%.c,build/guests/%.elf,$(wildcard guests/bare/*.c))
GUEST_LIB   := $(patsubst guests/bare/lib/%,build/guests/lib/%.o,$(wildcard guests/bare/lib/*.[cS]))

# All hypercalls against what the tree announces: guests/epapr-suite
SUITE := $(patsubst guests/epapr-suite/%.c,build/guests/epapr-suite/%.o,$(wildcard guests/epapr-suite/*.c))
GUESTS += build/guests/epapr_suite.elf

guests: guest-cc $(GUESTS)

guest-cc:
	@command -v $(GUEST_CC) >/dev/null || { echo "quoin: the bare-metal guests need $(GUEST_CC):" \
	  "apt-get install gcc-powerpc-linux-gnu (or make install-deps)" >&2; exit 1; }

build/guests/lib/%.o: guests/bare/lib/% Makefile | guest-cc
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

build/guests/%.o: guests/bare/%.c Makefile | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<


build/guests/epapr-suite/%.o: guests/epapr-suite/%.c Makefile | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

build/guests/epapr_suite.elf: $(SUITE) $(GUEST_LIB) guests/bare/guest.ld
	$(Q)$(GUEST_CC) $(GUEST_LINK) -o $@ $(SUITE) $(GUEST_LIB)

build/guests/%.elf: build/guests/%.o $(GUEST_LIB) guests/bare/guest.ld
	$(Q)$(GUEST_CC) $(GUEST_LINK) -o $@ $< $(GUEST_LIB)

check-guests: $(QUOIN) guests
	@tests/guests/self_test
	@tests/guests/run --quoin $(QUOIN)

check-bytechan: $(QUOIN) guests
	@tests/bytechan/run $(QUOIN) build/guests

check-bytechan-slow: $(QUOIN) guests
	@tests/bytechan/run $(QUOIN) build/guests 64

check-epapr: $(QUOIN) guests
	@tests/guests/run --quoin $(QUOIN) $(if $(ARGS),$(ARGS),-v) epapr_suite

check-doorbell: $(QUOIN) guests
	@tests/doorbell/run $(QUOIN) build/guests

check-machine: $(QUOIN) guests
	@tests/machine/run $(QUOIN) build/guests

check-qemu: guests
	@tests/guests/run --qemu

# --- the Linux guest, and everything in one command

GUEST ?= linux

run:
	@MAKE='$(MAKE)' guests/run.sh $(GUEST) $(ARGS)

guest-linux:
	@guests/linux/build.sh -o build/guests/linux

guest-linux-e500v2:
	@guests/linux/build.sh -o build/guests/linux-e500v2 kernel e500v2

# Programs for Linux on an e500v2, as one more cpio behind the initramfs.  No gcc that lives speaks SPE; clang does.

SPE_CC    ?= $(firstword $(shell command -v clang clang-14 2>/dev/null))
SPE_FLAGS := --target=powerpc-linux-gnu -mcpu=e500 -mspe -O2 -ffreestanding -ffp-contract=off -fno-pic \
             -Wall -Wextra -nostdlib -static -Wl,--build-id=none --ld-path=$(GUEST_CC:gcc=ld)

build/guests/programs/tests/%: tests/linux/programs/%.c Makefile | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(SPE_CC) $(SPE_FLAGS) -o $@ $<

build/guests/programs.cpio.gz: $(if $(SPE_CC),build/guests/programs/tests/spe)
	$(Q)mkdir -p build/guests/programs
	$(Q)cd build/guests/programs && find . | cpio -o -H newc -R 0:0 --quiet | gzip -9n >../$(@F)

install-deps:
	@guests/deps.sh build qmp bare linux tests

check-linux: $(B)/quoin guest-linux guest-linux-e500v2 build/guests/programs.cpio.gz
	@tests/linux/run $(B)/quoin

# Firmware: Debian's U-Boot, and Linux booted by it if make guest-linux was there
check-firmware: $(B)/quoin
	@tests/firmware/run $(B)/quoin

# The KVM host: kernels for the e500v2, what they let out of a guest, and the patches
kvm-host:
	@guests/kvm-host/build.sh -o build/guests/kvm-host-up up
	@guests/kvm-host/build.sh -o build/guests/kvm-host-smp smp
	@guests/kvm-host/build.sh e500mc

build/guests/kvm-selftest: guests/kvm-host/selftest.c cpu/kvm/kvm_epapr.h | guest-cc
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -static -pthread -Wall -Wextra -I. -o $@ $<

check-kvm-host: build/guests/kvm-selftest $(if $(filter quoin,$(HOST)),$(B)/quoin) kvm-host
	@HOST='$(HOST)' tests/kvm/check-host $<

check-kvm-patches:
	@tests/kvm/check-patches

# Quoin under -accel kvm in that host.  PARTS="bare smp" for some of it
build/guests/kvm-rsp: tests/kvm/rsp.c | guest-cc
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -static -Wall -Wextra -D_GNU_SOURCE -o $@ $<

check-kvm: $(B)/quoin guests build/guests/kvm-rsp
	@guests/deps.sh build bare linux cross kvm
	@$(MAKE) -s kvm-host guest-linux guest-linux-e500v2
	@$(MAKE) -s CROSS=powerpc-linux-gnu- all
	@HOST='$(HOST)' tests/kvm/run $(PARTS)

# The same where it fits before QUOIN_CI_END: .ci/run
check-kvm-in-time:
	@tests/kvm/in-time $(MAKE) -s check-kvm

build/guests/linux-bench: tests/bench/bench.c Makefile | guest-cc
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -mcpu=e500mc -static -Wall -Wextra -o $@ $<

bench: $(B)/quoin guest-linux build/guests/linux-bench
	@tests/bench/run --quoin $(B)/quoin $(ARGS)

# Nanoseconds of floating-point instructions
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

# Not a test: two vCPUs against one, and what a store costs a core that is not alone
bench-smp: $(B)/quoin guests
	@for n in 1 2; do $(B)/quoin -M ppce500 -cpu e500mc -m 64 -nographic -smp $$n \
	  -kernel build/guests/smp_scale.elf </dev/null | grep -v '^PLAN\|^SUMMARY\|^SKIP\|^PASS'; done

# Boots with 1, 2, 4 and 8 vCPUs, SOAK times each, a parallel job and a reboot in each; resets of busy vCPUs
SOAK ?= 50
soak: $(B)/quoin guest-linux guest-linux-e500v2 guests
	@tests/linux/soak -n $(SOAK) $(B)/quoin

bench-fp: $(B)/bench/fp
	@$<

help:
	@sed -n 's/^#@ //p' $(MAKEFILE_LIST)
#@ make                 build build/quoin
#@ make CROSS=powerpc-linux-gnu-   the same for a powerpc host, static, in build/powerpc-linux-gnu
#@ make install         install program and manual page below DESTDIR and prefix (/usr/local)
#@ make unit            build the unit tests
#@ make check           all tests but those with Linux guests; SAN=address,undefined with sanitizers
#@                      any target with JSON_GLIB=no: as without json-glib, which -qmp needs
#@ make check-cross     the same with a Quoin for a powerpc host, which qemu-ppc runs; SKIP where one cannot be built
#@                      any target with CROSS=powerpc-linux-gnu- RUN=qemu-ppc: with such a Quoin
#@ make check-cli       the command line, bad images, the terminal
#@ make check-objdump   compare the decoder with objdump
#@ make check-diff      compare instructions with qemu-ppc in user mode
#@ make check-slow      millions of fixed-seed cases: instructions against qemu-ppc, arithmetic against the host's; 64 MiB through byte channels
#@ make check-fuzz      replay the fuzz corpora; make fuzz-decode FUZZ_ARGS=-max_total_time=60 looks for more
#@ make docs            write the generated pages anew; check-docs: are they?
#@ make check-deps      who may include whom
#@ make check-golden    device trees against tests/golden/*.dts; golden-update writes them anew
#@ make check-control   gdb and QMP clients on a running machine
#@ make guests          build the bare-metal guests
#@ make check-guests    run them on quoin
#@ make check-epapr     the conformance suite alone, with its tables
#@ make check-machine   how a machine ends, with faults injected
#@ make check-bytechan  byte channels against a host that reads late: 2 MiB each way; check-bytechan-slow: 64 MiB
#@ make check-doorbell  two programs ring each other over a socket
#@ make check-qemu      run them on qemu-system-ppc, the peer
#@ make guest-linux     build the Linux guest: five minutes, once; guest-linux-e500v2 the other kernel
#@ make check-linux     boot it: images, resets, power-off, idle
#@ make check-firmware  U-Boot: its commands, resets, Linux booted by it
#@ make kvm-host        build the KVM host's kernels: fifteen minutes, once
#@ make check-kvm-host  hypercall exits of its KVM; HOST=quoin executes the host on Quoin's own processor
#@ make check-kvm       Quoin under -accel kvm in that host; PARTS="linux smp" for some of it, HOST=quoin: Quoin in Quoin
#@ make check-kvm-patches  its kernel patches apply and are in the kernel's style
#@ make bench           how long a Linux guest's work takes, next to QEMU; ARGS="-n 5"
#@ make soak            boot Linux with 1, 2, 4, 8 vCPUs 50 times each, work, reboot; SOAK=5 for fewer
#@ make bench-smp       what two vCPUs do in the time of one
#@ make bench-fp        how long a floating-point instruction takes, by the host's arithmetic and without
#@ make run             install what is missing, build, boot Linux on this terminal; ARGS="-smp 2"
#@ make run GUEST=hello the same with a bare-metal guest; GUEST=u-boot: by way of U-Boot
#@ make install-deps    install what building and testing need

clean:
	rm -rf build

format:
	clang-format -i $$(git ls-files '*.c' '*.h' ':!cpu/kvm/kvm_epapr.h')

-include $(shell [ -d $(B)/obj ] && find $(B)/obj build/guests -name '*.d' 2>/dev/null)
.PHONY: all unit check check-unit guests guest-cc check-guests check-qemu help clean format
.PHONY: install uninstall check-cli check-epapr
.PHONY: check-bytechan check-bytechan-slow check-doorbell check-objdump check-diff check-diff-slow check-fp-slow check-slow check-fuzz docs
.PHONY: check-docs check-deps check-golden golden-update check-control
.PHONY: kvm-host check-kvm check-kvm-host check-kvm-patches
.PHONY: run guest-linux install-deps check-linux check-firmware bench bench-fp bench-smp soak
.PHONY: guest-linux-e500v2
.SECONDARY:

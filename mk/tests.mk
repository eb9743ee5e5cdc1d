# --- everything that needs no special hardware and no kernel build

JOBS   ?= $(shell nproc)
# the longest first; one more at a time than there are processors, as some wait for a disk or a clock
CHECKS := check-guests
CHECKS += check-cli
CHECKS += check-unit
CHECKS += check-golden
CHECKS += check-control
CHECKS += check-libvirt
CHECKS += check-machine
CHECKS += check-bytechan
CHECKS += check-hostile-short
CHECKS += check-verify
CHECKS += check-doorbell
CHECKS += check-objdump
CHECKS += check-boot-test
CHECKS += check-diff
CHECKS += check-fuzz
CHECKS += check-kvm-patches

# Installs what is missing first.  Then make is called anew, because it asks pkg-config for the libraries when it reads the makefile
check:
	@guests/deps.sh build qmp user disk bare tests || guests/deps.sh build bare tests
	@$(MAKE) --no-print-directory -s -j$(JOBS) check-programs
	@MAKE='$(MAKE)' tests/check -j $$(($(JOBS) + 1)) $(CHECKS)

check-cross:
	@MAKE='$(MAKE)' tests/cross/run

# --- unit tests: tests/unit/<module>_test.c, glib's g_test.  One program holds them all, but for those that replace a part of the
# product by one of their own, which cannot be linked beside it.

UNIT_ALONE   := softfp_narrow uart16550
UNIT_MODULES := $(filter-out $(UNIT_ALONE),$(patsubst tests/unit/%_test.c,%,$(sort $(wildcard tests/unit/*_test.c))))
UNIT         := $(B)/unit/all $(UNIT_ALONE:%=$(B)/unit/%)

unit_main = $(Q)$(CC) $(QCFLAGS) $(CFLAGS) -DUNIT_MODULES='$(patsubst %,X(%),$1)' -c -o $@ tests/unit/main.c

$(B)/unit/modules: FORCE
	$(call write_if_new,$(UNIT_MODULES))

$(B)/unit/main.o: tests/unit/main.c $(B)/unit/modules $(B)/flags
	$(call unit_main,$(UNIT_MODULES))

$(B)/unit/main_%.o: tests/unit/main.c $(B)/flags
	@mkdir -p $(@D)
	$(call unit_main,$*)

$(B)/unit/all: $(B)/unit/main.o $(UNIT_MODULES:%=$(B)/obj/tests/unit/%_test.o) $(LIB)
	@echo "  LINK $@"
	$(link)

$(UNIT_ALONE:%=$(B)/unit/%): $(B)/unit/%: $(B)/unit/main_%.o $(B)/obj/tests/unit/%_test.o $(LIB)
	@echo "  LINK $@"
	$(link)

unit: $(UNIT)

# TEST=module for one
check-unit: $(call runnable,$(UNIT))
	@tests/unit/run $(if $(TEST),$(TEST:%=$<=%),$(UNIT_MODULES:%=$<=%) $(foreach m,$(UNIT_ALONE),$(call runnable,$(B)/unit/$m)=$m))

check-cli: $(QUOIN) guests
	@tests/cli/run --quoin $(QUOIN)

# --- the bare-metal guests, and what a machine does with them

# GUEST=name for one, with all that it prints
check-guests: $(QUOIN) guests
	@$(if $(GUEST),,tests/guests/self_test)
	@tests/guests/run --quoin $(QUOIN) $(if $(GUEST),-v $(GUEST))

# Some of them, and a hostile one, with the engine and the plain one in lock step
VERIFIED := atomics cache core_reset debug doorbell fpu hcall hv_pic idle integer interrupts mmu mpic reset smp spe spr timers
check-verify: $(QUOIN) guests
	@tests/guests/run --quoin $(QUOIN) --accel soft,engine=verify $(VERIFIED)
	@tests/hostile/run $(QUOIN) short random_instructions storm_of_8 -- -accel soft,engine=verify
	@tests/guests/run --quoin $(QUOIN) --accel soft,jit=verify $(VERIFIED)
	@tests/hostile/run $(QUOIN) short random_instructions storm_of_8 -- -accel soft,jit=verify

# What CPUs see of each other, for minutes; check-guests does a fiftieth of it
check-litmus: $(QUOIN) guests
	@tests/guests/run --quoin $(QUOIN) --append long --hang 7200 -j 1 $(ARGS) litmus smp_race smp_reserve

check-guests-slow: $(QUOIN) guests
	@tests/guests/run --quoin $(QUOIN) --slow

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
	@tests/guests/run --qemu $(if $(GUEST),-v $(GUEST))

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
check-fp-slow: $(UNIT)
	@tests/unit/run -m slow $(patsubst %,$<=%,softfp fastfp) $(call runnable,$(B)/unit/softfp_narrow)=softfp_narrow

check-slow: all
	@MAKE='$(MAKE)' tests/check check-fp-slow check-diff-slow check-bytechan-slow check-guests-slow

# --- who may include whom, and what the recipes of docs/HACKING.md ask for that no compiler misses

check-deps: $(LIB)
	@tests/deps/check $(CC) $(filter-out -Wmissing-prototypes,$(QCFLAGS))
	@tests/deps/recipes
	@$(if $(SAN)$(CROSS),,tests/deps/wide $(CC) $(QCFLAGS))
	@$(if $(SAN)$(CROSS),,tests/deps/statics $(LIB))

# `make format` has nothing to do
check-format:
	@tests/deps/format

# --- the trees that guests get, as text

check-golden: $(QUOIN)
	@tests/golden/run $(QUOIN)

golden-update: $(B)/quoin
	@tests/golden/run $(B)/quoin --update

# --- gdb and QMP from outside

check-control: $(QUOIN) guests
	@tests/control/run $(QUOIN)

# --- Quoin as the emulator of libvirt's QEMU driver; SKIP without libvirt.  ARGS=-v: all that is said

check-libvirt: $(QUOIN) guests
	@tests/libvirt/run $(ARGS) $(QUOIN)

# --- guests, clients and hosts that mean it badly.  ARGS: names of tests, -v, or `-- -accel …` for another engine

check-hostile: $(QUOIN) guests
	@tests/hostile/run $(QUOIN) $(ARGS)

check-hostile-short: $(QUOIN) guests
	@tests/hostile/run $(QUOIN) short $(ARGS)

# --- Linux guests, firmware, the KVM host

check-linux: $(B)/quoin guest-linux guest-linux-e500v2 guest-linux-stock build/guests/programs.cpio.gz
	@tests/linux/run -j $(JOBS) $(if $(WORD),-k '$(WORD)') $(B)/quoin $(ARGS)

# What the guest's drivers of disks and cards do, in each engine; and SIZE MiB each way over TCP by each of CARDS, on one and two vCPUs
ENGINES ?= jit=on jit=off jit=verify
CARDS   ?= virtio-net-pci e1000 eTSEC
check-io: $(B)/quoin guest-linux guest-linux-e500v2 build/guests/programs.cpio.gz
	@for engine in $(ENGINES); do echo "-- $$engine"; \
	    tests/linux/run -j $(JOBS) -k virtio -k disks: -k storage: -k eTSEC -k e1000 $(B)/quoin -accel soft,$$engine || exit; done

check-traffic: $(B)/quoin guest-linux
	@tests/linux/run --megabytes $(or $(SIZE),1024) $(CARDS:%=-k '%: DHCP, TCP both ways') $(B)/quoin $(ARGS)

# Two boots of Linux are the same under virtual time, and an idle one does nothing.
# ARGS: the engines of both, as '"-accel soft,jit=on" "-accel soft,jit=off"'
check-icount: $(B)/quoin guest-linux guest-linux-e500v2
	@tests/linux/icount --quoin $(B)/quoin $(ARGS)

# quoin-boot-test itself; and this project's kernels and Debian's U-Boot by it: ARGS="--html FILE" for a page to look at
check-boot-test: $(QUOIN) guests
	@tests/boot/run $(QUOIN)

check-boot: $(B)/quoin guest-linux
	@tools/boot-test/quoin-boot-test -j $(JOBS) -D QUOIN=$(B)/quoin -D IMAGES=build/guests/linux \
	    -D FIRMWARE=/usr/lib/u-boot/qemu-ppce500/uboot.elf $(ARGS) \
	    $(if $(wildcard /usr/lib/u-boot/qemu-ppce500/uboot.elf),tests/boot/u-boot.boot) tests/boot/linux.boot

# Firmware: Debian's U-Boot, and Linux booted by it if make guest-linux was there
check-firmware: $(B)/quoin
	@tests/firmware/run $(B)/quoin

# Cuts a Linux guest off at random moments while it writes and syncs files: CUTS times each by SIGKILL and by both kinds of reset
powercuts: $(B)/quoin guest-linux
	@CUTS=$(or $(CUTS),334) SEED=$(or $(SEED),$$(date +%s)) tests/linux/run -k 'power cuts' $(B)/quoin $(ARGS)

# Boots with 1, 2, 4 and 8 vCPUs, SOAK times each, a parallel job and a reboot in each; resets of busy vCPUs
SOAK ?= 50
soak: $(B)/quoin guest-linux guest-linux-e500v2 guests
	@tests/linux/soak -n $(SOAK) $(B)/quoin

check-kvm-patches:
	@tests/kvm/check-patches

check-kvm-host: build/guests/kvm-selftest $(if $(filter quoin,$(HOST)),$(B)/quoin) kvm-host
	@HOST='$(HOST)' tests/kvm/check-host $<

check-kvm: kvm-programs
	@HOST='$(HOST)' tests/kvm/run $(PARTS)

# All that check-kvm runs
kvm-programs: $(B)/quoin guests build/guests/kvm-rsp build/guests/programs.cpio.gz
	@guests/deps.sh build bare linux cross kvm
	@$(MAKE) -s kvm-host guest-linux guest-linux-e500v2
	@$(MAKE) -s CROSS=powerpc-linux-gnu- all

# The same where it fits into the bounds of .ci/run
check-kvm-in-time:
	@tests/kvm/in-time $(MAKE) -s check-kvm

# What they need, built before they run side by side
check-programs: all unit guests $(call runnable,$(B)/diff/objdump_test $(B)/diff/user_diff $(B)/quoin $(FUZZ:%=$(B)/fuzz/%)) $(DIFF_STUB)

#@ make unit            build the unit tests
#@ make check-unit      run them; TEST=module one module of them, tests/unit/<module>_test.c
#@ make check           all tests but those with Linux guests; SAN=address,undefined with sanitizers
#@                      any target with JSON_GLIB=no: as without json-glib, which -qmp needs
#@ make check-cross     the same with a Quoin for a powerpc host, which qemu-ppc runs; SKIP where one cannot be built
#@                      any target with CROSS=powerpc-linux-gnu- RUN=qemu-ppc: with such a Quoin
#@ make check-cli       the command line, bad images, the terminal
#@ make check-objdump   compare the decoder with objdump
#@ make check-diff      compare instructions with qemu-ppc in user mode
#@ make check-fp-slow   millions of sums: arithmetic against the host's
#@ make check-diff-slow millions of records: instructions against qemu-ppc
#@ make check-guests-slow  the long forms of some bare-metal guests
#@ make check-slow      millions of fixed-seed cases: instructions against qemu-ppc, arithmetic against the host's; 64 MiB through byte channels; thousands of resets
#@ make check-fuzz      replay the fuzz corpora
#@ make check-deps      who may include whom; that what docs/HACKING.md asks for beside each row is there
#@ make check-format    the sources stand as `make format` leaves them
#@ make check-golden    device trees against tests/golden; golden-update writes them anew
#@ make check-hostile   guests and clients that attack the program, for minutes; check-hostile-short: some seconds of each
#@ make check-control   gdb and QMP clients on a running machine
#@ make check-libvirt   libvirt starts, stops and ends guests; SKIP without it (guests/deps.sh libvirt)
#@ make check-guests    run the bare-metal guests on quoin; GUEST=name one of them, showing what it says
#@ make check-verify    some of them with the fast engine or the translator in lock step with the plain one
#@ make check-litmus    what CPUs see of each other's stores, code and translations, for minutes; ARGS="-v" with the outcomes
#@ make check-epapr     the conformance suite alone, with its tables
#@ make check-machine   how a machine ends, with faults injected
#@ make check-bytechan  byte channels against a host that reads late: 1 MiB each way; check-bytechan-slow: 64 MiB
#@ make check-doorbell  two programs ring each other over a socket
#@ make check-qemu      run them on qemu-system-ppc, the peer; GUEST=name likewise
#@ make check-linux     boot it: images, resets, power-off, idle; WORD=… of the titles of cases, ARGS="-accel soft,jit=off" for another engine
#@ make check-io        its cases of disks and cards in each engine; ENGINES="jit=verify" in one
#@ make check-traffic   1 GiB each way over TCP by each card; SIZE in MiB, CARDS=e1000, ARGS as above
#@ make check-icount    Linux under -icount: two boots are the same, instruction for instruction, and it idles; ARGS: two engines to compare
#@ make check-firmware  U-Boot: its commands, resets, Linux booted by it
#@ make check-boot-test quoin-boot-test itself
#@ make check-boot      Linux and U-Boot by quoin-boot-test; ARGS="--html FILE --junit FILE"
#@ make check-kvm-host  hypercall exits of its KVM; HOST=quoin executes the host on Quoin's own processor
#@ make check-kvm       Quoin under -accel kvm in that host; PARTS="linux smp" for some of it, HOST=quoin: Quoin in Quoin
#@ make check-kvm-in-time  the same where it fits before QUOIN_CI_END
#@ make kvm-programs    what check-kvm needs: the host's kernels, the powerpc Quoin
#@ make check-kvm-patches  its kernel patches apply and are in the kernel's style
#@ make powercuts       1,000 power cuts while a Linux guest syncs files: what was synced is there; CUTS of each of three kinds, SEED, ARGS as above
#@ make soak            boot Linux with 1, 2, 4, 8 vCPUs 50 times each, work, reboot; SOAK=5 for fewer
.PHONY: check check-boot check-boot-test check-bytechan check-bytechan-slow check-cli check-control check-cross check-deps check-diff check-diff-slow check-doorbell check-epapr check-firmware check-format check-fp-slow check-golden check-guests check-guests-slow check-hostile check-hostile-short check-icount check-io check-kvm check-kvm-host check-kvm-in-time check-kvm-patches check-libvirt check-linux check-litmus check-machine check-objdump check-qemu check-slow check-traffic check-unit check-verify golden-update kvm-programs powercuts soak unit

# --- the Linux guest, and everything in one command

run:
	@MAKE='$(MAKE)' guests/run.sh $(or $(GUEST),linux) $(ARGS)

guest-linux:
	@guests/linux/build.sh -o build/guests/linux

guest-linux-e500v2:
	@guests/linux/build.sh -o build/guests/linux-e500v2 kernel e500v2

guest-linux-stock:
	@guests/linux/build.sh -o build/guests/linux-stock kernel stock

# Programs for Linux, as one more cpio behind the initramfs.  Those of tests/linux/programs, but for the one with SPE instructions:
# GCC gave SPE up with version 9; clang has it.

SPE_CC    ?= $(firstword $(shell command -v clang clang-14 2>/dev/null))
SPE_FLAGS := --target=powerpc-linux-gnu -mcpu=e500 -mspe -O2 -ffreestanding -ffp-contract=off -fno-pic \
             -Wall -Wextra -nostdlib -static -Wl,--build-id=none --ld-path=$(GUEST_CC:gcc=ld)

build/guests/programs/tests/spe: tests/linux/programs/spe.c | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(SPE_CC) $(SPE_FLAGS) -o $@ $<

build/guests/programs/sbin/%: tests/linux/programs/%.c | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -static -Wall -Wextra -o $@ $<

build/guests/programs.cpio.gz: build/guests/programs/sbin/kexec build/guests/programs/sbin/virtio_rounds $(if $(SPE_CC),build/guests/programs/tests/spe)
	$(Q)cd build/guests/programs && find . | cpio -o -H newc -R 0:0 --quiet | gzip -9n >../$(@F)

install-deps:
	@guests/deps.sh build qmp user disk bare linux tests

# The KVM host: kernels for the e500v2, what they let out of a guest, and the patches
kvm-host:
	@guests/kvm-host/build.sh -o build/guests/kvm-host-up up
	@guests/kvm-host/build.sh -o build/guests/kvm-host-smp smp
	@guests/kvm-host/build.sh e500mc

build/guests/kvm-selftest: guests/kvm-host/selftest.c cpu/kvm/kvm_epapr.h | guest-cc
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -static -pthread -Wall -Wextra -I. -o $@ $<

# Quoin under -accel kvm in that host.  PARTS="bare smp" for some of it
build/guests/kvm-rsp: tests/kvm/rsp.c | guest-cc
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -static -Wall -Wextra -D_GNU_SOURCE -o $@ $<

#@ make guest-linux     build the Linux guest: five minutes, once; guest-linux-e500v2, guest-linux-stock the other kernels
#@ make kvm-host        build the KVM host's kernels: fifteen minutes, once
#@ make install-deps    install what building and testing need
.PHONY: run guest-linux guest-linux-e500v2 guest-linux-stock install-deps kvm-host

# --- bare-metal guests: guests/bare/<name>.c, one concern each, linked with guests/bare/lib

GUEST_CC    ?= powerpc-linux-gnu-gcc
GUEST_FLAGS := -std=gnu11 -O2 -g -mcpu=e500mc -msoft-float -ffreestanding -fno-pic -fno-common \
               -fno-strict-aliasing -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
               -G0 -Wall -Wextra -Wno-unused-parameter -I. -Iguests/bare -Iguests/include
GUEST_LINK  := -nostdlib -static -no-pie -Wl,-T,guests/bare/guest.ld,--build-id=none,-z,noexecstack
GUEST_LINK  += -Wl,-z,max-page-size=4096
# Of the objects among the prerequisites; moved into place whole, as `link` in the Makefile does
guest_link   = $(Q)$(GUEST_CC) $(GUEST_LINK) -o $@.new $(filter %.o,$^) && mv -f $@.new $@
GUESTS      := $(patsubst guests/bare/%.c,build/guests/%.elf,$(wildcard guests/bare/*.c))
GUEST_LIB   := $(patsubst guests/bare/lib/%,build/guests/lib/%.o,$(wildcard guests/bare/lib/*.[cS]))

# What is measured, not tested: guests/bench
build/guests/%.o: guests/bench/%.c build/guests/flags | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

# Guests that attack the program: guests/hostile
GUESTS += $(patsubst guests/hostile/%.c,build/guests/hostile/%.elf,$(wildcard guests/hostile/*.c))

build/guests/hostile/%.o: guests/hostile/%.c build/guests/flags | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

# All hypercalls against what the tree announces: guests/epapr-suite
SUITE := $(patsubst guests/epapr-suite/%.c,build/guests/epapr-suite/%.o,$(wildcard guests/epapr-suite/*.c))
GUESTS += build/guests/epapr_suite.elf

guests: guest-cc $(GUESTS)

build/guests/flags: FORCE
	$(call write_if_new,$(GUEST_CC) $(GUEST_FLAGS) $(GUEST_LINK))

guest-cc:
	@command -v $(GUEST_CC) >/dev/null || { echo "quoin: the bare-metal guests need $(GUEST_CC):" \
	  "apt-get install gcc-powerpc-linux-gnu (or make install-deps)" >&2; exit 1; }

build/guests/lib/%.o: guests/bare/lib/% build/guests/flags | guest-cc
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

build/guests/%.o: guests/bare/%.c build/guests/flags | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

build/guests/epapr-suite/%.o: guests/epapr-suite/%.c build/guests/flags | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $<"
	$(Q)$(GUEST_CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

build/guests/epapr_suite.elf: $(SUITE) $(GUEST_LIB) guests/bare/guest.ld build/guests/flags
	$(guest_link)

build/guests/%.elf: build/guests/%.o $(GUEST_LIB) guests/bare/guest.ld build/guests/flags
	$(guest_link)

#@ make guests          build the bare-metal guests
.PHONY: guests guest-cc

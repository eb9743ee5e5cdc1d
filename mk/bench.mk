# --- how fast it is; none of these is a test

# The Linux guest's program, the bare guests, and the same program for this host: what it computes is compared, too
BENCH_SRC   := $(wildcard guests/bench/linux/*.c)
BENCH_FLAGS := -std=gnu11 -O2 -ffp-contract=off -fno-strict-aliasing -Wall -Wextra -pthread
BENCH_BARE  := $(patsubst %,build/guests/%.elf,spin mmio exceptions first_byte)

build/guests/bench/bench: $(BENCH_SRC) guests/bench/linux/bench.h mk/bench.mk | guest-cc
	@mkdir -p $(@D)
	@echo "  GUEST $@"
	$(Q)$(GUEST_CC) $(BENCH_FLAGS) -mcpu=e500mc -static -o $@ $(BENCH_SRC) -lm

build/bench/native: $(BENCH_SRC) guests/bench/linux/bench.h mk/bench.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_FLAGS) -o $@ $(BENCH_SRC) -lm

bench-programs: build/guests/bench/bench build/bench/native $(BENCH_BARE)

bench: $(B)/quoin guest-linux bench-programs
	@tests/bench/run --quoin $(B)/quoin $(ARGS)

# Nanoseconds of floating-point instructions
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

# Two vCPUs against one, and what a store costs a core that is not alone
bench-smp: $(B)/quoin build/guests/smp_scale.elf
	@for n in 1 2; do $(B)/quoin -M ppce500 -cpu e500mc -m 64 -nographic -smp $$n \
	  -kernel build/guests/smp_scale.elf </dev/null | grep -v '^SUMMARY\|^SKIP\|^PASS'; done

bench-fp: $(B)/bench/fp
	@$<

bench-jit-fp: $(B)/bench/jit_fp
	@$<

#@ make bench-programs  the programs that bench runs
#@ make bench           how long a guest's work takes, next to QEMU; ARGS="-n 5 --quiet 0.2", ARGS="--help" for more
#@ make bench-smp       what two vCPUs do in the time of one
#@ make bench-fp        how long a floating-point instruction takes, by the host's arithmetic and without
#@ make bench-jit-fp    the same in the translator's blocks: translated, and handed to the interpreter
.PHONY: bench bench-fp bench-jit-fp bench-programs bench-smp

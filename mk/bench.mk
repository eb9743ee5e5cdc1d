# --- how fast it is; none of these is a test

build/guests/linux-bench: tests/bench/bench.c | guest-cc
	$(Q)$(GUEST_CC) -std=gnu11 -O2 -mcpu=e500mc -static -Wall -Wextra -o $@ $<

bench: $(B)/quoin guest-linux build/guests/linux-bench
	@tests/bench/run --quoin $(B)/quoin $(ARGS)

# Nanoseconds of floating-point instructions
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(link)

# Two vCPUs against one, and what a store costs a core that is not alone
bench-smp: $(B)/quoin build/guests/smp_scale.elf
	@for n in 1 2; do $(B)/quoin -M ppce500 -cpu e500mc -m 64 -nographic -smp $$n \
	  -kernel build/guests/smp_scale.elf </dev/null | grep -v '^PLAN\|^SUMMARY\|^SKIP\|^PASS'; done

bench-fp: $(B)/bench/fp
	@$<

#@ make bench           how long a Linux guest's work takes, next to QEMU; ARGS="-n 5"
#@ make bench-smp       what two vCPUs do in the time of one
#@ make bench-fp        how long a floating-point instruction takes, by the host's arithmetic and without
.PHONY: bench bench-fp bench-smp

# --- GCC's c-torture in a Linux guest: built once, in an hour of one processor, into the cache of the kernels

torture-programs:
	@guests/deps.sh bare linux torture
	@tests/torture/build.sh -o build/guests/torture

# Two engines: ARGS='--a "build/quoin -accel soft" --b "qemu-system-ppc -nic none" O2/'
check-torture: $(B)/quoin guest-linux torture-programs
	@tests/torture/run --a $(B)/quoin $(ARGS)

#@ make torture-programs  the programs that check-torture runs
#@ make check-torture   GCC's c-torture programs in a Linux guest under two engines, compared; ARGS="--help" for which
.PHONY: check-torture torture-programs

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

# Live, with clang's libFuzzer and sanitizers: what is found lies in build/fuzz-live/<name>-crash-…, new inputs in build/fuzz-live/<name>.
# An input is short, so that thousands are tried in a second; what needs a longer one has it in the corpus.
FUZZ_SECONDS   ?= 60
FUZZ_MAX_LEN   := 1024
FUZZ_CC        := clang
# The compiler that builds the program is the one that warns
FUZZ_CFLAGS    := -w -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
fuzz-decode: FUZZ_MAX_LEN := 64
fuzz-guest: FUZZ_MAX_LEN := 96
fuzz-state: FUZZ_MAX_LEN := 256
fuzz-loader fuzz-boot: FUZZ_MAX_LEN := 4096
fuzz-qcow2 fuzz-snapshot: FUZZ_MAX_LEN := 8192

# A processor compares at every instruction, saved state is bytes in loops, and an MPIC looks at two hundred sources: to follow each
# comparison costs more than it finds
build/fuzz-live/obj/cpu/%.o build/fuzz-live/obj/platform/base/section.o build/fuzz-live/obj/platform/devices/soc/mpic.o: FUZZ_CFLAGS += -fno-sanitize-coverage=trace-cmp

build/fuzz-live/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@command -v $(FUZZ_CC) >/dev/null || { echo "quoin: fuzzing needs clang: apt-get install clang" >&2; exit 1; }
	@echo "  FUZZ $<"
	$(Q)$(FUZZ_CC) $(QCFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

# A library, so that a target has what it calls and nothing else: libFuzzer looks at the counters of all code there is, after each input
build/fuzz-live/libquoin.a: $(patsubst %.c,build/fuzz-live/obj/%.o,$(filter-out platform/main.c,$(SRC)))
	$(Q)rm -f $@.new && $(AR) rcs $@.new $^ && mv -f $@.new $@

build/fuzz-live/%.run: build/fuzz-live/obj/tests/fuzz/%_fuzz.o build/fuzz-live/libquoin.a
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@.new $^ $(QLIBS) && mv -f $@.new $@

$(FUZZ:%=fuzz-%): fuzz-%: build/fuzz-live/%.run
	@mkdir -p build/fuzz-live/$*
	ASAN_OPTIONS=$(FUZZ_ASAN) $< -artifact_prefix=build/fuzz-live/$*- -max_len=$(FUZZ_MAX_LEN) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -print_funcs=0 \
	  $(FUZZ_ARGS) build/fuzz-live/$* tests/fuzz/corpus/$*

# Memory is given out again soon, is kept, and is not filled: fresh pages cost more than anything else.  Who allocated it is known by two
# frames, which a replay with FUZZ_ASAN= shows in full.
FUZZ_ASAN      := quarantine_size_mb=16:max_malloc_fill_size=0:allocator_release_to_os_interval_ms=-1:malloc_context_size=2

# What a machine keeps from one input to the next looks like a leak
fuzz-guest fuzz-services fuzz-state: FUZZ_ARGS += -detect_leaks=0
# So does what the C library keeps of a thread that begins or ends while leaks are looked for: those that serve disks come and go
fuzz-esdhc fuzz-nvme: FUZZ_ARGS += -detect_leaks=0
# Two engines have so many places to count that weighing each by how rare it is takes a third of the time
fuzz-guest: FUZZ_ARGS += -entropic=0

# Every target for FUZZ_SECONDS; a line for each
fuzz: $(FUZZ:%=build/fuzz-live/%.run)
	@MAKE='$(MAKE)' FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/live $(FUZZ)

#@ make fuzz            look for inputs that break something, FUZZ_SECONDS=60 for each target; fuzz-decode for one of them
.PHONY: fuzz $(FUZZ:%=fuzz-%)
.PHONY: check-fuzz

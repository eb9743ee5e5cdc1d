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

.PHONY: check-fuzz

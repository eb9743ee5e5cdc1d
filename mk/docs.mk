# --- pages of docs/ that are made from the tables by the programs of tests/tools

$(B)/%-tool: $(B)/obj/tests/tools/%_tool.o $(LIB)
	@echo "  LINK $@"
	$(link)

DOC_TOOLS := $(B)/quoin $(patsubst %,$(B)/%-tool,insn reg hcall device man area qmp from_qemu)

docs: $(DOC_TOOLS)
	@tests/tools/docs write $(B)

check-docs: $(DOC_TOOLS)
	@tests/tools/docs check $(B)

#@ make docs            write the generated pages anew; check-docs: are they?
.PHONY: docs check-docs

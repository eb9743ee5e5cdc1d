# Quoin: the product.  make help lists the targets.  No configure step; everything is built below build/.
# mk/ holds the rest: guests.mk kernels.mk tests.mk fuzz.mk docs.mk bench.mk torture.mk dist.mk.
#   SAN=address,undefined   sanitizers, built apart in build/san-…
#   JSON_GLIB=no            without -qmp, built apart in build/no-json-glib; found by pkg-config otherwise
#   LIBSLIRP=no             without -netdev user, built apart in build/no-libslirp; the same
#   LIBURING=no             without io_uring for drives, built apart in build/no-liburing; the same
#   LIBZSTD=no              without qcow2's clusters packed by zstd, and snapshots stored as they are, built apart in build/no-libzstd; the same
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
B          := build$(if $(filter no,$(JSON_GLIB)),/no-json-glib)$(if $(filter no,$(LIBSLIRP)),/no-libslirp)$(if $(filter no,$(LIBURING)),/no-liburing)$(if $(filter no,$(LIBZSTD)),/no-libzstd)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))$(TARGET:%=/%)
VERSION    := 0.1.0

prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
mandir  ?= $(prefix)/share/man
datadir ?= $(prefix)/share/quoin

# A cross-built Quoin has the required libraries only, from a directory that guests/sysroot/build.sh builds and
# this fragment names; the system's own pkg-config files have no say.
ifneq ($(CROSS),)
SYSROOT_MK := $(if $(filter-out clean help format,$(or $(MAKECMDGOALS),all)),$(B)/sysroot.mk)
JSON_GLIB  := no
LIBSLIRP   := no
LIBURING   := no
LIBZSTD    := no
include $(SYSROOT_MK)
PKG_CONFIG := PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$(SYSROOT)/lib/pkgconfig $(PKG_CONFIG) --static

$(B)/sysroot.mk: guests/sysroot/build.sh guests/cache.sh $(if $(wildcard $(SYSROOT)/lib/libglib-2.0.a),,FORCE)
	@mkdir -p $(@D)
	@dir=$$(CROSS=$(CROSS) guests/sysroot/build.sh) && echo "SYSROOT := $$dir" >$@
endif
FORCE:

ifneq ($(JSON_GLIB),no)
JSON_GLIB := $(shell $(PKG_CONFIG) --exists json-glib-1.0 2>/dev/null && echo yes)
endif

ifneq ($(LIBSLIRP),no)
LIBSLIRP := $(shell $(PKG_CONFIG) --exists slirp 2>/dev/null && echo yes)
endif

ifneq ($(LIBURING),no)
LIBURING := $(shell $(PKG_CONFIG) --exists 'liburing >= 2.3' 2>/dev/null && echo yes)
endif

ifneq ($(LIBZSTD),no)
LIBZSTD := $(shell $(PKG_CONFIG) --exists libzstd 2>/dev/null && echo yes)
endif

PKGS    := glib-2.0 gio-2.0 $(if $(filter yes,$(JSON_GLIB)),json-glib-1.0) $(if $(filter yes,$(LIBSLIRP)),slirp) \
           $(if $(filter yes,$(LIBURING)),liburing) $(if $(filter yes,$(LIBZSTD)),libzstd)
WARN    := -Wall -Wextra -Wswitch-enum -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wno-unused-parameter -Werror=implicit-function-declaration -Werror=switch
OPT     ?= -O2
CFLAGS  ?= -g $(OPT)
QCFLAGS := -std=gnu11 -I. -D_GNU_SOURCE -DQUOIN_VERSION='"$(VERSION)"' $(WARN) -fno-strict-aliasing \
           -fno-common -pthread $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
QCFLAGS += -DHAVE_JSON_GLIB=$(if $(filter yes,$(JSON_GLIB)),1,0)
QCFLAGS += -DHAVE_LIBSLIRP=$(if $(filter yes,$(LIBSLIRP)),1,0)
QCFLAGS += -DHAVE_LIBURING=$(if $(filter yes,$(LIBURING)),1,0)
QCFLAGS += -DHAVE_LIBZSTD=$(if $(filter yes,$(LIBZSTD)),1,0)
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

QMP     := $(filter-out %/qmp_none.c %/qmp_schema.c,$(wildcard platform/control/qmp*.c))
OTHER   := $(if $(filter yes,$(JSON_GLIB)),platform/control/qmp_none.c platform/options/json_none.c,$(QMP) platform/options/json.c)
OTHER   += $(patsubst %,platform/net/%.c,$(if $(filter yes,$(LIBSLIRP)),user_none,user user_spec))
OTHER   += platform/block/$(if $(filter yes,$(LIBURING)),uring_none,uring).c
# KVM is for PowerPC: elsewhere a file that says so
OTHER   += $(if $(findstring powerpc,$(shell $(CC) -dumpmachine 2>/dev/null)),cpu/kvm/kvm_none.c,$(filter-out %/kvm_none.c,$(wildcard cpu/kvm/*.c)))
# The translator emits for x86-64; on other hosts the interpreter executes everything, and only the documentation asks what would be translated
JIT     := $(if $(findstring x86_64,$(shell $(CC) -dumpmachine 2>/dev/null)),1,0)
OTHER   += $(if $(filter 0,$(JIT)),$(wildcard cpu/jit/x64/*.c) $(patsubst %,cpu/jit/%.c,engine blocks smc code note))
QCFLAGS += -DHAVE_JIT=$(JIT)
SRC     := $(filter-out $(OTHER),$(wildcard $(addsuffix /*.c,platform platform/* platform/devices/* cpu cpu/* cpu/jit/* hcall dts)))
LIBOBJ  := $(patsubst %.c,$(B)/obj/%.o,$(filter-out platform/main.c,$(SRC)))
ifneq ($(findstring thread,$(SAN)),)
LIBOBJ  += $(B)/obj/tests/tsan/glib_sync.o
endif
LIB     := $(B)/libquoin.a

# A static glib names functions that want the C library's shared half; the linker says so each time, and nothing calls
# them but a lookup of a host's name: heard only when it fails.
# Moved into place whole: a test that another make runs meanwhile executes the old one or the new one.
link = $(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@.new $^ $(QLIBS)$(if $(CROSS), 2>$@.ld || { cat $@.ld >&2; false; }) && mv -f $@.new $@

# The thread sanitizer does not see how glib's slice allocator hands memory from thread to thread, and reports races that are none
ifneq ($(findstring thread,$(SAN)),)
export G_SLICE := always-malloc
endif

# Writes a line into the target, whose date changes only if the line does: what depends on it is made again just then.
# Several makes may come by at once, so each writes into a file of its own first.
write_if_new = @mkdir -p $(@D) && new=$@.$$$$ && printf '%s\n' '$(subst ','\'',$1)' >$$new && { cmp -s $$new $@ && rm $$new || mv -f $$new $@; }

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

# What objects depend on beside their source: the command that compiles them, not the makefiles' text
$(B)/flags: FORCE
	$(call write_if_new,$(CC) $(QCFLAGS) $(CFLAGS))

$(B)/obj/%.o: %.c $(B)/flags $(SYSROOT_MK)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(QCFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(datadir)/boot-test/bootlib
	install -m 755 $(B)/quoin $(DESTDIR)$(bindir)/quoin
	install -m 644 docs/quoin.1 docs/quoin-boot-test.1 $(DESTDIR)$(mandir)/man1
	install -m 755 tools/boot-test/quoin-boot-test $(DESTDIR)$(datadir)/boot-test
	install -m 644 tools/boot-test/bootlib/*.py $(DESTDIR)$(datadir)/boot-test/bootlib
	install -m 644 tools/trace/viewer.html $(DESTDIR)$(datadir)/trace-viewer.html
	ln -srf $(DESTDIR)$(datadir)/boot-test/quoin-boot-test $(DESTDIR)$(bindir)/quoin-boot-test

uninstall:
	rm -f $(patsubst %,$(DESTDIR)$(bindir)/%,quoin quoin-boot-test) $(patsubst %,$(DESTDIR)$(mandir)/man1/%.1,quoin quoin-boot-test)
	rm -rf $(DESTDIR)$(datadir)/boot-test $(DESTDIR)$(datadir)/trace-viewer.html

clean:
	rm -rf build

format:
	@tests/deps/format write

help:
	@sed -n 's/^#@ //p' $(MAKEFILE_LIST)

#@ make                 build build/quoin
#@ make CROSS=powerpc-linux-gnu-   the same for a powerpc host, static, in build/powerpc-linux-gnu
#@ make install         install program and manual page below DESTDIR and prefix (/usr/local); uninstall removes them
#@ make clean           remove build/
#@ make format          lay out the sources as .clang-format says
#@ make run             install what is missing, build, boot Linux on this terminal; ARGS="-smp 2"
#@ make run GUEST=hello the same with a bare-metal guest; GUEST=u-boot: by way of U-Boot

.PHONY: all install uninstall clean format help FORCE
# What a failed command left behind is no target
.DELETE_ON_ERROR:
.SECONDARY:
include $(addprefix mk/,guests.mk kernels.mk fuzz.mk tests.mk docs.mk bench.mk torture.mk dist.mk)
-include $(shell find $(B)/obj build/fuzz-live/obj build/guests -name '*.d' 2>/dev/null)

# Quoin.  make help lists the targets.  No configure step; everything is built below build/.
#   SAN=address,undefined   sanitizers, built apart in build/san-…
#   CC=clang, CROSS=powerpc-linux-gnu-, PKG_CONFIG=…, V=1 as usual

CROSS      ?=
CC         := $(if $(filter default,$(origin CC)),$(CROSS)gcc,$(CC))
AR         := $(CROSS)ar
PKG_CONFIG ?= pkg-config
SAN        ?=
comma      := ,
B          := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
VERSION    := 0.1.0

prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
mandir  ?= $(prefix)/share/man

PKGS    := glib-2.0
WARN    := -Wall -Wextra -Wswitch-enum -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wno-unused-parameter -Werror=implicit-function-declaration
OPT     ?= -O2
CFLAGS  ?= -g $(OPT)
QCFLAGS := -std=gnu11 -I. -D_GNU_SOURCE -DQUOIN_VERSION='"$(VERSION)"' $(WARN) -fno-strict-aliasing \
           -fno-common -pthread $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
QLIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lfdt -lm -pthread
ifneq ($(SAN),)
QCFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
QLIBS   += -fsanitize=$(SAN)
endif
Q       := $(if $(V),,@)

SRC     := $(wildcard platform/*.c platform/devices/*.c platform/control/*.c cpu/*.c cpu/e500/*.c \
             cpu/soft/*.c cpu/kvm/*.c hcall/*.c dts/*.c)
LIBOBJ  := $(patsubst %.c,$(B)/obj/%.o,$(filter-out platform/main.c,$(SRC)))
LIB     := $(B)/libquoin.a
UNIT    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))

all: $(B)/quoin

$(B)/quoin: $(B)/obj/platform/main.o $(LIB)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(QLIBS)

$(LIB): $(LIBOBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(QCFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# --- unit tests: tests/unit/<module>_test.c, one program each, glib's g_test

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(QLIBS)

unit: $(UNIT)

help:
	@sed -n 's/^#@ //p' $(MAKEFILE_LIST)
#@ make                 build build/quoin
#@ make unit            build the unit tests

clean:
	rm -rf build

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')
.PHONY: all unit help clean format
.SECONDARY:

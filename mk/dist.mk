# --- archives for others: the source as one file, and a Debian package

DIST  := build/quoin-$(VERSION).tar.gz
STAGE := $(B)/deb
DEB   := $(B)/quoin_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb

# What is committed; the same bytes for the same commit
dist:
	@mkdir -p build
	@git archive --format=tar --prefix=quoin-$(VERSION)/ HEAD | gzip -n9 >$(DIST).new && mv -f $(DIST).new $(DIST)
	@echo $(DIST)

deb: all
	@rm -rf $(STAGE)
	@$(MAKE) --no-print-directory -s install DESTDIR=$(abspath $(STAGE)) prefix=/usr
	@contrib/deb/build $(STAGE) $(VERSION) $(DEB)
	@echo $(DEB)

# The package has no fault that lintian knows of, and what is in it runs
check-deb: deb
	@tests/tools/deb $(DEB)

#@ make dist            the committed source as build/quoin-VERSION.tar.gz
#@ make deb             a Debian package, in build/; check-deb: what lintian says of it
.PHONY: dist deb check-deb

# SPDX-License-Identifier: GPL-2.0
#
# ipcport: the kernel module, its tools, its tests. "make help" lists what can
# be made. All that is built for a kernel goes into build/KERNEL/.
#
#   KERNEL=  6.1, 6.12 or 6.12-rt: Debian's packaged kernel of that name
#            (default: the running kernel, or another through KDIR=)
#   V=1      show the commands

BUILD	:= $(CURDIR)/build
VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DESTDIR	?=
VM	:= selftests/vm
CHECK	:= selftests/check/check.sh

export KDIR
modules = $(patsubst %,$(BUILD)/%/ipcport.ko,$(or $(KERNEL),host))

## all: the module for the running kernel, and the tools
all: tools module

## help: this list
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## module: ipcport.ko in build/host/, or in build/KERNEL/ (KERNEL="6.1 6.12")
module: $(modules)

## module-debug: the same with debug messages and the tests inside the module
module-debug: debug := CONFIG_IPCPORT_DEBUG=y
module-debug: $(modules)

$(BUILD)/%/ipcport.ko: FORCE
	@$(VM)/deps.sh build
	@+$(VM)/module.sh $* $(debug)

## tools: the library and the ipcport command
tools:
	@$(VM)/deps.sh build
	@$(MAKE) --no-print-directory -C tools

## demo: see ports at work in a virtual machine; installs what is missing
demo:
	@$(VM)/deps.sh vm
	@$(MAKE) --no-print-directory -j$(shell nproc) module KERNEL=6.12
	@$(MAKE) -s -C tools
	@$(VM)/demo.sh

## check: all checks and all tests, on three kernels; installs what is missing
check:
	@$(CHECK)

## test: the tests that need no kernel
test:
	@$(CHECK) host

## test-vm: the kselftests in a virtual machine (KERNEL="6.1 6.12 6.12-rt")
test-vm:
	@$(CHECK) vm $(KERNEL)

## stress: callers and servers that are killed at any time, 10 minutes (KERNEL="6.1 6.12")
stress:
	@$(CHECK) stress $(KERNEL)

## style: the checkers that only read: checkpatch, kernel-doc, layers, lengths
style:
	@$(CHECK) style

## model: SPIN looks at every state of the model of calls, and for seeded faults
model:
	@$(VM)/deps.sh model
	@selftests/model/model.sh

## docs: draw the pictures in docs/ anew
docs:
	@$(VM)/deps.sh docs
	@selftests/check/pictures.sh draw

## shell: a shell in a virtual machine with the module loaded (KERNEL=6.12 FILES="prog ...")
shell:
	@$(VM)/deps.sh vm
	@$(MAKE) --no-print-directory module KERNEL=$(or $(KERNEL),6.12)
	@$(MAKE) -s -C tools
	@$(VM)/python.sh
	@$(VM)/vm.sh -k $(or $(KERNEL),6.12) -f build/tools/ipcport/ipcport:/bin/ipcport \
		-f build/vm/python:/usr -f tools/python:/root/python \
		$(foreach program,epoll_server bulk $(FILES),-f $(if $(wildcard $(program)),$(program),build/tools/examples/$(program))) \
		$(foreach text,$(wildcard /usr/share/common-licenses/GPL-3),-f $(text):$(text)) -i

## install: the module for the running kernel, and the tools (root; DESTDIR=)
install: all
	$(MAKE) -C $(or $(KDIR),/lib/modules/$(shell uname -r)/build) M=$(BUILD)/host INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(MAKE) -C tools install
	$(if $(DESTDIR),,depmod -a)

## uninstall: remove what install put there (root; DESTDIR=)
uninstall:
	release=$$($(if $(KDIR),$(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease,uname -r)) && \
		rm -f $(foreach folder,updates extra,$(DESTDIR)/lib/modules/$$release/$(folder)/ipcport.ko*)
	$(MAKE) -C tools uninstall
	$(if $(DESTDIR),,depmod -a)

## dkms-install: the sources to where DKMS builds them for every kernel (root)
dkms-install:
	install -d $(DESTDIR)/usr/src/ipcport-$(VERSION)
	cp -r Kbuild dkms.conf COPYING src include $(DESTDIR)/usr/src/ipcport-$(VERSION)/

## clean: remove what was built; downloaded kernels stay
clean:
	rm -rf build

FORCE:
.PHONY: all help module module-debug tools demo check test test-vm stress style model \
	docs shell install uninstall dkms-install clean FORCE

# pg_basetar: `make`, `make check`, `make check V=asan`, `make lint`, `make install`, `make dist`.
# Each variant V builds in its own build/$(V), so switching never needs a clean.
V       ?= rel
# What makes packages says V=1 for "print the commands", which are printed anyway.
ifneq (,$(filter 0 1,$(V)))
override V := rel
endif
B       := build/$(V)
PREFIX  ?= /usr/local
CFLAGS  ?= -g
PKG_CONFIG ?= pkg-config

# Libraries that the program can do without: "make ZSTD=no" leaves one out that is there, and one
# that pkg-config does not find is left out without a word.
found    = $(shell $(PKG_CONFIG) --exists $(1) && echo yes || echo no)
ZSTD    := $(or $(ZSTD),$(call found,libzstd))
LZ4     := $(or $(LZ4),$(call found,liblz4 libxxhash))
ISAL    := $(or $(ISAL),$(call found,libisal))
LIBS    := zlib libpq libcrypto $(if $(filter yes,$(ZSTD)),libzstd) \
              $(if $(filter yes,$(LZ4)),liblz4 libxxhash) $(if $(filter yes,$(ISAL)),libisal)
# Of each there are two sets of files in src/codec, and one is compiled.
LEFT_OUT := $(patsubst %,src/codec/%.c, \
              $(if $(filter yes,$(ZSTD)),without_zstd,zstd unzstd) \
              $(if $(filter yes,$(LZ4)),without_lz4,lz4 unlz4) \
              $(if $(filter yes,$(ISAL)),without_isal,deflate_isal inflate_isal))

WARN       := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wvla -Wundef \
              -Wformat=2 -Wcast-qual -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wdate-time
comma      := ,
# What this compiler does not know for this machine is left out; a value of the packager's counts.
known       = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
FORTIFY    := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
FLAGS.rel  := -O2 $(FORTIFY) -fstack-protector-strong -fPIE \
              $(call known,-fcf-protection) $(call known,-fstack-clash-protection)
LINK.rel   := -pie $(if $(filter Linux FreeBSD,$(shell uname -s)),-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
FLAGS.asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS.tsan := -O1 -fsanitize=thread
FLAGS.cov  := -O0 --coverage
FLAGS.fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined
# Where it is built is not in what is built.
ALL_CFLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -Isrc -Itests \
              -ffile-prefix-map=$(CURDIR)=. \
              $(shell $(PKG_CONFIG) --cflags $(LIBS)) $(WARN) $(FLAGS.$(V)) -pthread $(CPPFLAGS) $(CFLAGS)
ALL_LIBS   := $(LINK.$(V)) $(LDFLAGS) $(shell $(PKG_CONFIG) --libs $(LIBS))

OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out $(LEFT_OUT),$(sort $(wildcard src/*/*.c))))
HELP := $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOL := $(patsubst %.c,$(B)/%.o,$(wildcard tests/tools/*.c))

# The tests that may notice that a library of a codec was left out; scripts/run-tests knows them by
# the same word.
CODEC_UNIT := $(patsubst %.c,$(B)/%,$(shell grep -l codec tests/unit/test_*.c))

# The tests that start a thread, by what another variant, V=rel or THREADS_OF, has linked.
THREADS_OF  ?= rel
THREAD_UNIT  = $(patsubst build/$(THREADS_OF)/%,$(B)/%,$(shell nm -A $(wildcard \
                 $(patsubst %.c,build/$(THREADS_OF)/%,$(wildcard tests/unit/test_*.c))) | \
                 sed -n 's/: *U pthread_create.*//p'))

# The tests that leave something out with a sanitizer; scripts/run-tests knows them by the same word.
SWEEP_UNIT  := $(patsubst %.c,$(B)/%,$(shell grep -l SANITIZED_STRIDE tests/unit/test_*.c))

.PHONY: all check unit codec-unit thread-unit sweep-unit fuzz lint bench soak install uninstall dist clean FORCE
all: $(B)/pg_basetar

$(B)/pg_basetar: $(B)/src/main.o $(B)/lib.a
	$(CC) $(FLAGS.$(V)) -pthread -o $@ $^ $(ALL_LIBS)

$(B)/lib.a: $(OBJ) $(B)/objects
	rm -f $@ && $(AR) qcs $@ $(OBJ)

# A file that was added, removed or left out makes another library, although no object is newer.
$(B)/objects: FORCE
	@mkdir -p $(@D)
	@echo $(OBJ) | cmp -s - $@ || echo $(OBJ) >$@
FORCE:

# A test is linked with those that it calls: it may have functions of its own in place of the program's.
$(B)/support.a: $(HELP)
	rm -f $@ && $(AR) qcs $@ $^

$(UNIT): $(B)/%: $(B)/%.o $(B)/support.a $(B)/lib.a
	$(CC) $(FLAGS.$(V)) -pthread -o $@ $^ $(WRAP) -lcmocka $(ALL_LIBS)
$(B)/tests/unit/test_verify_table $(B)/tests/unit/test_stock: | $(B)/mutilate
# The calls that fail in it, one at a time.
$(B)/tests/unit/test_faults: WRAP = $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc strdup strndup pthread_create \
              openat64 open64 __openat64_2 __open64_2 read pread64 write pwrite64 fstat64 fstatat64 \
              lstat64 stat64 fdopendir readdir64 readlinkat fsync linkat renameat mkdirat symlinkat \
              fchmod fchown fchownat futimens)
# How often it is set, is counted.
$(B)/tests/unit/test_widepipe: WRAP = -Wl,--wrap=fcntl64

$(B)/mutilate: $(TOOL) $(B)/lib.a
	$(CC) $(FLAGS.$(V)) -pthread -o $@ $^ $(ALL_LIBS)

$(FUZZ): $(B)/%: $(B)/%.o $(B)/tests/support/memstream.o $(B)/lib.a	# make fuzz V=fuzz CC=clang
	$(CC) $(FLAGS.$(V)) -fsanitize=fuzzer -pthread -o $@ $^ $(ALL_LIBS)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY:
unit: all $(UNIT) $(B)/mutilate
codec-unit: all $(CODEC_UNIT)
sweep-unit: all $(SWEEP_UNIT) $(B)/mutilate
thread-unit: all $(B)/mutilate
	$(MAKE) $(THREAD_UNIT)
check: unit
	sh scripts/run-tests $(B)
fuzz: $(FUZZ)
lint:  ; sh scripts/lint
bench: all
	sh scripts/bench $(B)/pg_basetar
soak: all
	BIN=$(B)/pg_basetar scripts/soak

# Below $(PREFIX), FILE:DIRECTORY each; the directories are also those of others, and stay.
DOCS := share/doc/pg_basetar
in    = $(patsubst %,%:$(1)/,$(wildcard $(2)))
FILES := $(foreach n,1 5 7,$(call in,share/man/man$(n),man/*.$(n))) \
         $(call in,lib/systemd/system,packaging/systemd/*) \
         $(call in,$(DOCS)/examples,packaging/examples/*)
# COMPLETION= installs none: the program prints them, and one for another machine does not run here.
COMPLETION := bash zsh fish
WORDS.bash := share/bash-completion/completions/pg_basetar
WORDS.zsh  := share/zsh/site-functions/_pg_basetar
WORDS.fish := share/fish/vendor_completions.d/pg_basetar.fish

install: all
	install -D -m 755 $(B)/pg_basetar $(DESTDIR)$(PREFIX)/bin/pg_basetar
	for file in $(FILES); do \
	    install -D -m 644 -t $(DESTDIR)$(PREFIX)/$${file#*:} $${file%:*} || exit 1; done
	$(foreach shell,$(COMPLETION),install -D -m 644 /dev/null $(DESTDIR)$(PREFIX)/$(WORDS.$(shell)) && \
	    $(B)/pg_basetar completion $(shell) >$(DESTDIR)$(PREFIX)/$(WORDS.$(shell)) &&) :

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/pg_basetar $(WORDS.bash) $(WORDS.zsh) $(WORDS.fish) \
	    $(foreach file,$(FILES),$(lastword $(subst :, ,$(file)))$(notdir $(firstword $(subst :, ,$(file))))))

# What is committed, and nothing else that lies here: the same bytes from each clone.
NAME = pg_basetar-$(shell sed -n 's/^.define OPTIONS_PROGRAM_VERSION "\(.*\)"/\1/p' src/cli/options.h)
DIST = build/$(NAME).tar
dist:
	@mkdir -p $(dir $(DIST))
	git -c tar.umask=0022 archive --format=tar --prefix=$(NAME)/ -o $(DIST) HEAD
	gzip -9nf $(DIST)

clean: ; rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)

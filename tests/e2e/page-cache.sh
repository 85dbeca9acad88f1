#!/bin/sh
# The host's page cache is after a backup, a verify and a restore what it was before.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
command -v fincore >/dev/null || skip_all 'fincore is missing'
slack=2 # percent: what the system itself reads of directories and the like

# Files of less than a page's worth of cache have no say.
files_of() {
	find "$@" -type f -size +0 -print0
}

# resident PATH...: kB of these files that are in the cache.
resident() {
	files_of "$@" | xargs -0 fincore -b -n -o RES | awk '{ sum += $1 } END { print int(sum / 1024) }'
}

# kB_of PATH...: their size.
kB_of() {
	files_of "$@" | xargs -0 stat -c %s | awk '{ sum += $1 } END { print int(sum / 1024) }'
}

# evict PATH...
evict() {
	sync -f "$T"
	files_of "$@" | xargs -0 -I FILE dd if=FILE iflag=nocache count=0 status=none
}

# as_before KB PATH...: not more than that is there, but for the slack.
as_before() {
	before=$1
	shift
	after=$(resident "$@")
	echo "resident: $before kB before, $after kB after, of $(kB_of "$@") kB"
	[ "$after" -le $((before + $(kB_of "$@") * slack / 100)) ]
}

# A table of 60 MB, and 300 small ones.
original() {
	cluster_init main
	cluster_start main
	sql main 'create table large as select n, repeat(md5(n::text), 8) filler from generate_series(1, 200000) n'
	sql main "do \$\$ begin for i in 1..300 loop
		execute format('create table small_%s as select generate_series(1, 100) id', i); end loop; end \$\$"
	sql main checkpoint
	cluster_stop main
	evict "$T/main/data"
	[ "$(resident "$T/main/data")" -eq 0 ] || skip 'this file system keeps what is to be evicted'
	touch "$T/is_disk"
}

needs_disk() {
	[ -e "$T/is_disk" ] || skip 'this file system keeps what is to be evicted'
}

cold_stays_cold() { # METHOD
	needs_disk
	evict "$T/main/data"
	backup main --offline -Z "$1" -o "$T/cold.tar" --force
	as_before 0 "$T/main/data"
}

# What the database has in the cache is not thrown out of it.
warm_stays_warm() {
	needs_disk
	evict "$T/main/data"
	large=$(find "$T/main/data/base" -type f -size +40M)
	dd if="$large" of=/dev/null bs=1M count=20 status=none
	before=$(resident "$T/main/data")
	[ "$before" -ge 20480 ]
	backup main --offline -Z none -o "$T/warm.tar"
	as_before "$before" "$T/main/data"
	[ "$(resident "$T/main/data")" -ge $((before - before * slack / 100)) ] # the host may reclaim some
}

archive_does_not_stay() {
	needs_disk
	as_before 0 "$T/warm.tar"
}

verify_reads_past_it() {
	needs_disk
	evict "$T/warm.tar"
	"$BIN" verify -q "$T/warm.tar"
	as_before 0 "$T/warm.tar"
}

t 'a stopped cluster that is out of the cache' original
t 'a cold cluster stays cold' cold_stays_cold none
t 'the same with compression' cold_stays_cold gzip
t 'what is in the cache stays there' warm_stays_warm
t 'the archive is not left in the cache' archive_does_not_stay
t 'verify does not fill the cache either' verify_reads_past_it

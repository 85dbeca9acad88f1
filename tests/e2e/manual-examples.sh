#!/bin/sh
# The examples of the manual print what the manual shows.  A display of a page is run if the line before
# it is a comment: .\" example NAME.  Its commands begin with "$ "; what follows each is its output.
# Numbers, sizes, positions and dates may differ; "..." at the end of a line stands for the rest of it.
#
# Those of README.md are indented, and begin with a command.
#
# The paths /backup, /srv, /snap and /archive of the manual are directories in $T/world.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
world=$T/world

# A cluster with checksums and a tablespace in /srv/ssd, which archives; its snapshot, which is a copy of
# it after a crash; a backup of it.  What is given to ssh is run here.
prepared() {
	as_server mkdir "$world" "$world/backup" "$world/srv" "$world/snap" "$world/archive" "$T/work"
	printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' >"$T/bin/ssh"
	chmod 755 "$T/bin/ssh"
	cluster_init main -k
	cluster_set main autovacuum=off archive_mode=on "archive_command = 'cp %p \"$world/archive/%f\"'"
	cluster_start main
	as_server mkdir "$world/srv/ssd"
	sql main "create tablespace ssd location '$world/srv/ssd'"
	sql main 'create table t tablespace ssd as select generate_series(1, 100000) g'
	sql main 'create table u as select * from t'
	sql main checkpoint
	cluster_stop main immediate
	as_server cp -a "$T/main/data" "$world/snap/data"
	as_server cp -a "$world/srv/ssd" "$world/snap/ssd"
	as_server ln -s "$T/main/data" "$world/srv/data"
	cluster_start main
	backup main -c fast -q -l nightly -o "$world/backup/base.tar.gz"
	gzip -dc "$world/backup/base.tar.gz" >"$world/backup/changed.tar"
	block=$(tar -tvRf "$world/backup/changed.tar" | sed -n 's#^block \([0-9]*\): .* base/1/1255$#\1#p')
	flip "$world/backup/changed.tar" $(((block + 1) * 512 + 40 * 8192 + 5000))
}

# What comes before and after an example of this name: a page of table u is damaged.
before_damaged() {
	sql main checkpoint
	heap=$T/main/data/$(sql main "select pg_relation_filepath('u')")
	flip "$heap" $((3 * 8192 + 5000))
}
after_damaged() {
	flip "$heap" $((3 * 8192 + 5000))
}

# Two older backups: that one, as if it had begun days ago.
before_keep() {
	days=2
	for name in 2026-11-29-0230 2026-11-30-0230; do
		gzip -dc "$world/backup/base.tar.gz" |
			sed "s/^unix_time: [0-9]*\$/unix_time: $(($(date +%s) - days * 86400))/" | gzip |
			as_server tee "$world/backup/$name.tar.gz" >/dev/null
		days=$((days - 1))
	done
}
after_keep() {
	rm "$world"/backup/20??-*.tar.gz
}

# The directories that the manual names are those of the test; in what is printed, the other way round.
into_world() {
	sed -E "s#(^|[ ='\"(])/(backup|srv|snap|archive)(/|[ ='\"]|\$)#\\1$world/\\2\\3#g"
}
out_of_world() {
	sed "s#$world/#/#g; s#$T/main/data#/srv/data#g"
}

# examples FILE: those that are to be run, "= NAME" and then their lines, as a reader sees them.
examples() {
	case $1 in
	*.md)
		awk '
			/^    \$ / && !shown { print "= run"; shown = 1 }
			!/^    / { shown = 0 }
			shown { print substr($0, 5) }
			' "$1"
		;;
	*)
		awk '
			/^\.\\" example / { name = $3; next }
			/^\.Bd / && name != "" { print "= " name; shown = 1; name = ""; next }
			/^\.Ed/ { shown = 0 }
			shown { print }
			' "$1" | sed 's/\\e/\\/g; s/\\&//g'
		;;
	esac
}

# script FILE: of the lines of one example, the program that prints "@ N" and then what command N prints.
script() {
	awk '
		!going && !/^\$ / { next }
		{ going = /[\\|]$/ }
		/^\$ / { print "status=$?; echo \"@ " ++n "\"; (exit $status)"; sub(/^\$ /, "") }
		{ print }
		' "$1"
}

# shown FILE: what the manual shows, as the program of script() prints it.
shown() {
	awk '
		going { going = /[\\|]$/; next }
		/^\$ / { print "@ " ++n; going = /[\\|]$/; next }
		{ print }
		' "$1"
}

masked() {
	sed -E '/^[0-9]$/b
		s/20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9:]+( UTC|Z)?/DATE/g
		s/[0-9A-F]+\/[0-9A-F]{3,}/LSN/g
		s/[0-9A-F]{1,4} (expected|found)/HEX \1/g
		s/[0-9]+(\.[0-9]+)? (bytes|kB|MB|GB)/SIZE/g
		s/"[0-9A-F]{24}"/WAL/g
		s/[0-9]+/N/g'
}

# same SHOWN PRINTED: line by line.
same() {
	awk '
		NR == FNR { shown[++n] = $0; next }
		{ printed[++m] = $0 }
		END {
			for (i = 1; i <= n || i <= m; i++) {
				cut = shown[i]
				if (sub(/\.\.\.$/, "", cut) && index(printed[i], cut) == 1)
					continue
				if (i > n || i > m || shown[i] != printed[i]) {
					print "shown:   " shown[i]
					print "printed: " printed[i]
					bad = 1
				}
			}
			exit bad
		}' "$1" "$2"
}

run_script() (
	{ set +x; } 2>/dev/null
	cd "$T/work"
	at main env PGDATA="$T/main/data" PATH="$T/bin:$PATH" sh "$T/script" 2>&1 </dev/null
)

# example FILE: what its commands print is what the manual shows.
example() {
	{ set +x; } 2>/dev/null
	as_server mkdir -p "$T/work"
	! command -v "before_$shown" >/dev/null || "before_$shown"
	script "$1" | into_world >"$T/script"
	run_script >"$T/raw" || :
	! command -v "after_$shown" >/dev/null || "after_$shown"
	out_of_world <"$T/raw" >"$T/printed"
	cat "$T/printed"
	masked <"$T/printed" >"$T/printed.masked"
	shown "$1" | masked >"$T/shown.masked"
	same "$T/shown.masked" "$T/printed.masked"
}

prepared
for page in "$top"/man/*.1 "$top/README.md"; do
	rm -rf "$T/examples" "$T/work"
	mkdir "$T/examples"
	examples "$page" | awk -v "dir=$T/examples" '
		/^= / { file = sprintf("%s/%02d-%s", dir, ++n, $2); next }
		{ print >file }'
	for file in "$T"/examples/*; do
		[ -e "$file" ] || continue
		shown=${file##*/??-}
		t "${page##*/}: $shown" example "$file"
	done
done

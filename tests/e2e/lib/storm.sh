# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # lib/base.sh and scripts/soak have the other end of these
# A storm for scripts/soak, sourced after lib/base.sh: sessions that make, change and drop what a cluster
# may have, at random, and what must be true of a copy of it.  Database "storm" has ledgers, written
# in the transaction that they speak of: whatever moment a copy is of, it agrees with its ledgers.
#
# bash, for its RANDOM: each worker begins with a number of its own, so that it does the same for
# the same seed, as far as the server lets it.

# draw_from WORKER: RANDOM goes on from this round's $seed, of each worker in another way.  Seeds that
# are near each other would give numbers that are.
draw_from() {
	RANDOM=$(((seed * 16 + $1 + 1) * 2654435761 % 2147483647))
}

# pick VARIABLE WORD...: one of the words.  No subshell: there RANDOM would begin anew.
pick() {
	local variable=$1
	shift
	printf -v "$variable" %s "${*:$((RANDOM % $# + 1)):1}"
}

# chance PERCENT
chance() {
	[ $((RANDOM % 100)) -lt "$1" ]
}

storm_goes_on() {
	[ ! -e "$T/storm.stop" ] && [ "$SECONDS" -lt "$storm_end" ]
}

storm_pause() {
	sleep "0.$((RANDOM % 6))"
}

# storm_sql: what comes in, in database "storm"; what fails, fails as in life, and what waits for
# ever does not hold up the round.
storm_sql() {
	at main timeout 60 psql -X -q -d storm >>"$T/storm.log" 2>&1
}

# ---------------------------------------------------------------------------- tables

# The locals of storm_tables: $worker, $count, $sql, and the names in $tables.

storm_new_table() {
	local name rows space='' unlogged='' kind

	count=$((count + 1))
	name=t_${worker}_$count
	rows=$((RANDOM % 3000 + 1))
	tables+=("$name")
	! chance 30 || pick space 'tablespace ts1' 'tablespace ts2'
	! chance 15 || unlogged=unlogged
	sql+="begin; create $unlogged table $name (id int, v text, a int[]) $space;
		insert into $name select g, repeat(md5(g::text), 1 + g % 20), array[g, g + 1]
			from generate_series(1, $rows) g;"
	! chance 60 || sql+="create index on $name (id);"
	for kind in 'hash (id)' 'gin (a)' 'brin (id)' 'spgist (v)' 'gist (point(id, id))'; do
		! chance 20 || sql+="create index on $name using $kind;"
	done
	sql+="insert into ledger values ('$name', $rows, '$unlogged'); commit;"
}

storm_drop_table() { # NAME
	local name kept=()

	sql+="begin; delete from ledger where name = '$1'; drop table if exists $1; commit;"
	for name in "${tables[@]}"; do
		[ "$name" = "$1" ] || kept+=("$name")
	done
	tables=("${kept[@]}")
}

storm_insert() { # NAME
	local rows=$((RANDOM % 2000 + 1))

	sql+="begin; insert into $1 select g, repeat('y', g % 300), array[g] from generate_series(1, $rows) g;
		update ledger set n = n + $rows where name = '$1'; commit;"
}

storm_change_table() { # NAME
	local space

	pick space ts1 ts2 pg_default
	case $((RANDOM % 17)) in
	0) storm_drop_table "$1" ;;
	1) sql+="begin; truncate $1; update ledger set n = 0 where name = '$1'; commit;" ;;
	2 | 3 | 4) storm_insert "$1" ;;
	5) sql+="vacuum full $1;" ;;
	6) sql+="vacuum $1;" ;;
	7) sql+="vacuum freeze $1;" ;;
	8) sql+="reindex table $1;" ;;
	9) [ "$major" -lt 12 ] || sql+="reindex table concurrently $1;" ;;
	10) sql+="create index concurrently on $1 (v text_pattern_ops);" ;;
	11) sql+="alter table $1 set tablespace $space;" ;;
	12) sql+="begin; alter table $1 set unlogged; update ledger set k = 'unlogged' where name = '$1'; commit;" ;;
	13) sql+="begin; alter table $1 set logged; update ledger set k = '' where name = '$1'; commit;" ;;
	14 | 15)
		sql+="begin; delete from $1 where ctid in (select ctid from $1 order by ctid desc limit 1500);
			update ledger set n = (select count(*) from $1) where name = '$1'; commit; vacuum $1;"
		;;
	16) sql+="update $1 set id = id + 1;" ;;
	esac
}

storm_large_objects() {
	local bytes="decode(repeat(md5('$count'), 400), 'hex')"

	! chance 30 || sql+="insert into los select lo_from_bytea(0, $bytes), md5($bytes);"
	! chance 10 || sql+="select lo_unlink(o) from (delete from los
		where o in (select o from los limit 1) returning o) x;"
}

storm_prepared() {
	local end

	chance 30 || return 0
	sql+="begin; insert into prepared select $count from generate_series(1, 10);
		insert into prepared_ledger values ($count, 10); prepare transaction 'p_${worker}_$count';"
	pick end commit rollback '' ''
	[ -z "$end" ] || sql+="$end prepared 'p_${worker}_$count';"
}

storm_tables() { # WORKER
	local worker=$1 count=0 sql i tables=()

	draw_from "$worker"
	while storm_goes_on; do
		sql=
		for i in 1 2 3; do
			if [ "${#tables[@]}" -lt 3 ] || chance 25; then
				storm_new_table
			else
				storm_change_table "${tables[RANDOM % ${#tables[@]}]}"
			fi
		done
		storm_large_objects
		storm_prepared
		storm_sql <<<"$sql"
		storm_pause
	done
}

# ------------------------------------------------------------- databases, tablespaces, settings

storm_new_database() { # NAME
	local strategy='' space=''

	if [ "$major" -ge 15 ]; then
		pick strategy wal_log file_copy
		strategy="strategy $strategy"
	fi
	! chance 30 || space='tablespace ts1'
	storm_sql <<<"create database $1 template tmpl $strategy $space"
	! chance 40 || at main psql -X -q -d "$1" >>"$T/storm.log" 2>&1 \
		-c 'insert into extra select generate_series(1, 500)'
}

storm_databases() { # WORKER MOVES
	local count=0 live=() oldest space

	draw_from "$1"
	while storm_goes_on; do
		count=$((count + 1))
		storm_new_database "d_$count"
		live+=("d_$count")
		if [ "${#live[@]}" -gt 2 ]; then
			oldest=${live[0]}
			live=("${live[@]:1}")
			if chance 80; then
				storm_sql <<<"drop database $oldest"
			else
				storm_sql <<<"alter database $oldest rename to r_$oldest"
			fi
		fi
		pick space ts1 ts2 pg_default
		[ "$2" -eq 0 ] || ! chance 50 || storm_sql <<<"alter database d_$count set tablespace $space"
		storm_pause
	done
}

storm_tablespaces() { # WORKER
	local count=0

	draw_from "$1"
	while storm_goes_on; do
		count=$((count + 1))
		as_server mkdir -p "$T/main/x$count"
		storm_sql <<-SQL
			create tablespace x$count location '$T/main/x$count';
			create table xt_$count (id int, v text, a int[]) tablespace x$count;
			begin;
			insert into xt_$count select generate_series(1, 777);
			insert into ledger values ('xt_$count', 777, '');
			commit;
		SQL
		! chance 50 || storm_sql <<-SQL
			begin;
			delete from ledger where name = 'xt_$count';
			drop table xt_$count;
			commit;
			drop tablespace x$count;
		SQL
		storm_pause
	done
}

storm_rest() { # WORKER
	draw_from "$1"
	while storm_goes_on; do
		case $((RANDOM % 5)) in
		0 | 1) echo 'checkpoint' ;;
		2) echo 'select pg_switch_wal()' ;;
		3) echo "alter system set work_mem = '$((RANDOM % 9 + 1))MB'; select pg_reload_conf()" ;;
		4) echo 'vacuum' ;;
		esac | storm_sql
		storm_pause
	done
}

# ------------------------------------------------------------------------- all of it

# storm_prepare: what "main" has before.
storm_prepare() {
	tablespace main ts1
	tablespace main ts2
	at main pgbench -i -q -s 1 >/dev/null 2>&1
	sql main 'create database storm'
	sql main 'create database tmpl'
	at main psql -X -q -v ON_ERROR_STOP=1 -d storm <<-'SQL'
		create table ledger (name text primary key, n bigint, k text);
		create table los (o oid, h text);
		create table prepared (k int);
		create table prepared_ledger (k int, n int);
		create table ballast as select g, repeat(md5(g::text), 8) x from generate_series(1, 15000) g;
		create index on ballast (g);
	SQL
	at main psql -X -q -v ON_ERROR_STOP=1 -d tmpl <<-'SQL'
		create table tt (i int primary key);
		insert into tt select generate_series(1, 2000);
		create table extra (i int);
		create unlogged table ul as select 1;
		vacuum;
	SQL
	# replay from here on makes no tablespace anew that is to be moved
	sql main checkpoint
}

# storm_begin DATABASES MOVES TABLESPACES: 1 or 0 each.
storm_begin() {
	rm -f "$T/storm.stop"
	storm_end=$((SECONDS + 90))
	at main pgbench -n -c 2 -T 90 >/dev/null 2>&1 &
	storm_tables 1 &
	storm_tables 2 &
	storm_rest 3 &
	[ "$1" -eq 0 ] || storm_databases 4 "$2" &
	[ "$3" -eq 0 ] || storm_tablespaces 5 &
}

# storm_over: nothing of it is left.
storm_over() {
	touch "$T/storm.stop"
	sql main "select count(pg_terminate_backend(pid)) from pg_stat_activity
		where application_name = 'pgbench'" >/dev/null 2>&1
	wait
}

# ------------------------------------------------------------- a copy that has been started

# expect NAME TEXT DATABASE: what comes in, as SQL in the copy NAME, must answer TEXT.
expect() {
	local answer

	answer=$(at "$1" psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$3" 2>&1 | head -n 5)
	[ "$answer" = "$2" ] || echo "$1, database $3: ${answer:-no answer}"
}

check_balance() { # NAME
	expect "$1" t postgres <<-'SQL'
		select (select sum(abalance) from pgbench_accounts) = (select sum(tbalance) from pgbench_tellers)
			and (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches)
			and (select sum(bbalance) from pgbench_branches)
				= coalesce((select sum(delta) from pgbench_history), 0)
	SQL
}

check_prepared() { # NAME: those that were prepared can be committed, and keep their ledger
	at "$1" psql -X -q -A -t -d storm -c "select 'commit prepared ''' || gid || ''';'
		from pg_prepared_xacts where database = 'storm'" | expect "$1" '' storm
	expect "$1" 0 storm <<-'SQL'
		select count(*) from (select k, count(*) c from prepared group by k) a
			full join (select k, sum(n) c from prepared_ledger group by k) b using (k)
			where a.c is distinct from b.c
	SQL
}

# check_ledger NAME STAY: unlogged tables are as they were after a clean stop (1), else empty (0).
check_ledger() {
	expect "$1" '' storm <<-SQL
		do \$\$ declare r record; n bigint; begin
			for r in select * from ledger loop
				execute 'select count(*) from ' || r.name into n;
				if n <> (case when r.k = '' or $2 = 1 then r.n else 0 end) then
					raise notice 'table % has % rows, ledger % %', r.name, n, r.n, r.k;
				end if;
				execute 'set local enable_seqscan = off';
				execute 'select count(*) from ' || r.name || ' where id >= 0';
				execute 'set local enable_seqscan = on';
			end loop;
			for r in select * from los loop
				if md5(lo_get(r.o)) <> r.h then raise notice 'large object % differs', r.o; end if;
			end loop;
			select count(*) into n from pg_class where relkind = 'r' and relname ~ '^t_'
				and relname not in (select name from ledger);
			if n > 0 then raise notice '% tables are in no ledger', n; end if;
		end \$\$
	SQL
}

# Every row can be read, and every index agrees with its table.
check_database() { # NAME DATABASE
	local every=', true'

	[ "$major" -gt 10 ] || every=
	expect "$1" '' "$2" <<-SQL
		set client_min_messages = error;
		do \$\$ declare r record; n bigint; begin
			for r in select oid::regclass o from pg_class where relkind in ('r', 'm') loop
				execute 'select count(x::text) from ' || r.o || ' x' into n;
			end loop;
			create extension if not exists amcheck;
			for r in select c.oid o from pg_index i join pg_class c on c.oid = i.indexrelid
				join pg_am a on a.oid = c.relam where amname = 'btree' and relpersistence = 'p'
				and indisvalid and indisready loop
				execute 'select bt_index_check(' || r.o || '$every)';
			end loop;
		end \$\$
	SQL
}

check_databases() { # NAME
	local database

	# -2: dropped in part (dropdb() of PostgreSQL), in the original as well
	for database in $(sql "$1" 'select datname from pg_database
			where datallowconn and datconnlimit <> -2'); do
		case $database in
		d_* | r_* | tmpl)
			expect "$1" 2000:2001000 "$database" <<<"select count(*) || ':' || sum(i) from tt"
			;;
		esac
		check_database "$1" "$database"
	done
}

# storm_check NAME STAY: what is wrong with the copy; nothing, if it is good.
storm_check() {
	check_balance "$1"
	check_prepared "$1"
	check_ledger "$1" "$2"
	check_databases "$1"
}

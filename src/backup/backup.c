#include "backup/backup.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "lib/interrupt.h"
#include "lib/lsn.h"
#include "lib/sys.h"

static void
tick(struct patrol *patrol)
{
	struct backup *b = (struct backup *)patrol;

	progress_tick(&b->stream.progress, backup_stream_passed(&b->stream));
}

static int
measure_tree(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_tree_measure(&b->tree, err);
}

static int
send_the_tree(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_tree_send(&b->tree, b->files, b->copies, err);
}

static int
send_the_wal(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_wal_send(&b->wal, b->copies, err);
}

static int
watch_slot(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_slot_watch(&b->slot, b->session, b->cluster.wal_fd, err);
}

static int
await_the_archive(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_archiving_await(b->opt, b->source.server, &b->wal, &b->stream, err);
}

static int
end_archive(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_wal_list(&b->wal, err) || backup_stream_end(&b->stream, err) ? -1 :
										     0;
}

static int
sync_output(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return output_finish(&b->stream.output, err);
}

static int
hurry(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_copies_hurry(b->copies, b->session, err);
}

static const struct patrol_ops measuring = { measure_tree, NULL, tick, NULL, NULL };
static const struct patrol_ops finding = { backup_cold_find, NULL, tick, NULL, NULL };
static const struct patrol_ops sending_cold_tree = { send_the_tree, backup_cold_watch,
	tick, NULL, NULL };
static const struct patrol_ops sending_cold_wal = { send_the_wal, backup_cold_watch, tick,
	NULL, NULL };
static const struct patrol_ops rechecking = { backup_cold_recheck, NULL, tick, NULL,
	NULL };
static const struct patrol_ops starting = { backup_server_start, NULL, tick, NULL, NULL };
static const struct patrol_ops sending_tree = { send_the_tree, backup_server_watch, tick,
	hurry, NULL };
static const struct patrol_ops sending_wal = { send_the_wal, watch_slot, tick, NULL,
	NULL };
static const struct patrol_ops awaiting_archive = { await_the_archive,
	backup_server_watch, tick, NULL, NULL };
static const struct patrol_ops ending = { end_archive, NULL, tick, NULL, NULL };
static const struct patrol_ops syncing = { sync_output, NULL, tick, NULL, NULL };

static int
run(struct backup *b, const char *phase, const struct patrol_ops *what, struct error *err)
{
	progress_phase(&b->stream.progress, phase);
	return patrol_run(&b->patrol, what, err);
}

static int
open_pages(struct backup *b, struct error *err)
{
	return backup_pages_open(
	    &b->pages, !b->opt->no_verify_checksums, &b->cluster, &b->source, err);
}

static int
open_files(struct backup *b, struct error *err)
{
	/* on a standby as of what was replayed, which recovery of the copy need not reach */
	if (b->source.server && !backup_source_in_recovery(&b->source) &&
	    databases_oldest_xid(b->session, &b->source.oldest_xid, err))
		return -1;
	return backup_files_open(&b->files,
	    &(struct backup_files_options){
		&b->cluster, &b->tablespaces, &b->source, &b->cancel },
	    b->session, err);
}

static int
note_copies(struct backup *b, struct error *err)
{
	return backup_copies_new(&b->copies,
	    &(struct backup_copies_options){ &b->cluster, &b->tablespaces, &b->source },
	    err);
}

static int
open_stream(struct backup *b, struct error *err)
{
	if (backup_stream_open(
		&b->stream, b->source.is_frozen, backup_pages_check(b->pages), err))
		return -1;
	b->patrol.pipe = b->stream.pipe;
	return 0;
}

static int
send_tree(struct backup *b, const struct patrol_ops *how, struct error *err)
{
	if (run(b, "sending files", how, err))
		return -1;
	progress_settle(&b->stream.progress, blockpipe_planned(b->stream.pipe));
	return 0;
}

/*
 * With -P: how much there is, before the backup begins, so that it need not wait.  Where
 * nothing may change it is also what all must be like in the end.
 */
static int
measure(struct backup *b, struct error *err)
{
	if (!b->opt->progress && !b->source.is_frozen)
		return 0;
	if (run(b, "measuring", &measuring, err))
		return -1;
	b->stream.progress.total = b->tree.sum.size;
	return 0;
}

static int
send_wal(struct backup *b, struct error *err)
{
	const bool is_sent = b->opt->wal_method == WAL_FETCH;

	if (run(b, is_sent ? "sending WAL" : "checking WAL", &sending_wal, err))
		return backup_wal_explain(&b->wal, err);
	/* it has been read; the rest may take long without holding any */
	backup_slot_drop(&b->slot);
	return 0;
}

static int
await_archive(struct backup *b, struct error *err)
{
	if (!backup_archiving_is_awaited(b->opt, b->source.server))
		return 0;
	return run(b, "waiting for the WAL archive", &awaiting_archive, err);
}

/* The archive is complete: under our own identity make it visible and durable. */
static int
finish_output(struct backup *b, struct error *err)
{
	if (identity_regain(&b->identity, err) || run(b, "syncing", &syncing, err))
		return -1;
	progress_end(&b->stream.progress, backup_stream_passed(&b->stream));
	return 0;
}

static void
report(const struct backup *b)
{
	char start[LSN_TEXT], stop[LSN_TEXT], size[PROGRESS_BYTES_TEXT];

	for (size_t i = 0; i < b->tablespaces.sent.count; i++) {
		const struct tablespace *t = &b->tablespaces.sent.rows[i];

		if (t->size > 0)
			message_info("tablespace %s at \"%s\", %s", t->oid_text,
			    t->target, progress_bytes(size, t->size));
		else
			message_info("tablespace %s at \"%s\"", t->oid_text, t->target);
	}
	if (b->opt->verbose || isatty(STDERR_FILENO))
		message_note(
		    "backup complete: %s of tar, WAL from %s to %s on timeline %lu",
		    progress_bytes(size, backup_stream_passed(&b->stream)),
		    lsn_print(start, b->wal.range.start_lsn),
		    lsn_print(stop, b->wal.range.stop_lsn),
		    (unsigned long)b->wal.range.timeline);
}

/* Of a running server, which is asked to start and to stop the backup. */
static int
back_up_server(struct backup *b, struct error *err)
{
	return backup_server_connect(b, err) || backup_config_find(&b->config, err) ||
		measure(b, err) || run(b, "waiting for the checkpoint", &starting, err) ||
		backup_tablespaces_read_anew(&b->tablespaces, err) ||
		backup_stream_check_outside(&b->stream, b->report, err) ||
		backup_server_in_place(b, err) || open_pages(b, err) ||
		open_files(b, err) || note_copies(b, err) || open_stream(b, err) ||
		send_tree(b, &sending_tree, err) || backup_server_stop(b, err) ||
		send_wal(b, err) || await_archive(b, err) ?
	    -1 :
	    0;
}

/* Of a cluster that is shut down, or a snapshot, in which nothing may change. */
static int
back_up_cold(struct backup *b, struct error *err)
{
	if (backup_cold_check(b, err) || backup_config_find(&b->config, err))
		return -1;
	if (measure(b, err) || run(b, "finding the end of WAL", &finding, err))
		return backup_cold_explain(b, err);
	if (open_pages(b, err) || open_files(b, err) || note_copies(b, err) ||
	    open_stream(b, err))
		return -1;
	if (send_tree(b, &sending_cold_tree, err) ||
	    run(b, "sending WAL", &sending_cold_wal, err) ||
	    run(b, "looking for changes", &rechecking, err))
		return backup_cold_explain(b, err);
	return 0;
}

/* The steps of pg_basetar(1), in their order. */
static int
make_backup(struct backup *b, struct error *err)
{
	if (backup_report_open(b, err) || backup_cluster_open(&b->cluster, err) ||
	    /* a report is also written when we come no further than this */
	    report_refuse_inside(
		b->report, &b->cluster.datadir_stat, "the data directory", err) ||
	    output_open(&b->stream.output, b->opt, &b->cancel, err) ||
	    backup_report_check(b, err) ||
	    identity_assume(
		&b->identity, &b->cluster.datadir_stat, b->cluster.pgdata, err) ||
	    backup_cluster_read(&b->cluster, b->opt->waldir, err) ||
	    backup_tablespaces_read(&b->tablespaces, err) ||
	    backup_stream_check_outside(&b->stream, b->report, err) ||
	    backup_tablespaces_without(&b->tablespaces, err) ||
	    (b->opt->source == SOURCE_SERVER ? back_up_server(b, err) :
					       back_up_cold(b, err)) ||
	    run(b, "ending the archive", &ending, err) ||
	    backup_pages_stop(b->pages, b->wal.range.stop_lsn, err) ||
	    backup_files_stop(b->files, b->wal.proof, b->wal.range.stop_lsn,
		&b->tree.last_control, err) ||
	    finish_output(b, err))
		return -1;
	report(b);
	return 0;
}

/* In the order that takes back what was done: threads first, the output last. */
static void
end_run(struct backup *b)
{
	struct error ignored = { 0 };

	backup_report_count(b);
	backup_stream_close(&b->stream);
	backup_slot_drop(&b->slot);
	session_free(b->session); /* a backup that still runs there is over */
	b->session = NULL;
	/* a temporary name is removed by who made it */
	(void)!identity_regain(&b->identity, &ignored);
	output_free(&b->stream.output);
	message_progress_end();
	progress_phase(&b->stream.progress, NULL);
}

static void
forget(struct backup *b)
{
	report_free(b->report);
	backup_pages_free(b->pages);
	backup_files_free(b->files);
	backup_server_free(b);
	backup_tablespaces_free(&b->tablespaces);
	backup_config_free(&b->config);
	backup_cluster_free(&b->cluster);
	backup_wal_free(&b->wal);
	backup_copies_free(b->copies);
}

/* Each says its own; then false. */
static bool
report_findings(const struct backup *b)
{
	const bool are_pages_sound = backup_pages_report(b->pages),
		   are_files_sound = backup_files_report(b->files);

	return backup_access_report(&b->tree.access) && are_pages_sound &&
	    are_files_sound;
}

static void
know_source(struct backup *b)
{
	static const struct backup_source_facts sources[] = {
		[SOURCE_SERVER] = { .mode = "online", .exclude = EXCLUDE_RECOVERS },
		[SOURCE_STOPPED] = { .mode = "offline", .is_frozen = true },
		[SOURCE_SNAPSHOT] = { .mode = "snapshot",
		    .is_frozen = true,
		    .is_of_a_moment = true },
	};

	b->source = sources[b->opt->source];
	if (!b->source.is_frozen)
		b->source.server = &b->server;
}

int
backup_run(const struct options *opt, bool *is_sound, struct error *err)
{
	struct backup b = {
		.opt = opt,
		.stream = { .opt = opt,
		    .cluster = &b.cluster,
		    .tablespaces = &b.tablespaces,
		    .identity = &b.identity,
		    .cancel = &b.cancel },
		.wal = { .opt = opt,
		    .cluster = &b.cluster,
		    .tablespaces = &b.tablespaces,
		    .source = &b.source,
		    .stream = &b.stream },
		.config = { .cluster = &b.cluster, .source = &b.source },
		.tree = { .opt = opt,
		    .cluster = &b.cluster,
		    .tablespaces = &b.tablespaces,
		    .source = &b.source,
		    .config = &b.config,
		    .wal = &b.wal,
		    .stream = &b.stream },
		.tablespaces = { .cluster = &b.cluster,
		    .choice = { &opt->relocations, &opt->without } },
	};
	int rc;

	know_source(&b);
	backup_cluster_init(&b.cluster, opt->pgdata);
	b.patrol.cancel = &b.cancel;
	b.patrol.outcome = "no backup was made";
	progress_start(&b.stream.progress, opt->progress && !opt->quiet);
	rc = make_backup(&b, err);
	*is_sound = rc == 0 && report_findings(&b);
	end_run(&b);
	if (rc == -1 && interrupt_signal() != 0)
		patrol_interrupted(&b.patrol, err);
	backup_report_write(&b, *is_sound, rc == -1 ? err : NULL);
	forget(&b);
	return rc;
}

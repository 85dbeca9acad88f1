/*
 * The command `backup` is a list of steps, make_backup(), over parts that do the work.  Only here
 * is it decided in which order they come, which of them run in a thread that the main thread
 * watches (cli/patrol.h), and which run as the user that started us, not as the owner of the data
 * directory (cli/identity.h).
 */
#include "backup/backup.h"

#include <signal.h>
#include <stdlib.h>

#include "backup/archiving.h"
#include "backup/check.h"
#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/copies.h"
#include "backup/files.h"
#include "backup/pages.h"
#include "backup/report.h"
#include "backup/running.h"
#include "backup/snapshot.h"
#include "backup/source.h"
#include "backup/stopped.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/identity.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/patrol.h"
#include "format/report.h"
#include "inventory/keep.h"
#include "lib/cancel.h"
#include "lib/interrupt.h"
#include "stream/blockpipe.h"

/* The parts of a backup.  Each knows those that it was given, and nothing of this. */
struct backup {
	struct patrol patrol; /* first: its ops find the rest from it */
	const struct options *opt;
	struct cancel cancel;
	struct identity identity;

	struct backup_report report;
	struct backup_cluster cluster;
	struct backup_tablespaces tablespaces;
	struct backup_source *source;
	struct backup_config config;
	struct backup_stream stream;
	struct backup_tree tree;
	struct backup_wal wal;

	/* that judge what is sent; NULL: it is not sent yet */
	struct backup_pages *pages;
	struct backup_files *files;
	struct backup_copies *copies;
};

/* ---- work in a thread of its own, and what the main thread does meanwhile ---- */

static int
measure_tree(struct patrol *patrol, struct error *err)
{
	return backup_tree_measure(&((struct backup *)patrol)->tree, err);
}

static int
begin_source(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return b->source->ops->begin(b->source, err);
}

static int
send_whole_tree(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_tree_send(&b->tree, b->files, b->copies, err);
}

static int
send_all_wal(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_wal_send(&b->wal, b->copies, err);
}

static int
await_server(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_archiving_await(
	    b->opt, b->source->facts.server, &b->wal, &b->stream, err);
}

static int
recheck_source(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return b->source->ops->recheck(b->source, &b->tree, err);
}

static int
end_stream(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return backup_wal_list(&b->wal, err) || backup_stream_end(&b->stream, err) ? -1 :
										     0;
}

static int
sync_output(struct patrol *patrol, struct error *err)
{
	return output_finish(&((struct backup *)patrol)->stream.output, err);
}

static int
watch_tree(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return b->source->ops->watch_tree(b->source, b->copies, err);
}

static int
hurry_tree(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	if (b->source->ops->hurry_tree == NULL)
		return 0;
	return b->source->ops->hurry_tree(b->source, b->copies, err);
}

static int
watch_wal(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;

	return b->source->ops->watch_wal(b->source, err);
}

static void
tick(struct patrol *patrol)
{
	struct backup *b = (struct backup *)patrol;

	progress_tick(&b->stream.progress, backup_stream_passed(&b->stream));
}

static const struct patrol_ops measuring = { .work = measure_tree, .tick = tick };
static const struct patrol_ops beginning = { .work = begin_source, .tick = tick };
static const struct patrol_ops sending_tree = {
	.work = send_whole_tree, .watch = watch_tree, .tick = tick, .hurry = hurry_tree
};
static const struct patrol_ops sending_wal = {
	.work = send_all_wal, .watch = watch_wal, .tick = tick
};
static const struct patrol_ops awaiting = {
	.work = await_server, .watch = watch_tree, .tick = tick
};
static const struct patrol_ops rechecking = { .work = recheck_source, .tick = tick };
static const struct patrol_ops ending = { .work = end_stream, .tick = tick };
static const struct patrol_ops syncing = { .work = sync_output, .tick = tick };

static int
run(struct backup *b, const char *phase, const struct patrol_ops *what, struct error *err)
{
	progress_phase(&b->stream.progress, phase);
	return patrol_run(&b->patrol, what, err);
}

/* A step that fails if something changed that must not, or is gone: then that is said. */
static int
run_explained(
    struct backup *b, const char *phase, const struct patrol_ops *what, struct error *err)
{
	return run(b, phase, what, err) ? b->source->ops->explain(b->source, err) : 0;
}

/* ---- the steps ---- */

/* The report first, then what is backed up, then the output; and who we are. */
static int
open_all(struct backup *b, struct error *err)
{
	return backup_report_open(&b->report, b->opt, err) ||
		backup_cluster_open(&b->cluster, err) ||
		/* a report is also written when we come no further than this */
		report_refuse_inside(b->report.report, &b->cluster.datadir_stat,
		    "the data directory", err) ||
		output_open(&b->stream.output, b->opt, &b->cancel, err) ||
		backup_report_check(&b->report, &b->stream.output, err) ||
		identity_assume(
		    &b->identity, &b->cluster.datadir_stat, b->cluster.pgdata, err) ?
	    -1 :
	    0;
}

/* What the cluster says of itself, and where its tablespaces are. */
static int
read_cluster(struct backup *b, struct error *err)
{
	return backup_cluster_read(&b->cluster, b->opt->waldir, err) ||
		backup_tablespaces_read(&b->tablespaces, err) ||
		backup_stream_check_outside(&b->stream, b->report.report, err) ||
		backup_tablespaces_without(&b->tablespaces, err) ?
	    -1 :
	    0;
}

/*
 * With -P: how much there is, before the backup begins, so that it need not wait.  Where
 * nothing may change it is also what all must be like in the end.
 */
static int
measure(struct backup *b, struct error *err)
{
	const bool is_shown = b->opt->progress || b->opt->progress_fd > 0,
		   is_wanted = is_shown && !b->opt->no_estimate_size;

	if (!is_wanted && !b->source->facts.is_frozen)
		return 0;
	if (run_explained(b, "measuring", &measuring, err))
		return -1;
	b->stream.progress.total = b->tree.sum.size;
	return 0;
}

static int
backup_begin(struct backup *b, struct error *err)
{
	const struct backup_source_ops *ops = b->source->ops;

	if (run_explained(b, ops->beginning, &beginning, err))
		return -1;
	if (ops->accept == NULL)
		return 0;
	return backup_tablespaces_read_anew(&b->tablespaces, err) ||
		backup_stream_check_outside(&b->stream, b->report.report, err) ||
		ops->accept(b->source, err) ?
	    -1 :
	    0;
}

/* Those that judge what is sent, and the archive that it is sent to. */
static int
open_archive(struct backup *b, struct error *err)
{
	const struct backup_source_facts *facts = &b->source->facts;

	if (backup_pages_open(
		&b->pages, !b->opt->no_verify_checksums, &b->cluster, facts, err) ||
	    backup_files_open(&b->files,
		&(struct backup_files_options){
		    &b->cluster, &b->tablespaces, b->source, &b->cancel },
		err) ||
	    backup_copies_new(&b->copies,
		&(struct backup_copies_options){ &b->cluster, &b->tablespaces, facts },
		err) ||
	    backup_stream_open(
		&b->stream, facts->is_frozen, backup_pages_check(b->pages), err))
		return -1;
	b->wal.files = b->files;
	b->patrol.pipe = b->stream.pipe;
	b->report.of.pages = b->pages;
	return 0;
}

static int
send_tree(struct backup *b, struct error *err)
{
	if (run_explained(b, "sending files", &sending_tree, err))
		return -1;
	progress_settle(&b->stream.progress, blockpipe_planned(b->stream.pipe));
	return 0;
}

static int
stop(struct backup *b, struct error *err)
{
	if (b->source->ops->stop == NULL)
		return 0;
	progress_phase(&b->stream.progress, "ending the backup");
	return b->source->ops->stop(b->source, b->copies, err);
}

static int
send_wal(struct backup *b, struct error *err)
{
	const bool is_sent = b->opt->wal_method == WAL_FETCH;

	if (run_explained(b, is_sent ? "sending WAL" : "checking WAL", &sending_wal, err))
		return -1;
	/* the rest may take long */
	if (b->source->ops->release_wal)
		b->source->ops->release_wal(b->source);
	return 0;
}

static int
await_archive(struct backup *b, struct error *err)
{
	if (!backup_archiving_is_awaited(b->opt, b->source->facts.server))
		return 0;
	return run(b, "waiting for the WAL archive", &awaiting, err);
}

static int
look_for_changes(struct backup *b, struct error *err)
{
	if (b->source->ops->recheck == NULL)
		return 0;
	return run_explained(b, "looking for changes", &rechecking, err);
}

/* The archive is complete, the WAL known: what do those say that judged what was sent? */
static int
end_archive(struct backup *b, struct error *err)
{
	const uint64_t stop_lsn = b->wal.range.stop_lsn;

	return run(b, "ending the archive", &ending, err) ||
		backup_pages_stop(b->pages, stop_lsn, err) ||
		backup_files_stop(
		    b->files, b->wal.proof, stop_lsn, &b->tree.last_control, err) ?
	    -1 :
	    0;
}

/* Under our own identity make it visible and durable. */
static int
finish_output(struct backup *b, struct error *err)
{
	if (identity_regain(&b->identity, err) || run(b, "syncing", &syncing, err))
		return -1;
	progress_end(&b->stream.progress, backup_stream_passed(&b->stream));
	return 0;
}

/* The steps of pg_basetar(1), in their order. */
static int
make_backup(struct backup *b, struct error *err)
{
	if (open_all(b, err) || read_cluster(b, err) ||
	    backup_report_begin(&b->report, &b->identity, err) ||
	    backup_source_check(b->source, err) || backup_config_find(&b->config, err) ||
	    measure(b, err) || backup_begin(b, err) || open_archive(b, err) ||
	    send_tree(b, err) || stop(b, err) || send_wal(b, err) ||
	    await_archive(b, err) || look_for_changes(b, err) || end_archive(b, err) ||
	    finish_output(b, err))
		return -1;
	backup_report_say(&b->report);
	return 0;
}

/* ---- the run as a whole ---- */

static int
make_source(struct backup *b, struct error *err)
{
	static int (*const sources[])(struct backup_source **,
	    const struct backup_source_parts *, struct error *) = {
		[SOURCE_SERVER] = backup_running_new,
		[SOURCE_STOPPED] = backup_stopped_new,
		[SOURCE_SNAPSHOT] = backup_snapshot_new,
	};
	const struct backup_source_parts parts = { b->opt, &b->cluster, &b->tablespaces,
		&b->wal, &b->cancel };

	return sources[b->opt->source](&b->source, &parts, err);
}

/* Each part is told where the others are. */
static int
assemble(struct backup *b, struct error *err)
{
	const struct options *opt = b->opt;

	b->patrol.cancel = &b->cancel;
	b->patrol.outcome = "no backup was made";
	backup_cluster_init(&b->cluster, opt->pgdata);
	b->tablespaces = (struct backup_tablespaces){ .cluster = &b->cluster,
		.choice = { &opt->relocations, &opt->without } };
	if (make_source(b, err))
		return -1;
	b->config =
	    (struct backup_config){ .cluster = &b->cluster, .source = &b->source->facts };
	b->stream = (struct backup_stream){ .opt = opt,
		.cluster = &b->cluster,
		.tablespaces = &b->tablespaces,
		.identity = &b->identity,
		.cancel = &b->cancel };
	b->wal = (struct backup_wal){ .opt = opt,
		.cluster = &b->cluster,
		.tablespaces = &b->tablespaces,
		.source = &b->source->facts,
		.stream = &b->stream };
	b->tree = (struct backup_tree){ .opt = opt,
		.cluster = &b->cluster,
		.tablespaces = &b->tablespaces,
		.source = b->source,
		.config = &b->config,
		.wal = &b->wal,
		.stream = &b->stream };
	b->report.of = (struct backup_report_parts){ .opt = opt,
		.cluster = &b->cluster,
		.source = &b->source->facts,
		.tablespaces = &b->tablespaces,
		.config = &b->config,
		.stream = &b->stream,
		.wal = &b->wal };
	progress_start(
	    &b->stream.progress, opt->progress && !opt->quiet, (int)opt->progress_fd);
	return 0;
}

/* In the order that takes back what was done: threads first, the output last. */
static void
end_run(struct backup *b)
{
	struct error ignored = { 0 };

	backup_report_count(&b->report, &b->stream);
	backup_stream_close(&b->stream);
	if (b->source->ops->end)
		b->source->ops->end(b->source);
	/* the user that made a temporary name removes it; the verdict is known, and stays */
	(void)!identity_regain(&b->identity, &ignored);
	output_free(&b->stream.output);
	message_progress_end();
	progress_phase(&b->stream.progress, NULL);
}

static void
forget(struct backup *b)
{
	backup_report_free(&b->report);
	backup_wal_free(&b->wal);
	backup_copies_free(b->copies);
	backup_files_free(b->files);
	backup_pages_free(b->pages);
	backup_config_free(&b->config);
	backup_tablespaces_free(&b->tablespaces);
	b->source->ops->free(b->source);
	backup_cluster_free(&b->cluster);
}

static void
remove_older(struct backup *b, bool is_sound)
{
	const struct options *opt = b->opt;
	const struct keep_rule rule = { opt->keep, opt->keep_days };
	const struct keep_new made = { .path = opt->output,
		.pattern = opt->output_name,
		.is_sound = is_sound,
		.system_identifier = b->cluster.control.system_identifier,
		.start_lsn = b->wal.range.start_lsn,
		.start_timeline = b->wal.range.timeline,
		.history = &b->wal.history };

	if (rule.count > 0 || rule.days > 0)
		keep_run(&rule, &made, opt->keep_dry_run, opt->verbose);
}

int
backup_run(const struct options *opt, bool *is_sound, struct error *err)
{
	struct backup b = { .opt = opt };
	int rc;

	*is_sound = false;
	if (assemble(&b, err))
		return -1;
	rc = opt->dry_run ? backup_check_run(&b.cluster, &b.config, &b.tree, err) :
			    make_backup(&b, err);
	b.source->is_complete = rc == 0 && !opt->dry_run;
	*is_sound = rc == 0 &&
	    (opt->dry_run || backup_report_findings(b.pages, b.files, &b.tree.access));
	end_run(&b);
	if (b.source->is_complete)
		remove_older(&b, *is_sound);
	if (rc == -1 && interrupt_signal() != 0)
		patrol_interrupted(&b.patrol, err);
	backup_report_write(&b.report, *is_sound, rc == -1 ? err : NULL);
	forget(&b);
	return rc;
}

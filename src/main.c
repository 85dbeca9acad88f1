/* pg_basetar: options -> command -> print the one error -> exit status. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/backup.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/opttable.h"
#include "cli/optusage.h"
#include "completion/completion.h"
#include "format/metrics.h"
#include "format/report.h"
#include "info/info.h"
#include "lib/interrupt.h"
#include "restore/restore.h"
#include "verify/verify.h"

/*
 * Descriptors 0 to 2 that our parent closed would be given to the first files we open,
 * and messages would go into them.  Fill the gaps with something that no write reaches.
 */
static int
fill_standard_streams(struct error *err)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDONLY) == -1)
			return error_set(
			    err, ERROR_IO, errno, "could not open \"/dev/null\"");
	return 0;
}

static int
print(const char *text, struct error *err)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return error_set(
		    err, ERROR_IO, errno, "could not write to standard output");
	return 0;
}

/* Of the command; NULL: of the whole program. */
static int
print_usage(const enum opttable_command *command, struct error *err)
{
	struct buf text = { 0 };
	int rc = command ? optusage_print(&text, *command, err) :
			   optusage_overview(&text, err);

	if (rc == 0)
		rc = print(buf_text(&text), err);
	buf_free(&text);
	return rc;
}

static int
print_script(const char *shell, struct error *err)
{
	struct buf text = { 0 };
	int rc = completion_print(&text, shell, err);

	if (rc == 0)
		rc = print(buf_text(&text), err);
	buf_free(&text);
	return rc;
}

static void
say_notes(const struct options *options)
{
	for (size_t i = 0; i < options->notes.count; i++)
		message_note("%s", options->notes.rows[i]);
}

static int
run_command(const struct options *options, bool *is_sound, struct error *err)
{
	switch (options->command) {
	case COMMAND_VERIFY:
		return verify_run(options, is_sound, err);
	case COMMAND_INFO:
		return info_run(options, err);
	case COMMAND_RESTORE:
		return restore_run(options, is_sound, err);
	default:
		return backup_run(options, is_sound, err);
	}
}

static int
run(int argc, char *const *argv, bool *is_sound, struct error *err)
{
	struct options options;
	int rc;

	if (fill_standard_streams(err))
		return -1;
	switch (options_parse(argc, argv, &options, err)) {
	case OPTIONS_OVERVIEW:
		return print_usage(NULL, err);
	case OPTIONS_HELP:
		rc = print_usage(&options.command, err);
		options_free(&options);
		return rc;
	case OPTIONS_VERSION:
		return print("pg_basetar " OPTIONS_PROGRAM_VERSION "\n", err);
	case OPTIONS_COMPLETION:
		return print_script(options.shell, err);
	case OPTIONS_RUN:
		message_set_level(options.quiet ? MESSAGE_QUIET :
			options.verbose         ? MESSAGE_VERBOSE :
						  MESSAGE_NORMAL);
		say_notes(&options);
		rc = metrics_check(options.metrics, err) || interrupt_install(err) ||
			run_command(&options, is_sound, err) ?
		    -1 :
		    0;
		options_free(&options);
		return rc;
	default:
		return -1;
	}
}

int
main(int argc, char **argv)
{
	struct error err = { 0 };
	bool is_sound = true;

	if (run(argc, argv, &is_sound, &err) == 0)
		return is_sound ? REPORT_SOUND : REPORT_FINDINGS;
	message_error(&err);
	/* all is tidy; whoever started us shall see what ended us */
	if (err.kind == ERROR_CANCELLED && interrupt_signal() != 0)
		interrupt_die(interrupt_signal());
	return REPORT_FAILED;
}

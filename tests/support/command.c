#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/backup.h"
#include "cli/message.h"
#include "cli/options.h"
#include "info/info.h"
#include "lib/interrupt.h"
#include "restore/restore.h"
#include "verify/verify.h"

enum { WORDS = 32, LINE = 8192 };

/* ---- the command line ---- */

struct words {
	int count;
	char *word[WORDS + 1];
	char text[LINE];
};

static void
split(struct words *w, const char *root, const char *line)
{
	char *to = w->text, *const end = w->text + sizeof(w->text) - 1;

	snprintf(w->text, sizeof(w->text), "pg_basetar");
	w->word[0] = to;
	w->count = 1;
	to += strlen(to) + 1;
	for (const char *from = line; *from != '\0';) {
		w->word[w->count++] = to;
		for (; *from != '\0' && *from != ' '; from++) {
			const char *piece = *from == '%' ? root : from;
			size_t len = *from == '%' ? strlen(root) : 1;

			if (w->count >= WORDS || (size_t)(end - to) <= len)
				abort();
			memcpy(to, piece, len);
			to += len;
		}
		*to++ = '\0';
		from += *from == ' ';
	}
	w->word[w->count] = NULL;
}

/* ---- what it says ---- */

/* Of standard error, and of standard output; NULL, -1: not now. */
static struct {
	FILE *heard[2];
	int kept[2];
} hearing;

static void
end_hearing(char *said, size_t size)
{
	size_t len = 0;

	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		if (dup2(hearing.kept[i], i == 0 ? 2 : 1) == -1)
			abort();
		close(hearing.kept[i]);
		rewind(hearing.heard[i]);
		len += fread(said + len, 1, size - 1 - len, hearing.heard[i]);
		fclose(hearing.heard[i]);
		hearing.heard[i] = NULL;
	}
	said[len] = '\0';
}

/* An assertion failed in the run, and what it says was heard as well. */
static void
give_back(void)
{
	static char said[65536];

	if (hearing.heard[0] == NULL)
		return;
	end_hearing(said, sizeof(said));
	fputs(said, stderr);
}

static void
hear(void)
{
	static bool is_registered;

	if (!is_registered && atexit(give_back))
		abort();
	is_registered = true;
	give_back();
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		hearing.heard[i] = tmpfile();
		hearing.kept[i] = dup(i == 0 ? 2 : 1);
		if (hearing.heard[i] == NULL || hearing.kept[i] == -1 ||
		    dup2(fileno(hearing.heard[i]), i == 0 ? 2 : 1) == -1)
			abort();
	}
}

/* ---- the run ---- */

static int
run_options(const struct options *opt, bool *is_sound, struct error *err)
{
	switch (opt->command) {
	case COMMAND_VERIFY:
		return verify_run(opt, is_sound, err);
	case COMMAND_INFO:
		return info_run(opt, err);
	case COMMAND_RESTORE:
		return restore_run(opt, is_sound, err);
	default:
		return backup_run(opt, is_sound, err);
	}
}

static int
run_words(const struct words *w, struct error *err)
{
	static bool is_installed;
	struct options opt;
	bool is_sound = true;
	int rc;

	if (!is_installed && interrupt_install(err))
		abort();
	is_installed = true;
	if (options_parse(w->count, w->word, &opt, err) != OPTIONS_RUN)
		return REPORT_FAILED;
	message_set_level(opt.quiet ? MESSAGE_QUIET :
		opt.verbose         ? MESSAGE_VERBOSE :
				      MESSAGE_NORMAL);
	rc = run_options(&opt, &is_sound, err);
	options_free(&opt);
	return rc ? REPORT_FAILED : is_sound ? REPORT_SOUND : REPORT_FINDINGS;
}

void
command_run(struct command *c, const char *root, const char *line)
{
	struct error err = { 0 };
	struct words words;

	split(&words, root, line);
	hear();
	c->status = run_words(&words, &err);
	if (c->status == REPORT_FAILED)
		message_error(&err);
	end_hearing(c->said, sizeof(c->said));
}

void
command_expect(struct command *c, const char *root, const char *line, int status)
{
	command_run(c, root, line);
	if (c->status != status)
		fail_msg("%s: %d, not %d:\n%s", line, c->status, status, c->said);
}

void
command_expect_said(const struct command *c, const char *text)
{
	if (text[0] == '\0' ? c->said[0] != '\0' : strstr(c->said, text) == NULL)
		fail_msg("\"%s\" was not said, but:\n%s", text, c->said);
}

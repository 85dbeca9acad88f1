/* realpath() */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/backup_internal.h"
#include "run/message.h"
#include "util/sys.h"

/* A configuration file larger than that is none. */
#define CONFIG_MOST ((size_t)16 * 1024 * 1024)

bool
backup_is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Remember ${path}, unless it is NULL or in the data directory, and so sent anyway. */
static int
add_outside(struct backup *b, const char *name, const char *path, struct error *err)
{
	struct backup_config_row *row = &b->config.rows[b->config.count];
	char *real = path && path[0] == '/' ? realpath(path, NULL) : NULL;

	if (real == NULL || backup_is_below(real, b->datadir)) {
		free(real);
		return 0;
	}
	row->name = name;
	row->path = strdup(path);
	free(real);
	if (row->path == NULL)
		return error_memory(err);
	b->config.count++;
	message_info("\"%s\" is sent as %s/%s: it is not in the data directory", path,
	    LAYOUT_CONFIG, name);
	return 0;
}

/* A plain role is not told; then the server's command line tells of the main file. */
static int
add_from_command_line(struct backup *b, struct error *err)
{
	struct postmaster_opts opts = { 0 };
	struct error ignored = { 0 };
	int rc;

	if (postmaster_opts_read(b->datadir_fd, &opts, &ignored))
		return 0; /* it is for people; a server runs without */
	rc = add_outside(b, "postgresql.conf", postmaster_opts_setting(&opts, "config_file"), err);
	postmaster_opts_free(&opts);
	return rc;
}

int
backup_config_find(struct backup *b, struct error *err)
{
	const struct online_server *s = &b->server;

	if (s->config_file == NULL)
		return add_from_command_line(b, err);
	return add_outside(b, "postgresql.conf", s->config_file, err) ||
		add_outside(b, "pg_hba.conf", s->hba_file, err) ||
		add_outside(b, "pg_ident.conf", s->ident_file, err) ?
	    -1 :
	    0;
}

/* Links are followed here: an administrator laid them, outside of the cluster. */
static int
send_file(struct backup *b, const struct backup_config_row *row, struct error *err)
{
	struct error why = { 0 };
	struct buf bytes = { 0 }, name = { 0 };
	char *real = realpath(row->path, NULL);
	struct stat st;
	int rc = -1;

	if (real == NULL || stat(real, &st) == -1)
		error_set(&why, ERROR_IO, errno, "stat");
	if (why.kind != ERROR_NONE || sys_read_file(AT_FDCWD, real, CONFIG_MOST, &bytes, &why)) {
		char text[sizeof(why.text) + 64];

		snprintf(text, sizeof(text), "\"%s\" is not in the backup: %s", row->path,
		    why.text);
		message_warning(text);
		rc = 0;
		goto out;
	}
	if (buf_printf(&name, err, "%s/%s", LAYOUT_CONFIG, row->name))
		goto out;
	rc = archive_bytes(b->archive, LAYOUT_TREE, buf_text(&name), &st, bytes.data, bytes.len,
	    err);
out:
	buf_free(&name);
	buf_free(&bytes);
	free(real);
	return rc;
}

int
backup_config_send(struct backup *b, struct error *err)
{
	if (b->config.count > 0 &&
	    archive_directory(b->archive, LAYOUT_TREE, LAYOUT_CONFIG, NULL, err))
		return -1;
	for (size_t i = 0; i < b->config.count; i++)
		if (send_file(b, &b->config.rows[i], err))
			return -1;
	return 0;
}

void
backup_config_free(struct backup_config *config)
{
	for (size_t i = 0; i < config->count; i++)
		free(config->rows[i].path);
	config->count = 0;
}

/*
 * Is this host the one on which the cluster has its configuration?
 *
 * The files of a cluster that was shut down, and of a snapshot, name others outside of the data
 * directory by their paths.  On a host of another cluster these are that one's, as every host of
 * a kind has the same paths in /etc.  A path, or a text that is equal, proves nothing then; what
 * cannot be otherwise is that a directory has the cluster's system identifier.  So the directory
 * is looked at which the configuration calls its data directory, and those in which the server
 * worked: the original of a snapshot, or the very directory.  A directory that is not there is
 * none of another cluster, either: its file system may be mounted elsewhere, or the server was
 * in a container.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backup/cluster.h"
#include "backup/confighome.h"
#include "datadir/configfollow.h"
#include "datadir/configset.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "pg/postmaster.h"

static void
say_nothing(const char *text)
{
	(void)text;
}

int
backup_confighome_claim(const struct configset_options *options, const char *path,
    struct buf *datadir, struct error *err)
{
	struct configset_options quiet = *options;
	struct configset probe;
	const char *said;
	int rc;

	quiet.warn = say_nothing;
	configset_begin(&probe, &quiet);
	rc = configfollow_add(
	    &probe, CONFIGSET_SETTINGS, path, NULL, CONFIGSET_IF_EXISTS, err);
	said = configfollow_setting(&probe, "data_directory");
	if (rc == 0 && said)
		rc = buf_printf(datadir, err, "%s", said);
	configset_free(&probe);
	return rc;
}

/* The identifier is the first field of pg_control in every release. */
static enum confighome
compare_identifier(const struct backup_cluster *cluster, int fd)
{
	struct buf control = { 0 };
	struct error why = { 0 };
	enum confighome home = CONFIGHOME_OTHER;
	uint64_t identifier;

	if (sys_read_file(fd, "global/pg_control", CONTROL_SIZE, &control, &why) == -1)
		home = why.kind == ERROR_IO && why.sys == ENOENT ? CONFIGHOME_GONE :
								   CONFIGHOME_OTHER;
	else if (control.len >= sizeof(identifier)) {
		memcpy(&identifier, control.data, sizeof(identifier));
		if (identifier == cluster->control.system_identifier)
			home = CONFIGHOME_OURS;
	}
	buf_free(&control);
	return home;
}

/*
 * What is at ${path}?  What the cluster's owner may not look into never was the cluster's; with
 * the rights of another user nothing is known of it.
 */
static enum confighome
confighome_look_at(const struct backup_cluster *cluster, const char *path)
{
	enum confighome home;
	struct stat st;
	int fd;

	if (path == NULL || path[0] != '/')
		return CONFIGHOME_UNKNOWN;
	if (stat(path, &st) == 0 && sys_is_same_file(&st, &cluster->datadir_stat))
		return CONFIGHOME_OURS;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == EACCES && geteuid() != cluster->datadir_stat.st_uid)
		return CONFIGHOME_GONE;
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR ? CONFIGHOME_GONE :
							     CONFIGHOME_OTHER;
	home = compare_identifier(cluster, fd);
	sys_close(fd);
	return home;
}

/* The file that the server was started with, as far as that is known: where it may be. */
static int
main_file(const struct backup_cluster *cluster, const struct postmaster_opts *opts,
    struct buf *path, struct error *err)
{
	const char *file = postmaster_opts_setting(opts, "config_file");
	const char *directory = postmaster_opts_datadir(opts);

	if (file && file[0] == '/')
		return buf_printf(path, err, "%s", file);
	if (directory == NULL || directory[0] != '/' ||
	    confighome_look_at(cluster, directory) == CONFIGHOME_OURS)
		directory = cluster->datadir;
	return buf_printf(path, err, "%s/%s", directory, file ? file : "postgresql.conf");
}

/* What is said of the data directory, the strongest first. */
enum { COMMAND_LINE, CLAIM, PID_FILE, OPTION_D, NAMES };

/* The first of ${names} that is of ${home}; NULL: none is. */
static const char *
first_of(const struct backup_cluster *cluster, const char *const names[NAMES],
    enum confighome home)
{
	for (size_t i = 0; i < NAMES; i++)
		if (confighome_look_at(cluster, names[i]) == home)
			return names[i];
	return NULL;
}

/* Which of ${names} decides, and how; NULL: none does. */
static const char *
decide(const struct backup_cluster *cluster, const char *const names[NAMES],
    enum confighome *home)
{
	static const enum confighome order[] = { CONFIGHOME_OURS, CONFIGHOME_OTHER,
		CONFIGHOME_GONE };

	/* where the server worked once says nothing of what the file is for now */
	*home = CONFIGHOME_OTHER;
	if (confighome_look_at(cluster, names[COMMAND_LINE]) != CONFIGHOME_OURS &&
	    confighome_look_at(cluster, names[CLAIM]) == CONFIGHOME_OTHER)
		return names[CLAIM];
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *name = first_of(cluster, names, order[i]);

		*home = order[i];
		if (name)
			return name;
	}
	*home = CONFIGHOME_UNKNOWN;
	return NULL;
}

int
backup_confighome_find(const struct backup_cluster *cluster,
    const struct configset_options *options, const struct postmaster_opts *opts,
    enum confighome *home, struct buf *directory, struct error *err)
{
	struct buf path = { 0 }, claim = { 0 };
	const char *names[NAMES] = { [PID_FILE] = cluster->postmaster.datadir };
	const char *name;
	int rc;

	*home = CONFIGHOME_UNKNOWN;
	if (opts) {
		names[COMMAND_LINE] = postmaster_opts_setting(opts, "data_directory");
		names[OPTION_D] = postmaster_opts_datadir(opts);
		rc = main_file(cluster, opts, &path, err);
	} else
		rc = buf_printf(&path, err, "%s/postgresql.conf", cluster->datadir);
	if (rc == 0)
		rc = backup_confighome_claim(options, buf_text(&path), &claim, err);
	if (rc == 0) {
		names[CLAIM] = buf_text(&claim);
		name = decide(cluster, names, home);
		rc = name ? buf_printf(directory, err, "%s", name) : 0;
	}
	buf_free(&path);
	buf_free(&claim);
	return rc;
}

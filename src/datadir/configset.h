#ifndef PG_BASETAR_DATADIR_CONFIGSET_H
#define PG_BASETAR_DATADIR_CONFIGSET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The configuration files of a cluster: those that are named, and those that these include,
 * and so on.  A copy does not start, or not as the original, without any of them, wherever
 * it lies.  What the walk of the data directory sends is only noted; the content of all
 * others is read here.
 *
 * What the files say is believed as far as reading goes, and no further: each is opened with
 * the rights of this process, a regular file, and there are limits to all of it.  What cannot
 * be read is a warning that names it, and no error.
 */

#define CONFIGSET_FILES 2000
#define CONFIGSET_FILE_MOST ((size_t)16 * 1024 * 1024)
#define CONFIGSET_BYTES_MOST ((size_t)64 * 1024 * 1024) /* of all that are read */
#define CONFIGSET_TEXT_MOST ((size_t)4 * 1024 * 1024)   /* of all paths and names */
#define CONFIGSET_DEPTH 10 /* of includes, as in the server (CONF_FILE_MAX_DEPTH) */

/* What a file is, which says what else it may name. */
enum configset_kind {
	CONFIGSET_SETTINGS,       /* of the syntax of postgresql.conf */
	CONFIGSET_AUTHENTICATION, /* of that of pg_hba.conf */
	CONFIGSET_HOSTS,          /* of that of pg_hosts.conf */
	CONFIGSET_PLAIN,          /* names nothing */
	/* a private key: the server refuses one that others may read */
	CONFIGSET_SECRET,
	CONFIGSET_FILES_OF,    /* a directory, and all regular files in it */
	CONFIGSET_SETTINGS_OF, /* a directory, and the files NAME.conf in it */
	CONFIGSET_AUTHENTICATION_OF,
	CONFIGSET_HOSTS_OF
};

enum configset_need {
	CONFIGSET_REQUIRED,
	CONFIGSET_IF_EXISTS, /* the server goes on without it */
	CONFIGSET_IF_OUTSIDE /* it does so too, but then why would a setting name it? */
};

enum configset_where {
	CONFIGSET_TREE, /* in the data directory: the walk finds it */
	/* there too, but through a symbolic link, which is not followed */
	CONFIGSET_LINKED,
	CONFIGSET_OUTSIDE
};

struct configset_row {
	enum configset_where where;
	/* absolute, as the server names it; "." and ".." resolved */
	char *path;
	/*
	 * In the data directory: relative to it.  Outside: as it is to be called below the
	 * directory of such files, where its place relative to the main file is kept.
	 */
	char *name;
	enum configset_kind kind;
	bool is_directory, is_there; /* else it could not be read */
	struct stat st;              /* of LINKED and OUTSIDE */
	struct buf bytes;            /* of these, if they are files */
};

struct configset_options {
	const char *datadir; /* absolute, without links */
	int datadir_fd;      /* borrowed */
	bool has_includes;   /* authentication files have directives for that */
	/*
	 * A server in a container sees other files by the names that we see.  Its root as we see
	 * it, "/proc/PID/root": then only files are taken that are the same there.  NULL: it is
	 * not seen, and with ${is_foreign} no file outside of the data directory is taken.
	 */
	const char *server_root;
	bool is_foreign;
	const char
	    *foreign_why; /* what is said of such a file; NULL: it is a container */
	void (*warn)(const char *text);
};

/* Those that are asked for: a row each in configfollow.c. */
enum { CONFIGSET_SETTINGS_KEPT = 13 };

struct configset_setting {
	const char *name; /* static */
	char *value;
};

struct configset {
	struct configset_options opt;
	/* the server does not start without the files that pg_hosts.conf names */
	bool needs_hosts;
	bool has_hosts; /* that names a certificate */
	size_t count;
	/* after configset_sort(): as the tree of an archive */
	struct configset_row *rows;
	size_t naliases;
	char **aliases; /* other names of the data directory */
	size_t nbases;
	char **bases;     /* directories whose files keep their place */
	size_t nsettings; /* that the files have, the last of each */
	struct configset_setting settings[CONFIGSET_SETTINGS_KEPT];
	size_t bytes, text;
	bool is_full; /* and that was said */
};

void configset_begin(struct configset *, const struct configset_options *options);
/* All zeros is legal. */
void configset_free(struct configset *);

/* How a file is to be called, if it is outside of the data directory, and taken. */
struct configset_wish {
	const char *fixed; /* as for configfollow_add() */
	/* so that the file which includes it finds it there; NULL: none */
	const char *name;
	enum configset_need need;
};

/*
 * Add that one file or directory, without what it leads to: its content is appended to
 * ${content}; nothing is if it was known, cannot be read, or is a directory.
 */
MUST_CHECK int configset_take(struct configset *, enum configset_kind kind,
    const char *path, const struct configset_wish *wish, struct buf *content,
    struct error *err);

/* ${path} is not in the backup, because ${why}. */
void configset_warn(const struct configset *, const char *path, const char *why);

/* No more are added. */
void configset_sort(struct configset *);

/* The row of that place and name; NULL if absent. */
const struct configset_row *configset_find(
    const struct configset *, enum configset_where where, const char *name);

/* Is a row of that place ${name}, or below it ("": anywhere), and there? */
bool configset_has_below(
    const struct configset *, enum configset_where where, const char *name);

/* Is ${name} below a file of that place? */
bool configset_has_above(
    const struct configset *, enum configset_where where, const char *name);

#endif

/*
 * Processes are asked by /proc.  Most looks at one may fail, for it may end meanwhile or be another
 * user's: what cannot be seen is no server, except for the process that postmaster.pid names, for
 * which the answer is ATWORK_UNKNOWN.
 */
/* openat2(), O_PATH, System V shared memory */
#define _GNU_SOURCE
#include "datadir/atwork.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include "lib/buf.h"
#include "lib/number.h"
#include "lib/sys.h"

/* More than a process has of it: a line each of /proc/PID/maps. */
#define MAPS_MOST ((size_t)16 * 1024 * 1024)

static int
open_process(const char *number)
{
	char path[sizeof("/proc/") + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/%s", number);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- does it work in the directory? ---- */

enum sight { ELSEWHERE, HERE, UNSEEN };

static enum sight
look_where(int process, const struct stat *datadir)
{
	struct stat st;

	if (fstatat(process, "cwd", &st, 0) == 0)
		return sys_is_same_file(&st, datadir) ? HERE : ELSEWHERE;
	/* one that has ended, but was not waited for, has none */
	return errno == ENOENT ? ELSEWHERE : UNSEEN;
}

/* The effective user, which everybody may know; /proc/PID itself may be shown as root's. */
static bool
is_of_another_user(int process, uid_t owner)
{
	static const char line[] = "\nUid:";
	struct buf text = { 0 };
	struct error ignored;
	const char *at;
	uint64_t real, effective;
	bool is_it = false;

	if (sys_read_file(process, "status", (size_t)64 * 1024, &text, &ignored) == 0 &&
	    (at = strstr(buf_text(&text), line)) != NULL) {
		at += sizeof(line) - 1;
		at += strspn(at, "\t ");
		if (number_next(&at, UINT32_MAX, &real)) {
			at += strspn(at, "\t ");
			is_it = number_next(&at, UINT32_MAX, &effective) &&
			    effective != owner;
		}
	}
	buf_free(&text);
	return is_it;
}

/* The process that postmaster.pid names. */
static enum atwork
look_at_named(const struct postmaster *p, const struct stat *datadir)
{
	char number[24];
	enum sight sight;
	int process;

	if (!postmaster_is_alive(p))
		return ATWORK_NOT;
	snprintf(number, sizeof(number), "%" PRId64, p->pid);
	process = open_process(number);
	if (process == -1)
		return ATWORK_UNKNOWN;
	sight = look_where(process, datadir);
	if (sight == UNSEEN && is_of_another_user(process, datadir->st_uid))
		sight = ELSEWHERE;
	sys_close(process);
	return sight == HERE ? ATWORK_IS : sight == UNSEEN ? ATWORK_UNKNOWN : ATWORK_NOT;
}

/* ---- is any a server? ---- */

/* By the name of its program. */
static bool
is_postgres(int process)
{
	struct error ignored;
	char *path = NULL;
	const char *name;
	bool is_it;

	/* reading it takes the same right as reading cwd (proc(5)): the process has ended since */
	if (sys_readlink(process, "exe", &path, &ignored))
		return false;
	name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	is_it = strncmp(name, "postgres", 8) == 0;
	free(path);
	return is_it;
}

/* The segment has a name among what is mapped, in whatever container it was made. */
static bool
has_segment(int process, uint32_t key)
{
	struct buf text = { 0 };
	struct error ignored;
	char name[24];
	bool has = false;

	snprintf(name, sizeof(name), "/SYSV%08" PRIx32, key);
	if (sys_read_file(process, "maps", MAPS_MOST, &text, &ignored) == 0)
		has = strstr(buf_text(&text), name) != NULL;
	buf_free(&text);
	return has;
}

static bool
is_server(const char *number, const struct postmaster *p, const struct stat *datadir)
{
	const int process = open_process(number);
	bool is_it;

	if (process == -1)
		return false;
	is_it = look_where(process, datadir) == HERE &&
	    (is_postgres(process) ||
		(p->has_segment && has_segment(process, p->segment_key)));
	sys_close(process);
	return is_it;
}

/* Any process at all: *pid is its number. */
static bool
find_server(const struct postmaster *p, const struct stat *datadir, int64_t *pid)
{
	DIR *all = opendir("/proc");
	struct dirent *entry;
	bool is_found = false;
	uint64_t number;

	while (all && !is_found && (entry = readdir(all)) != NULL) {
		if (!number_parse(
			entry->d_name, strlen(entry->d_name), INT32_MAX, &number))
			continue;
		is_found = is_server(entry->d_name, p, datadir);
		if (is_found)
			*pid = (int64_t)number;
	}
	if (all)
		closedir(all);
	return is_found;
}

enum atwork
atwork_find(const struct postmaster *p, const struct stat *datadir, int64_t *pid)
{
	const enum atwork named = look_at_named(p, datadir);

	*pid = p->pid;
	if (named == ATWORK_IS || find_server(p, datadir, pid))
		return ATWORK_IS;
	return named;
}

/* ---- what is a path to it? ---- */

#ifdef SYS_openat2
/* Links of its own must not lead out of its root. */
static int
open_within(int root, const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}
#else
static int
open_within(int root, const char *path)
{
	(void)root;
	(void)path;
	return -1;
}
#endif

bool
atwork_stat(const struct postmaster *p, const struct stat *datadir, const char *path,
    struct stat *st)
{
	int64_t pid;
	char name[48];
	int root, fd;
	bool is_seen;

	if (atwork_find(p, datadir, &pid) != ATWORK_IS)
		return false;
	snprintf(name, sizeof(name), "/proc/%" PRId64 "/root", pid);
	root = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = root == -1 ? -1 : open_within(root, path);
	is_seen = fd != -1 && fstat(fd, st) == 0;
	sys_close(fd);
	sys_close(root);
	return is_seen;
}

/* ---- is the segment in use? ---- */

/*
 * It begins with a magic number and the process that made it (src/include/storage/pg_shmem.h):
 * that of another cluster may have got the same key and number after a reboot.
 */
static bool
is_made_by(int id, int64_t pid)
{
	const int32_t *head = shmat(id, NULL, SHM_RDONLY);
	bool is_it;

	if (head == (const void *)-1)
		return true; /* not ours to read: what its key says stands */
	is_it = head[1] == pid;
	shmdt(head);
	return is_it;
}

bool
atwork_has_segment(const struct postmaster *p)
{
	struct shmid_ds ds;
	const int id = p->has_segment ? shmget((key_t)p->segment_key, 0, 0) : -1;

	return id != -1 && (uint64_t)id == p->segment_id &&
	    shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch > 0 &&
	    ds.shm_segsz >= 2 * sizeof(int32_t) && is_made_by(id, p->pid);
}

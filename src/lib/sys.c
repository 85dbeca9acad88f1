/*
 * System calls are made whole here: a caller sees success, the end of the file or an error.
 * EINTR ends here, as a signal wakes a thread only to look at its cancel flag; so does EAGAIN, as
 * standard input and output may have been made non-blocking by another program that shares them.
 * What only Linux can do has a fallback elsewhere, or is an error there.
 */
/* sched_getaffinity(), SYS_gettid: how many processors are ours, and nice of one thread */
#define _GNU_SOURCE
#include "lib/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/number.h"

#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#endif

#ifdef __linux__
/* ioprio_set(2): the C library has neither the call nor these */
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_IDLE = 3, IOPRIO_CLASS_SHIFT = 13 };
#endif

_Static_assert(sizeof(off_t) == 8, "offsets of 64 bits are needed for files over 2 GiB");

/*
 * The result of close() is dropped: this is for descriptors that were read, and for output that is
 * given up.  Output that counts is closed with close(), whose error may be that of a write (NFS).
 */
void
sys_close(int fd)
{
	if (fd != -1)
		close(fd);
}

/* A call came back with -1: is it to be made again? */
static bool
again(const struct cancel *cancel)
{
	return errno == EINTR && !cancel_is_raised(cancel);
}

static int
call_failed(const char *call, const struct cancel *cancel, struct error *err)
{
	if (errno == EINTR && cancel_is_raised(cancel))
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	return error_set(err, ERROR_IO, errno, "%s", call);
}

/* A descriptor that somebody else made non-blocking; errno stays what poll() left. */
static bool
wait_for(int fd, short events)
{
	struct pollfd poll_fd = { fd, events, 0 };

	return poll(&poll_fd, 1, -1) != -1;
}

int
sys_write(
    int fd, const void *bytes, size_t len, const struct cancel *cancel, struct error *err)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n == -1) {
			if (errno == EAGAIN && wait_for(fd, POLLOUT))
				continue;
			if (again(cancel))
				continue;
			return call_failed("could not write", cancel, err);
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The most that a user without privileges may ask for, unless the administrator changed that. */
enum { WIDE_PIPE = 1 << 20 };

void
sys_widen_pipe(int fd)
{
#ifdef F_SETPIPE_SZ
	const int size = fcntl(fd, F_GETPIPE_SZ); /* -1: it is not a pipe */

	/* EPERM: the pipes of this user hold as much as they may: pipe(7) */
	if (size == -1 || size >= WIDE_PIPE || fcntl(fd, F_SETPIPE_SZ, WIDE_PIPE) == -1)
		return;
	/*
	 * Linux 5.8 to 6.7 (kernel.org bug 212295) wakes a writer that waits for room before the pipe
	 * has it, and then no more: both ends wait forever.  Once more wakes it when there is room.
	 */
	(void)fcntl(fd, F_SETPIPE_SZ, WIDE_PIPE);
#else
	(void)fd;
#endif
}

int
sys_read(int fd, void *into, size_t len, size_t *got, const struct cancel *cancel,
    struct error *err)
{
	uint8_t *p = into;
	ssize_t n;

	*got = 0;
	while (*got < len) {
		n = read(fd, p + *got, len - *got);
		if (n == 0)
			break;
		if (n == -1) {
			if (errno == EAGAIN && wait_for(fd, POLLIN))
				continue;
			if (again(cancel))
				continue;
			return call_failed("could not read", cancel, err);
		}
		*got += (size_t)n;
	}
	return 0;
}

int
sys_pread(int fd, void *into, size_t len, uint64_t offset, size_t *got,
    const struct cancel *cancel, struct error *err)
{
	uint8_t *p = into;
	ssize_t n;

	*got = 0;
	while (*got < len) {
		n = pread(fd, p + *got, len - *got, (off_t)(offset + *got));
		if (n == 0)
			break;
		if (n == -1) {
			if (again(cancel))
				continue;
			return call_failed("could not read", cancel, err);
		}
		*got += (size_t)n;
	}
	return 0;
}

/* Read to the end of ${fd}, which may grow while we do. */
static int
read_to_end(int fd, size_t most, struct buf *b, struct error *err)
{
	size_t start = b->len, got;

	do {
		size_t want = b->len - start < 8192 ? 8192 : b->len - start;

		if (want > most - (b->len - start))
			want = most - (b->len - start) + 1;
		if (buf_reserve(b, want, err) ||
		    sys_read(fd, b->data + b->len, want, &got, NULL, err))
			return -1;
		b->len += got;
		b->data[b->len] = '\0';
		if (b->len - start > most)
			return error_set(
			    err, ERROR_FORMAT, 0, "is larger than %zu bytes", most);
	} while (got > 0);
	return 0;
}

int
sys_read_file(int dirfd, const char *name, size_t most, struct buf *b, struct error *err)
{
	size_t start = b->len;
	struct stat st;
	int fd, rc = -1;

	/* O_NONBLOCK: a fifo under this name must not hold us */
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ELOOP)
			return error_set(err, ERROR_FORMAT, 0, "is a symbolic link");
		return error_set(err, ERROR_IO, errno, "could not open");
	}
	if (fstat(fd, &st) == -1) {
		error_set(err, ERROR_IO, errno, "could not stat");
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(err, ERROR_FORMAT, 0, "is not a regular file");
		goto out;
	}
	rc = read_to_end(fd, most, b, err);
out:
	sys_close(fd);
	if (rc == -1 && b->data) {
		b->len = start;
		b->data[start] = '\0';
	}
	return rc;
}

int
sys_readlink(int dirfd, const char *name, char **target, struct error *err)
{
	char text[PATH_MAX]; /* no link is longer: symlink(2), ENAMETOOLONG */
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text) - 1);

	if (n == -1)
		return error_set(err, ERROR_IO, errno, "could not read symbolic link");
	text[n] = '\0';
	*target = strdup(text);
	return *target ? 0 : error_memory(err);
}

int
sys_room(int fd, uint64_t *available, uint64_t *total, struct error *err)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) == -1)
		return error_set(err, ERROR_IO, errno, "could not stat file system");
	*available = (uint64_t)fs.f_bavail * fs.f_frsize;
	*total = (uint64_t)fs.f_blocks * fs.f_frsize;
	return 0;
}

int
sys_sync_directory(int fd, struct error *err)
{
	/* some systems cannot sync a directory: PostgreSQL takes these two for that (file_utils.c) */
	if (fsync(fd) == 0 || errno == EINVAL || errno == EBADF)
		return 0;
	return error_set(err, ERROR_IO, errno, "could not fsync directory");
}

#ifdef __linux__
int
sys_sync_filesystem(int fd, struct error *err)
{
	return syncfs(fd) == -1 ?
	    error_set(err, ERROR_IO, errno, "could not sync the file system") :
	    0;
}

bool
sys_sync_filesystem_is_sure(int fd)
{
	/* linux/magic.h, and xfs_format.h: ext2 to ext4, xfs, btrfs; and tmpfs, which has no disk */
	static const uint32_t known[] = { 0xef53, 0x58465342, 0x9123683e, 0x01021994 };
	const char *at;
	uint64_t major, minor;
	struct utsname name;
	struct statfs fs;

	if (uname(&name) == -1 || fstatfs(fd, &fs) == -1)
		return false;
	at = name.release; /* "6.1.0-18-amd64" */
	if (!number_next(&at, 1000, &major) || *at++ != '.' ||
	    !number_next(&at, 1000, &minor) || major < 5 || (major == 5 && minor < 8))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((uint32_t)fs.f_type == known[i])
			return true;
	return false;
}
#else
int
sys_sync_filesystem(int fd, struct error *err)
{
	(void)fd;
	return error_set(err, ERROR_STATE, 0, "could not sync the file system");
}

bool
sys_sync_filesystem_is_sure(int fd)
{
	(void)fd;
	return false;
}
#endif

int
sys_sync_parent(int fd, bool *is_unsynced, struct error *err)
{
	const int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	*is_unsynced = parent == -1 && errno == EACCES;
	if (*is_unsynced)
		return 0;
	if (parent == -1)
		return error_set(
		    err, ERROR_IO, errno, "could not open parent directory to fsync it");
	rc = sys_sync_directory(parent, err);
	sys_close(parent);
	return rc;
}

bool
sys_is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool
sys_is_lost_found(int dirfd, const char *name)
{
	struct stat st;

	return strcmp(name, "lost+found") == 0 &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == 0;
}

/* ESTALE: across a network it was, by another. */
bool
sys_is_removed(int fd, const struct stat *before)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno == ESTALE || errno == ENOENT;
	return st.st_nlink == 0 && before->st_nlink > 0;
}

bool
sys_is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

struct timespec
sys_after(clockid_t clock, unsigned milliseconds)
{
	struct timespec then;

	clock_gettime(clock, &then);
	then.tv_nsec += milliseconds * 1000000L;
	then.tv_sec += then.tv_nsec / 1000000000L;
	then.tv_nsec %= 1000000000L;
	return then;
}

double
sys_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool
sys_is_due(double *last)
{
	static const double seconds = 2;
	const double now = sys_monotonic();

	if (now - *last < seconds)
		return false;
	*last = now;
	return true;
}

unsigned
sys_processors(void)
{
	long online;

#ifdef __linux__
	cpu_set_t mine;

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0 && CPU_COUNT(&mine) > 0)
		return (unsigned)CPU_COUNT(&mine);
#endif
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}

void
sys_thread_background(void)
{
#ifdef __linux__
	/* Linux gives each thread a nice value of its own; elsewhere it is the process's,
	 * and the thread that talks to the server must keep its own.  Where a call is refused
	 * the thread runs as the others do, with the same result. */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
	    IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT);
#endif
}

void
sys_thread_name(const char *name)
{
#ifdef __linux__
	(void)prctl(PR_SET_NAME, name);
#else
	(void)name;
#endif
}

size_t
sys_raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 256;
	if (limit.rlim_cur < limit.rlim_max) {
		rlim_t soft = limit.rlim_cur;

		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
			limit.rlim_cur = soft;
	}
	return limit.rlim_cur > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)limit.rlim_cur;
}

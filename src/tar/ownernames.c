/* Names of users and groups by number, looked up once. */
#include "tar/ownernames.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "tar/header.h"

/* A cluster has one owner; who changes owners at random gets a look-up for each change. */
#define ROWS 16

/* An entry of a group holds its members' names: megabytes, of a large directory service. */
#define ENTRY_LEAST ((size_t)4 * 1024)
#define ENTRY_MOST ((size_t)16 * 1024 * 1024)

struct row {
	bool is_taken;
	uint64_t id;
	char name[TAR_OWNER_MOST + 1];
};

struct table {
	struct row rows[ROWS];
	size_t next; /* the row that makes room */
};

struct ownernames {
	struct table users, groups;
};

int
ownernames_new(struct ownernames **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

void
ownernames_free(struct ownernames *o)
{
	free(o);
}

/* A name that the header has no room for is left out. */
static void
keep(char *name, const char *found)
{
	if (found && strlen(found) <= TAR_OWNER_MOST)
		memcpy(name, found, strlen(found) + 1);
}

/* Returns ERANGE where the entry needs more memory than there is at ${memory}. */
static int
user_name(uint64_t id, char *memory, size_t len, char *name)
{
	struct passwd entry, *found = NULL;
	const int rc = getpwuid_r((uid_t)id, &entry, memory, len, &found);

	if (rc == 0 && found)
		keep(name, found->pw_name);
	return rc;
}

static int
group_name(uint64_t id, char *memory, size_t len, char *name)
{
	struct group entry, *found = NULL;
	const int rc = getgrgid_r((gid_t)id, &entry, memory, len, &found);

	if (rc == 0 && found)
		keep(name, found->gr_name);
	return rc;
}

/* An error is no reason to fail: the number says whose the file is. */
static void
look_up(struct row *row, int (*ask)(uint64_t, char *, size_t, char *))
{
	int rc = ERANGE;

	for (size_t len = ENTRY_LEAST; rc == ERANGE && len <= ENTRY_MOST; len *= 4) {
		char *memory = malloc(len);

		if (memory == NULL)
			return;
		rc = ask(row->id, memory, len, row->name);
		free(memory);
	}
}

static const char *
name_of(struct table *t, uint64_t id, int (*ask)(uint64_t, char *, size_t, char *))
{
	struct row *row = &t->rows[t->next];

	for (size_t i = 0; i < ROWS; i++)
		if (t->rows[i].is_taken && t->rows[i].id == id)
			return t->rows[i].name;
	t->next = (t->next + 1) % ROWS;
	*row = (struct row){ .is_taken = true, .id = id };
	/* the last number stands for "no such" in the system's calls */
	if (id < UINT32_MAX)
		look_up(row, ask);
	return row->name;
}

const char *
ownernames_user(struct ownernames *o, uint64_t uid)
{
	return name_of(&o->users, uid, user_name);
}

const char *
ownernames_group(struct ownernames *o, uint64_t gid)
{
	return name_of(&o->groups, gid, group_name);
}

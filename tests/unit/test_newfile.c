/* A new file has what was written where it belongs, and its errors have its name. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "filling/newfile.h"
#include "lib/sys.h"

static void
whole(void **state)
{
	FILE *temporary = tmpfile();
	struct error err = { 0 };
	struct newfile f;
	struct stat st;
	char got[8];
	int fd;

	(void)state;
	assert_non_null(temporary);
	fd = fileno(temporary);
	assert_int_equal(newfile_take(&f, dup(fd), "f", &err), 0);
	assert_int_equal(newfile_write(&f, (const uint8_t *)"5678", 4, 4, &err), 0);
	assert_int_equal(newfile_write(&f, (const uint8_t *)"1234", 4, 0, &err), 0);
	assert_int_equal(newfile_complete(&f, 1000000, &err), 0);
	assert_int_equal(newfile_sync(&f, &err), 0);
	assert_int_equal(newfile_close(&f, &err), 0);
	assert_int_equal(f.fd, -1);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 8);
	assert_memory_equal(got, "12345678", 8);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mtime, 1000000);
	fclose(temporary);
}

/* A pipe can be neither written at an offset nor synced. */
static void
failing(void **state)
{
	struct error err = { 0 };
	struct newfile f;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(newfile_take(&f, ends[1], "a pipe", &err), 0);
	assert_int_equal(newfile_write(&f, (const uint8_t *)"x", 1, 0, &err), -1);
	assert_string_equal(err.text, "\"a pipe\": could not write: Illegal seek");
	err = (struct error){ 0 };
	assert_int_equal(newfile_sync(&f, &err), -1);
	assert_string_equal(err.text, "\"a pipe\": could not fsync: Invalid argument");
	sys_close(ends[0]);
	sys_close(ends[1]);
	err = (struct error){ 0 };
	assert_int_equal(newfile_complete(&f, 0, &err), -1);
	assert_string_equal(
	    err.text, "\"a pipe\": could not set its time: Bad file descriptor");
	err = (struct error){ 0 };
	assert_int_equal(newfile_close(&f, &err), -1);
	assert_string_equal(err.text, "\"a pipe\": could not close: Bad file descriptor");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(whole),
		cmocka_unit_test(failing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

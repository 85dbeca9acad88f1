/* What is read of a directory while its path comes to lead to another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "inventory/inventory.h"
#include "support/faketree.h"

static const struct fake_file tree[] = {
	{ "one/file", "a backup" },
	{ "other/file", "another" },
	{ "path", LINK_BELOW("one") },
};

/* Called when the directory is open. */
static bool
lead_elsewhere(const char *name, const void *root)
{
	faketree_put(root, "path", LINK_BELOW("other"));
	return strcmp(name, "file") == 0;
}

/* What would be removed is in the directory that was opened. */
static void
test_path_leads_elsewhere(void **state)
{
	char *root = faketree_new(tree, sizeof(tree) / sizeof(tree[0]));
	const struct inventory_wanted wanted = { .name = lead_elsewhere, .arg = root };
	struct inventory inv;
	struct error err = { 0 };
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/path", root);
	assert_int_equal(inventory_read(&inv, path, &wanted, &err), 0);
	assert_int_equal(inv.count, 1);
	assert_int_equal(inv.rows[0].kind, INVENTORY_NOT_READ);
	assert_string_equal(
	    inv.rows[0].fault, "was replaced or removed while it was read");
	inventory_free(&inv);
	faketree_free(root);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_leads_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

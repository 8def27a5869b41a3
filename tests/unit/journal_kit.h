/* journal_kit.h - a journal in a directory of its own, for the tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "journal/journal.h"

static char kit_dir[64];
static char kit_why[ERR_WHY_MAX];
static char kit_unused[512];	/* names reported, each with a space */

static const uint8_t kit_example[] = "\7example";
static const uint8_t kit_sub[] = "\1a\7example";
static const uint8_t kit_other[] = "\7example\3org";
static const uint8_t kit_root[] = "";

static inline void
kit_note_unused(void *arg, const char *name)
{
	(void)arg;
	strcat(kit_unused, name);
	strcat(kit_unused, " ");
}

static inline int
kit_setup(void **state)
{
	(void)state;
	strcpy(kit_dir, "/tmp/journal-test-XXXXXX");
	kit_unused[0] = '\0';
	return mkdtemp(kit_dir) == NULL ? -1 : 0;
}

static inline int
kit_teardown(void **state)
{
	(void)state;
	char command[96];
	snprintf(command, sizeof command, "rm -rf '%s'", kit_dir);
	return system(command);
}

static inline enum err
kit_try(struct journal **j)
{
	struct journal_settings s = { .directory = kit_dir,
		.map_octets = (size_t)1 << 30,
		.on_unused_file = kit_note_unused };
	kit_why[0] = '\0';
	return journal_open(&s, j, kit_why);
}

static inline struct journal *
kit_open(void)
{
	struct journal *j = NULL;
	if (kit_try(&j) != OK)
		fail_msg("%s", kit_why);
	return j;
}

static inline void
kit_reopen(struct journal **j)
{
	journal_close(j);
	*j = kit_open();
}

static inline void
kit_commit(struct journal *j)
{
	assert_int_equal(journal_commit(j), OK);
}

#define KIT_TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

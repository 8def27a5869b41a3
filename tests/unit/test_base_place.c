/* test_base_place.c - paths with links in them; as root whose links count. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/place.h"

static char top[64];

static int
setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/place-test-XXXXXX");
	if (mkdtemp(top) == NULL || chdir(top) == -1)
		return -1;
	return mkdir("a", 0700) == 0 && mkdir("a/b", 0700) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	char command[96];
	snprintf(command, sizeof command, "rm -rf '%s'", top);
	return chdir("/") == 0 ? system(command) : -1;
}

/* The same directory and the name given. */
static void
leads_to(const char *path, const char *dir, const char *name)
{
	struct place p;
	struct stat is, wanted;
	assert_int_equal(place_find(path, true, &p), OK);
	assert_int_equal(fstat(p.dir, &is), 0);
	assert_int_equal(stat(dir, &wanted), 0);
	assert_true(is.st_ino == wanted.st_ino && is.st_dev == wanted.st_dev);
	assert_string_equal(p.name, name);
	place_close(&p);
	assert_int_equal(p.dir, -1);
}

static void
fails(const char *path, enum err e, int number)
{
	struct place p = { .dir = 77 };
	errno = 0;
	assert_int_equal(place_find(path, true, &p), e);
	if (e == ERR_SYSTEM)
		assert_int_equal(errno, number);
	assert_int_equal(p.dir, 77);
}

static void
test_plain(void **state)
{
	(void)state;
	char text[160];
	leads_to("a/b/c", "a/b", "c");
	leads_to("a//b/", "a", "b");
	leads_to("./a/b/../new", "a", "new");
	leads_to("new", ".", "new");
	leads_to("/", "/", ".");
	snprintf(text, sizeof text, "%s/a/b", top);
	leads_to(text, "a", "b");
	fails("", ERR_SYSTEM, ENOENT);
	fails("no/such", ERR_SYSTEM, ENOENT);
	int fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fd_close(&fd);
	fails("file/x", ERR_SYSTEM, ENOTDIR);
}

static void
test_links(void **state)
{
	(void)state;
	char text[160];
	struct place p;
	snprintf(text, sizeof text, "%s/a", top);
	assert_int_equal(symlink(text, "whole"), 0);
	assert_int_equal(symlink("../whole/b/new", "a/up"), 0);
	assert_int_equal(symlink("round", "round"), 0);
	leads_to("whole/b/x", "a/b", "x");
	leads_to("a/up", "a/b", "new");
	fails("round", ERR_SYSTEM, ELOOP);
	fails("round/x", ERR_SYSTEM, ELOOP);
	/* A name that is to be replaced is not looked behind. */
	assert_int_equal(place_find("whole/up", false, &p), OK);
	assert_string_equal(p.name, "up");
	assert_int_equal(place_open_in(&p, O_RDONLY, 0), -1);
	assert_int_equal(errno, ELOOP);
	place_close(&p);
}

static void
test_too_long(void **state)
{
	(void)state;
	static char text[2 * PATH_MAX], half[PATH_MAX];
	memset(text, 'x', NAME_MAX + 1);
	fails(text, ERR_SYSTEM, ENAMETOOLONG);
	memset(text, '/', PATH_MAX);
	fails(text, ERR_SYSTEM, ENAMETOOLONG);
	text[PATH_MAX - 1] = '\0';
	leads_to(text, "/", ".");
	/* What a link says and what comes after it are too long together. */
	for (size_t i = 0; i < PATH_MAX / 2 + 4; i += 2)
		memcpy(half + i, "./", 3);
	assert_int_equal(symlink(half, "half"), 0);
	snprintf(text, sizeof text, "half/%s", half);
	fails(text, ERR_SYSTEM, ENAMETOOLONG);
}

/* The kernel's own links: what they say is no path. */
static void
test_procfs(void **state)
{
	(void)state;
	int pair[2], fd = -1;
	char text[64], octet = 0;
	assert_int_equal(pipe(pair), 0);
	snprintf(text, sizeof text, "/proc/self/fd/%d", pair[1]);
	assert_int_equal(place_open(text, O_WRONLY, 0, &fd), OK);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(pair[0], &octet, 1), 1);
	assert_int_equal(octet, 'x');
	fd_close(&fd);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
test_whose_link(void **state)
{
	(void)state;
	struct place p;
	int fd = -1;
	if (geteuid() != 0)
		skip();
	assert_int_equal(symlink("a", "planted"), 0);
	leads_to("planted/b", "a", "b");
	assert_int_equal(lchown("planted", 1, 1), 0);
	fails("planted", ERR_INPUT_LINK, 0);
	fails("planted/b", ERR_INPUT_LINK, 0);
	assert_int_equal(place_find("planted/b", false, &p), ERR_INPUT_LINK);
	assert_int_equal(symlink("planted", "ours"), 0);
	fails("ours", ERR_INPUT_LINK, 0);
	assert_int_equal(place_open("planted/new", O_WRONLY | O_CREAT, 0600,
	    &fd), ERR_INPUT_LINK);
	assert_int_equal(fd, -1);
	assert_int_equal(access("a/new", F_OK), -1);
	/* Who is not root has no hand that could be turned. */
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(chmod("a", 0755), 0);
	assert_int_equal(seteuid(2), 0);
	leads_to("planted/b", "a", "b");
	assert_int_equal(seteuid(0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_procfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whose_link, setup,
		    teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

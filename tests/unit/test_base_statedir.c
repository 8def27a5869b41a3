/* test_base_statedir.c - the state directory and the files in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/spool.h"
#include "base/statedir.h"

static char top[64];
static char path[96];
static char why[ERR_WHY_MAX];

static int
setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/statedir-test-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/state", top);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	char command[96];
	snprintf(command, sizeof command, "rm -rf '%s'", top);
	return system(command);
}

static struct statedir *
opened(void)
{
	struct statedir *d = NULL;
	assert_int_equal(statedir_open(path, geteuid(), getegid(), &d, why),
	    OK);
	return d;
}

static bool
is_there(const char *name)
{
	char full[160];
	snprintf(full, sizeof full, "%s/%s", path, name);
	return access(full, F_OK) == 0;
}

static void
put_file(const char *name)
{
	char full[160];
	snprintf(full, sizeof full, "%s/%s", path, name);
	int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
test_made_private(void **state)
{
	(void)state;
	umask(0);
	struct statedir *d = opened();
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_string_equal(statedir_path(d), path);
	statedir_close(&d);
	assert_null(d);
	statedir_close(&d);
	d = opened();	/* the second time it is there already */
	statedir_close(&d);
}

static void
test_refused(void **state)
{
	(void)state;
	struct statedir *d = NULL;
	uid_t me = geteuid();
	gid_t us = getegid();
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0710), 0);
	assert_int_equal(statedir_open(path, me, us, &d, why),
	    ERR_INPUT_RANGE);
	assert_non_null(strstr(why, "chmod 700"));
	assert_int_equal(chmod(path, 0702), 0);
	assert_int_equal(statedir_open(path, me, us, &d, why),
	    ERR_INPUT_RANGE);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(statedir_open("/dev/null", me, us, &d, why),
	    ERR_SYSTEM);
	assert_non_null(strstr(why, "/dev/null"));
	assert_int_equal(statedir_open("/nonexistent/a/b", me, us, &d, why),
	    ERR_SYSTEM);
	assert_non_null(strstr(why, "No such file"));
	assert_null(d);
}

/* Root may hand over what is root's, never what is somebody else's. */
static void
test_owner(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct statedir *d = NULL;
	struct stat st;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, 1, 1), 0);
	assert_int_equal(statedir_open(path, 2, 2, &d, why),
	    ERR_INPUT_RANGE);
	assert_non_null(strstr(why, "belongs to uid 1"));
	assert_int_equal(statedir_open(path, 0, 0, &d, why),
	    ERR_INPUT_RANGE);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(statedir_open(path, 2, 2, &d, why), OK);
	assert_int_equal(fstat(statedir_fd(d), &st), 0);
	assert_int_equal(st.st_uid, 2);
	assert_int_equal(statedir_lock(d, 0, why), OK);
	assert_int_equal(fstatat(statedir_fd(d), "lock", &st, 0), 0);
	assert_int_equal(st.st_uid, 2);
	statedir_close(&d);
}

/* A slip of the pen must not cost root its /etc. */
static void
test_other_use(void **state)
{
	(void)state;
	struct statedir *d = NULL;
	struct stat st;
	uid_t me = geteuid(), user = me == 0 ? 2 : me;
	assert_int_equal(statedir_check(path, user, why), OK);
	assert_int_equal(mkdir(path, 0700), 0);
	put_file("passwd");
	assert_int_equal(chmod(path, 0755), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(statedir_check(path, user, why),
		    ERR_INPUT_RANGE);
		assert_non_null(strstr(why, "in other use"));
		assert_int_equal(statedir_open(path, user, 2, &d, why),
		    ERR_INPUT_RANGE);
		assert_non_null(strstr(why, "in other use"));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, me);
		if (me != 0)
			return;
		assert_int_equal(chmod(path, 0700), 0);
	}
	put_file("lock");
	assert_int_equal(statedir_check(path, user, why), OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, me);
	assert_int_equal(statedir_open(path, user, 2, &d, why), OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, user);
	statedir_close(&d);
}

static void
test_owner_made(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct statedir *d = NULL;
	struct stat st;
	assert_int_equal(statedir_open(path, 2, 3, &d, why), OK);
	assert_int_equal(fstat(statedir_fd(d), &st), 0);
	assert_int_equal(st.st_uid, 2);
	assert_int_equal(st.st_gid, 3);
	statedir_close(&d);
}

static void
test_lock(void **state)
{
	(void)state;
	struct statedir *a = opened(), *b = opened();
	char me[32];
	assert_int_equal(statedir_lock(a, 0, why), OK);
	assert_int_equal(statedir_lock(b, 50, why), ERR_EXISTS);
	snprintf(me, sizeof me, "process %ld:", (long)getpid());
	assert_non_null(strstr(why, me));
	statedir_close(&a);
	assert_int_equal(statedir_lock(b, 0, why), OK);
	statedir_close(&b);
}

/* The lock goes with its process, however that ends, and who waits gets
 * it. */
static void
test_lock_of_the_dead(void **state)
{
	(void)state;
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct statedir *d;
		char c = 'x';
		if (statedir_open(path, geteuid(), getegid(), &d, why) != OK ||
		    statedir_lock(d, 0, why) != OK ||
		    write(ready[1], &c, 1) != 1)
			_exit(1);
		alarm(20);
		pause();
		_exit(0);
	}
	char c;
	assert_int_equal(read(ready[0], &c, 1), 1);
	struct statedir *d = opened();
	assert_int_equal(statedir_lock(d, 0, why), ERR_EXISTS);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(statedir_lock(d, 10000, why), OK);
	assert_int_equal(waitpid(child, NULL, 0), child);
	statedir_close(&d);
	close(ready[0]);
	close(ready[1]);
}

static void
test_room(void **state)
{
	(void)state;
	struct statedir *d = opened();
	assert_false(statedir_has_room(d, UINT64_MAX));
	assert_false(statedir_has_room(d, UINT64_C(1) << 62));
	statedir_close(&d);
	/* /proc has no blocks at all: no room, whatever is asked. */
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(statedir_adopt(fd, "/proc", &d), OK);
	assert_false(statedir_has_room(d, 1));
	statedir_close(&d);
}

static void
test_spool(void **state)
{
	(void)state;
	struct statedir *d = opened();
	char name[SPOOL_NAME_MAX], other[SPOOL_NAME_MAX], tmp[64];
	int fd = -1, again = -1;
	assert_int_equal(spool_create(d, SPOOL_TRANSFER, &fd, name), OK);
	assert_true(spool_is_name(name));
	snprintf(tmp, sizeof tmp, "%s.tmp", name);
	assert_true(is_there(tmp));
	assert_false(is_there(name));
	assert_int_equal(spool_open(d, name, &again), ERR_NOT_FOUND);
	assert_true(fd_write_all(fd, "zone", 4));
	assert_int_equal(spool_keep(d, fd, name), OK);
	assert_false(is_there(tmp));
	assert_int_equal(spool_open(d, name, &again), OK);
	char text[4];
	assert_true(fd_pread_all(again, text, 4, 0));
	assert_memory_equal(text, "zone", 4);
	fd_close(&again);
	fd_close(&fd);
	assert_int_equal(spool_create(d, SPOOL_TRANSFER, &fd, other), OK);
	assert_string_not_equal(name, other);
	spool_drop(d, other);
	fd_close(&fd);
	snprintf(tmp, sizeof tmp, "%s.tmp", other);
	assert_false(is_there(tmp));
	assert_int_equal(spool_remove(d, name), OK);
	assert_int_equal(spool_remove(d, name), ERR_NOT_FOUND);
	statedir_close(&d);
}

/* A name out of a damaged record never leads anywhere else. */
static void
test_foreign_names(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "lock", "../etc/passwd",
		"transfer-", "transfer-0123456789abcde",
		"transfer-0123456789abcdefa", "transfer-0123456789abcdef/",
		"transfer-0123456789ABCDEF", "transfer-0123456789abcdef.tmp",
		"snapshot-/../../../../../x" };
	struct statedir *d = opened();
	int fd = -1;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(spool_is_name(bad[i]));
		assert_int_equal(spool_open(d, bad[i], &fd), ERR_CORRUPT);
		assert_int_equal(spool_remove(d, bad[i]), ERR_CORRUPT);
	}
	assert_int_equal(fd, -1);
	assert_true(spool_is_name("delta-0123456789abcdef"));
	statedir_close(&d);
}

static bool
is_used(void *arg, const char *name)
{
	return strcmp(name, arg) == 0;
}

static void
test_clean(void **state)
{
	(void)state;
	struct statedir *d = opened();
	unsigned removed = 99;
	char kept[] = "snapshot-00000000000000aa";
	put_file(kept);
	put_file("snapshot-00000000000000ab");
	put_file("transfer-00000000000000ac.tmp");
	put_file("snapshot-00000000000000aa.tmp");
	put_file("snapshot-00000000000000aa.bak");
	put_file("journal.mdb");
	put_file("notes.tmp");
	assert_int_equal(spool_clean(d, is_used, kept, &removed), OK);
	assert_int_equal(removed, 3);
	assert_true(is_there(kept));
	assert_true(is_there("snapshot-00000000000000aa.bak"));
	assert_true(is_there("journal.mdb"));
	assert_true(is_there("notes.tmp"));
	assert_false(is_there("snapshot-00000000000000ab"));
	assert_false(is_there("transfer-00000000000000ac.tmp"));
	assert_false(is_there("snapshot-00000000000000aa.tmp"));
	assert_int_equal(spool_clean(d, is_used, kept, &removed), OK);
	assert_int_equal(removed, 0);
	statedir_close(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_made_private), TEST(test_refused),
		TEST(test_owner), TEST(test_owner_made), TEST(test_other_use),
		TEST(test_lock),
		TEST(test_lock_of_the_dead), TEST(test_room),
		TEST(test_spool), TEST(test_foreign_names),
		TEST(test_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_journal_crash.c - SIGKILL at any moment, damaged files, foreign files,
 * and the time that many zones take. */
#include "journal_kit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define KILLS 40
#define KILLS_LEAST 10	/* on a machine that is busy with other things */
#define FLIPS 300
#define FLIPS_LEAST 60
#define ZONES (SANITIZED ? 10000 : 100000)

static void
path_of(char path[128])
{
	snprintf(path, 128, "%s/journal.mdb", kit_dir);
}

/* --- SIGKILL ---------------------------------------------------------- */

/* One turn: serial n for two zones, a step with n in it, an update that goes
 * with the next turn, a verdict. Each turn is told after its commit. */
static void
write_turn(struct journal *j, uint32_t n)
{
	uint8_t octets[3000];
	memset(octets, (int)(n & 255), sizeof octets);
	uint64_t id = journal_new_id(j);
	struct journal_delta d = { .is_whole = n == 1, .has_from = true,
		.from = n - 1, .to = n,
		.data = { .octets = octets, .len = 100 + n % 2900 } };
	journal_put_net(j, kit_example, id, &d);
	journal_publish(j, kit_example, id, n);
	journal_put_timers(j, kit_other, octets, 8, n);
	struct journal_update u = { .id = 1000000 + n, .to = n,
		.state = UPDATE_STAGED,
		.data = { .octets = octets, .len = sizeof octets } };
	journal_put_update(j, kit_example, &u);
	journal_drop_update(j, kit_example, 1000000 + n - 1);
	struct journal_verdict v = { .serial = n };
	journal_put_verdict(j, kit_example, &v);
	unsigned none;
	journal_trim_deltas(j, kit_example, 10, 1 << 20, &none);
}

static void
write_until_killed(uint32_t n, int told)
{
	struct journal *j = NULL;
	if (kit_try(&j) != OK)
		_exit(1);
	for (;; n++) {
		write_turn(j, n);
		if (journal_commit(j) != OK ||
		    write(told, &n, sizeof n) != sizeof n)
			_exit(2);
	}
}

struct seen {
	uint32_t last;		/* serial of the last step or update */
	unsigned count;
	bool is_whole;
};

static bool
see_delta(void *arg, uint64_t number, const struct journal_delta *d)
{
	struct seen *s = arg;
	(void)number;
	s->is_whole &= s->last == 0 || d->from == s->last;
	s->is_whole &= d->data.len == 100 + d->to % 2900;
	for (size_t i = 0; i < d->data.len; i++)
		s->is_whole &= d->data.octets[i] == (d->to & 255);
	s->last = d->to;
	s->count++;
	return true;
}

static bool
see_update(void *arg, const struct journal_update *u)
{
	struct seen *s = arg;
	s->last = u->to;
	s->is_whole &= u->data.len == 3000 &&
	    u->data.octets[2999] == (u->to & 255);
	s->count++;
	return true;
}

static bool
see_trail(void *arg, const struct journal_trail *t)
{
	struct seen *s = arg;
	s->is_whole &= t->verdict->serial == s->last + 1;
	s->last = t->verdict->serial;
	s->count++;
	return true;
}

/* All of one turn or nothing of it. Returns the turn. */
static uint32_t
check_turn(void)
{
	struct journal *j = kit_open();
	struct journal_zone z, other;
	struct seen steps = { .is_whole = true };
	struct seen updates = { .is_whole = true };
	struct seen trail = { .is_whole = true };
	if (journal_zone(j, kit_example, &z) == ERR_NOT_FOUND) {
		journal_close(&j);
		return 0;
	}
	assert_int_equal(journal_zone(j, kit_other, &other), OK);
	assert_int_equal(other.flags, z.serial);
	assert_int_equal(journal_each_delta(j, kit_example,
	    JOURNAL_OLDEST_FIRST, see_delta, &steps), OK);
	assert_true(steps.is_whole);
	assert_int_equal(steps.count, z.serial - 1);
	assert_true(z.serial == 1 || steps.last == z.serial);
	assert_int_equal(journal_each_update(j, kit_example, see_update,
	    &updates), OK);
	assert_true(updates.is_whole && updates.count == 1 &&
	    updates.last == z.serial);
	assert_int_equal(journal_each_trail(j, kit_example,
	    JOURNAL_OLDEST_FIRST, see_trail, &trail), OK);
	assert_true(trail.is_whole && trail.last == z.serial);
	journal_close(&j);
	return z.serial;
}

/* The last turn that the child told of before it was killed. */
static uint32_t
kill_writer(uint32_t from, unsigned after_us)
{
	int told[2];
	uint32_t n, last = from - 1;
	struct timespec pause = { 0, (long)after_us * 1000 };
	assert_int_equal(pipe(told), 0);
	pid_t child = fork();
	if (child == 0)
		write_until_killed(from, told[1]);
	close(told[1]);
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	while (read(told[0], &n, sizeof n) == sizeof n)
		last = n;
	close(told[0]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void
test_killed(void **state)
{
	(void)state;
	uint32_t turn = 0;
	int64_t end_ms = clock_mono_ms() + 3000;
	srandom(1);
	unsigned kills = 0;
	for (; kills < KILLS && (kills < KILLS_LEAST ||
	    clock_mono_ms() < end_ms); kills++) {
		unsigned after = (unsigned)random() % 60000;
		uint32_t told = kill_writer(turn + 1, after);
		uint32_t there = check_turn();
		assert_true(there >= told && there <= told + 1);
		turn = there;
	}
	assert_true(turn > 0);
	print_message("%u kills, %u turns\n", kills, turn);
}

/* Killed while the journal is made: then there is none, or a whole one. */
static void
test_killed_making(void **state)
{
	(void)state;
	char path[128];
	path_of(path);
	for (unsigned i = 0; i < 20; i++) {
		struct timespec pause = { 0, (long)i * 300000 };
		pid_t child = fork();
		if (child == 0) {
			struct journal *j;
			_exit(kit_try(&j) == OK ? 0 : 1);
		}
		nanosleep(&pause, NULL);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		struct journal *j = kit_open();
		journal_close(&j);
		assert_int_equal(unlink(path), 0);
	}
}

/* --- damage ----------------------------------------------------------- */

static void
overwrite(const char *octets, size_t n)
{
	char path[128];
	path_of(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd_write_all(fd, octets, n));
	close(fd);
}

static void
refused(enum err expected, const char *text)
{
	struct journal *j = NULL;
	assert_int_equal(kit_try(&j), expected);
	assert_null(j);
	if (strstr(kit_why, text) == NULL)
		fail_msg("%s", kit_why);
}

static void
test_foreign(void **state)
{
	(void)state;
	char path[128];
	char *garbage = calloc(1, 16384);
	path_of(path);
	overwrite("", 0);
	refused(ERR_CORRUPT, "damaged");
	overwrite("short", 5);
	refused(ERR_CORRUPT, "damaged");
	overwrite(garbage, 16384);
	refused(ERR_CORRUPT, "damaged");
	for (size_t i = 0; i < 16384; i++)
		garbage[i] = (char)(i * 7);
	overwrite(garbage, 16384);
	refused(ERR_CORRUPT, "damaged");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(ERR_INPUT_RANGE, "regular file");
	assert_int_equal(rmdir(path), 0);
	strcat(kit_dir, "/nowhere");
	refused(ERR_SYSTEM, "cannot make");
	*strrchr(kit_dir, '/') = '\0';
	free(garbage);
}

static void
fill(unsigned turns)
{
	struct journal *j = kit_open();
	for (uint32_t n = 1; n <= turns; n++) {
		write_turn(j, n);
		kit_commit(j);
	}
	journal_close(&j);
}

static void
test_cut_off(void **state)
{
	(void)state;
	char path[128];
	struct stat st;
	path_of(path);
	fill(30);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	refused(ERR_CORRUPT, "damaged");
	assert_int_equal(truncate(path, 8192), 0);
	refused(ERR_CORRUPT, "damaged");
}

/* The record "format" follows its key in the page. */
static void
test_other_format(void **state)
{
	(void)state;
	char path[128];
	uint8_t file[65536];
	path_of(path);
	fill(1);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t n = pread(fd, file, sizeof file, 0);
	unsigned changed = 0;
	for (ssize_t i = 0; i + 19 < n; i++)
		if (memcmp(file + i, "format", 6) == 0 &&
		    file[i + 6 + 12] == 1) {
			uint8_t two = 2;
			assert_int_equal(pwrite(fd, &two, 1, i + 18), 1);
			changed++;
		}
	close(fd);
	assert_true(changed > 0);
	refused(ERR_INPUT_UNKNOWN, "another format");
}

static bool
any_trail(void *arg, const struct journal_trail *t)
{
	(void)arg;
	return t->verdict != NULL;
}

/* Whatever octet is wrong: refused at once, or found when it is read, or it
 * was in a page that nothing uses; never another content. */
static int
read_damaged(void)
{
	struct journal *j = NULL;
	struct journal_zone z;
	struct seen steps = { .is_whole = true }, updates = steps;
	if (kit_try(&j) != OK)
		return 1;
	if (journal_zone(j, kit_example, &z) != OK ||
	    journal_each_delta(j, kit_example, JOURNAL_OLDEST_FIRST,
	    see_delta, &steps) != OK ||
	    journal_each_update(j, kit_example, see_update, &updates) != OK ||
	    journal_each_trail(j, kit_example, JOURNAL_OLDEST_FIRST,
	    any_trail, NULL) != OK)
		return 1;
	journal_close(&j);
	return steps.is_whole && updates.is_whole && z.serial == 20 ? 0 : 3;
}

static void
test_flipped(void **state)
{
	(void)state;
	char path[128];
	struct stat st;
	unsigned found = 0, died = 0;
	path_of(path);
	fill(20);
	assert_int_equal(stat(path, &st), 0);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int64_t end_ms = clock_mono_ms() + 2500;
	srandom(2);
	for (unsigned i = 0; i < FLIPS && (i < FLIPS_LEAST ||
	    clock_mono_ms() < end_ms); i++) {
		off_t at = 8192 + random() % (st.st_size - 8192);
		uint8_t was, is;
		assert_int_equal(pread(fd, &was, 1, at), 1);
		is = was ^ (uint8_t)(1 << random() % 8);
		assert_int_equal(pwrite(fd, &is, 1, at), 1);
		pid_t child = fork();
		if (child == 0) {
			close(2);	/* of a sanitizer's report */
			signal(SIGSEGV, SIG_DFL);	/* not cmocka's */
			signal(SIGBUS, SIG_DFL);
			signal(SIGABRT, SIG_DFL);
			_exit(read_damaged());
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		/* The check before takes the crashes upon itself. */
		died += !WIFEXITED(status);
		if (WIFEXITED(status))
			assert_int_not_equal(WEXITSTATUS(status), 3);
		found += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
	}
	close(fd);
	print_message("%u found, %u of them by dying\n", found, died);
	assert_true(found > 0);
	assert_int_equal(died, 0);
	assert_int_equal(read_damaged(), 0);
}

/* --- size ------------------------------------------------------------- */

static bool
count_zone(void *arg, const uint8_t *apex, const struct journal_zone *z)
{
	(void)apex;
	*(unsigned *)arg += z->timers_len == 100;
	return true;
}

static void
test_many_zones(void **state)
{
	(void)state;
	uint8_t timers[100] = { 1 }, apex[32];
	unsigned count = 0;
	struct journal_stats s;
	struct journal *j = kit_open();
	for (unsigned i = 0; i < ZONES; i++) {
		int n = snprintf((char *)apex + 1, 20, "zone%06u", i);
		apex[0] = (uint8_t)n;
		apex[1 + n] = 0;
		journal_put_timers(j, apex, timers, sizeof timers, i);
	}
	kit_commit(j);
	int64_t start = clock_mono_us();
	kit_reopen(&j);
	int64_t opened = clock_mono_us();
	assert_int_equal(journal_each_zone(j, count_zone, &count), OK);
	int64_t walked = clock_mono_us();
	assert_int_equal(count, ZONES);
	/* Small changes, each a turn of its own. */
	int64_t put_us = 0;
	uint64_t commit_us = 0;
	for (unsigned i = 0; i < 200; i++) {
		int n = snprintf((char *)apex + 1, 20, "zone%06u",
		    i * 7919 % ZONES);
		apex[0] = (uint8_t)n;
		int64_t at = clock_mono_us();
		journal_put_timers(j, apex, timers, sizeof timers, i);
		put_us += clock_mono_us() - at;
		kit_commit(j);
		journal_stats(j, &s);
		commit_us += s.last_commit_us;
	}
	print_message("%u zones: open %lld us, walk %lld us, put %lld us, "
	    "commit %llu us\n", ZONES, (long long)(opened - start),
	    (long long)(walked - opened), (long long)put_us / 200,
	    (unsigned long long)commit_us / 200);
	assert_true(walked - start < (SANITIZED ? 5000000 : 1000000));
	assert_true(put_us / 200 < 1000);
	journal_close(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_killed), KIT_TEST(test_killed_making),
		KIT_TEST(test_foreign), KIT_TEST(test_cut_off),
		KIT_TEST(test_other_format), KIT_TEST(test_flipped),
		KIT_TEST(test_many_zones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

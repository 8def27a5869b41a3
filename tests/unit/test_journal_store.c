/* test_journal_store.c - what is put is there after the commit, whole and in
 * order, and not before. */
#include "journal_kit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "journal/crc.h"

static void
test_new(void **state)
{
	(void)state;
	uint8_t key[16], none[16] = { 0 };
	struct stat st;
	char path[128];
	struct journal *j = kit_open();
	memcpy(key, journal_digest_key(j), 16);
	assert_memory_not_equal(key, none, 16);
	assert_false(journal_is_dirty(j));
	kit_commit(j);
	kit_reopen(&j);
	assert_memory_equal(key, journal_digest_key(j), 16);
	snprintf(path, sizeof path, "%s/journal.mdb", kit_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	journal_close(&j);
	assert_null(j);
	journal_close(&j);
	/* Another installation draws another key. */
	assert_int_equal(unlink(path), 0);
	j = kit_open();
	assert_memory_not_equal(key, journal_digest_key(j), 16);
	journal_close(&j);
}

static void
test_one_opener(void **state)
{
	(void)state;
	struct journal *a = kit_open(), *b = NULL;
	assert_int_equal(kit_try(&b), ERR_EXISTS);
	assert_non_null(strstr(kit_why, "in use"));
	assert_null(b);
	journal_close(&a);
	b = kit_open();
	journal_close(&b);
}

static void
test_zone_record(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_zone z;
	uint8_t timers[JOURNAL_TIMERS_MAX];
	for (size_t i = 0; i < sizeof timers; i++)
		timers[i] = (uint8_t)(255 - i);
	assert_int_equal(journal_zone(j, kit_example, &z), ERR_NOT_FOUND);
	assert_int_equal(journal_put_timers(j, kit_example, timers,
	    sizeof timers, 0x80000001), OK);
	assert_true(journal_is_dirty(j));
	/* The turn itself sees it already. */
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	kit_commit(j);
	kit_reopen(&j);
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	assert_int_equal(z.timers_len, sizeof timers);
	assert_memory_equal(z.timers, timers, sizeof timers);
	assert_int_equal(z.flags, 0x80000001);
	assert_false(z.is_published);
	assert_int_equal(z.base, JOURNAL_BASE_NONE);
	assert_int_equal(journal_zone(j, kit_other, &z), ERR_NOT_FOUND);
	assert_int_equal(journal_put_timers(j, kit_example, NULL, 0, 7), OK);
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	assert_int_equal(z.timers_len, 0);
	assert_int_equal(z.flags, 7);
	journal_close(&j);
}

static void
test_abort(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_zone z;
	journal_put_timers(j, kit_example, NULL, 0, 1);
	kit_commit(j);
	journal_put_timers(j, kit_example, NULL, 0, 2);
	journal_put_timers(j, kit_other, NULL, 0, 3);
	journal_abort(j);
	assert_false(journal_is_dirty(j));
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	assert_int_equal(z.flags, 1);
	assert_int_equal(journal_zone(j, kit_other, &z), ERR_NOT_FOUND);
	/* Closing without commit is the same. */
	journal_put_timers(j, kit_other, NULL, 0, 3);
	kit_reopen(&j);
	assert_int_equal(journal_zone(j, kit_other, &z), ERR_NOT_FOUND);
	journal_close(&j);
}

static bool
note_apex(void *arg, const uint8_t *apex, const struct journal_zone *z)
{
	char *text = arg;
	sprintf(text + strlen(text), "%u:%zu ", z->flags,
	    strlen((const char *)apex));
	return z->flags != 99;
}

static void
test_each_zone(void **state)
{
	(void)state;
	char text[128] = "";
	struct journal *j = kit_open();
	journal_put_timers(j, kit_other, NULL, 0, 1);
	journal_put_timers(j, kit_root, NULL, 0, 2);
	journal_put_timers(j, kit_sub, NULL, 0, 3);
	journal_put_timers(j, kit_example, NULL, 0, 4);
	kit_commit(j);
	assert_int_equal(journal_each_zone(j, note_apex, text), OK);
	assert_string_equal(text, "2:0 3:10 4:8 1:12 ");
	text[0] = '\0';
	journal_put_timers(j, kit_sub, NULL, 0, 99);
	assert_int_equal(journal_each_zone(j, note_apex, text), OK);
	assert_string_equal(text, "2:0 99:10 ");
	journal_close(&j);
}

/* A failing put spoils the turn: nothing of it is kept. */
static void
test_spoilt_turn(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_zone z;
	journal_put_timers(j, kit_example, NULL, 0, 1);
	assert_int_equal(journal_publish(j, kit_example, 17, 0),
	    ERR_NOT_FOUND);
	assert_int_equal(journal_put_timers(j, kit_other, NULL, 0, 2),
	    ERR_NOT_FOUND);
	assert_true(journal_is_dirty(j));
	assert_int_equal(journal_commit(j), ERR_NOT_FOUND);
	assert_false(journal_is_dirty(j));
	assert_int_equal(journal_zone(j, kit_example, &z), ERR_NOT_FOUND);
	journal_put_timers(j, kit_example, NULL, 0, 5);
	kit_commit(j);
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	journal_close(&j);
}

/* When the map is full the turn fails, and the next one works. */
static void
test_full(void **state)
{
	(void)state;
	struct journal_settings s = { .directory = kit_dir,
		.map_octets = 1 << 20 };
	struct journal *j = NULL;
	struct journal_zone z;
	uint8_t *many = calloc(1, JOURNAL_INLINE_MAX);
	struct journal_update u = { .id = 5, .state = UPDATE_STAGED,
		.data = { .octets = many, .len = JOURNAL_INLINE_MAX } };
	assert_int_equal(journal_open(&s, &j, kit_why), OK);
	journal_put_timers(j, kit_example, NULL, 0, 1);
	kit_commit(j);
	assert_int_equal(journal_put_update(j, kit_example, &u), ERR_FULL);
	assert_int_equal(journal_commit(j), ERR_FULL);
	journal_put_timers(j, kit_example, NULL, 0, 2);
	kit_commit(j);
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	assert_int_equal(z.flags, 2);
	journal_close(&j);
	free(many);
}

static void
test_ids(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	uint64_t a = journal_new_id(j), b = journal_new_id(j);
	assert_int_not_equal(a, 0);
	assert_true(b > a);
	journal_put_timers(j, kit_example, NULL, 0, 1);
	kit_commit(j);
	kit_reopen(&j);
	assert_true(journal_new_id(j) > b);
	journal_close(&j);
}

static void
test_zonefile(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_zonefile f = { .octets = UINT64_C(1) << 40,
		.mtime_s = -5, .mtime_ns = 999999999, .serial = 0xfffffffe,
		.digest = "0123456789abcde" }, back;
	memset(&back, 0, sizeof back);
	assert_int_equal(journal_zonefile(j, kit_example, &back),
	    ERR_NOT_FOUND);
	journal_put_zonefile(j, kit_example, &f);
	kit_commit(j);
	kit_reopen(&j);
	assert_int_equal(journal_zonefile(j, kit_example, &back), OK);
	assert_int_equal(back.octets, f.octets);
	assert_true(back.mtime_s == -5 && back.mtime_ns == f.mtime_ns);
	assert_int_equal(back.serial, f.serial);
	assert_memory_equal(back.digest, f.digest, sizeof f.digest);
	journal_close(&j);
}

static void
test_stats(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_stats s;
	for (unsigned i = 0; i < 3; i++) {
		journal_put_timers(j, kit_example, NULL, 0, i);
		kit_commit(j);
	}
	journal_stats(j, &s);
	assert_int_equal(s.commits, 3);
	assert_true(s.longest_commit_us >= s.last_commit_us);
	assert_true(s.file_octets >= 8192 && s.file_octets % 4096 == 0);
	assert_true(s.free_octets > 0 && s.free_octets < s.file_octets);
	journal_close(&j);
}

static void
test_crc(void **state)
{
	(void)state;
	/* RFC 3720 B.4. */
	uint8_t octets[32] = { 0 };
	assert_int_equal(crc32c(0, octets, 32), 0x8a9136aa);
	memset(octets, 0xff, 32);
	assert_int_equal(crc32c(0, octets, 32), 0x62a8ab43);
	for (unsigned i = 0; i < 32; i++)
		octets[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, octets, 32), 0x46dd794e);
	assert_int_equal(crc32c(crc32c(0, octets, 13), octets + 13, 19),
	    0x46dd794e);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_new), KIT_TEST(test_one_opener),
		KIT_TEST(test_zone_record), KIT_TEST(test_abort),
		KIT_TEST(test_each_zone), KIT_TEST(test_spoilt_turn),
		KIT_TEST(test_full), KIT_TEST(test_ids),
		KIT_TEST(test_zonefile), KIT_TEST(test_stats),
		cmocka_unit_test(test_crc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_verify_feed.c - the whole version, in order, without ever blocking. */
#include "verify_kit.h"

#include <time.h>

#include "base/clock.h"
#include "verify/feed.h"
#include "zone/zonedb.h"
#include "zone/zonefile.h"

#define NAMES 30000	/* more text than any pipe holds */

static struct zonedb *db;
static struct zone_version *version;

struct reader {
	struct octets got;
	int fd;
	bool is_done;
	enum feed_end how;
	struct feed *feed;
};

static struct octets
zone_octets(void)
{
	struct octets o = { 0 };
	char owner[40];
	const uint8_t ns[] = { 2, 'N', 's', 3, 'n', 'e', 't', 0 };
	const uint8_t txt[] = { 5, 'a', '"', ' ', 0, 255 };
	kit_add_soa(&o, "Example.com.", 77);
	kit_add_rr(&o, "Example.com.", TYPE_NS, ns, sizeof(ns));
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(owner, sizeof(owner), "Name%05u.example.com.",
		    i * 7919 % NAMES);
		kit_add_a(&o, owner, i);
		kit_add_rr(&o, owner, TYPE_TXT, txt, sizeof(txt));
	}
	return o;
}

static int
set_up(void **state)
{
	static const uint8_t key[16] = { 1 };
	struct zone_trouble t;
	struct name apex;
	uint64_t dropped;
	if (kit_set_up(state) != 0 || !name_from_text("example.com", &apex) ||
	    zonedb_create(key, 0, &db) != OK ||
	    zonedb_add(db, 1, apex.octets) != OK)
		return -1;
	struct octets o = zone_octets();
	enum err e = zonedb_build(db, 1, o.at, o.len, &version, &dropped, &t);
	octets_free(&o);
	return e != OK || dropped != 0;
}

static int
tear_down(void **state)
{
	zonedb_discard(db, version);
	zonedb_destroy(&db);
	return kit_tear_down(state);
}

static struct octets
expected_text(void)
{
	struct octets text = { 0 };
	struct zone_text_out o;
	zone_text_out_start(version, &o);
	while (zone_text_out_more(&o, &text, 1000))
		continue;
	return text;
}

static void
on_done(void *arg, enum feed_end how)
{
	struct reader *r = arg;
	assert_false(r->is_done);
	r->is_done = true;
	r->how = how;
	feed_stop(&r->feed);
}

static void
start_feed(struct reader *r, const struct feed_source *s)
{
	int ends[2];
	*r = (struct reader){ .fd = -1 };
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	r->fd = ends[0];
	assert_true(fd_set_nonblock(r->fd));
	assert_int_equal(feed_start(kit_loop, ends[1], s, on_done, r,
	    &r->feed), OK);
}

/* Up to so many octets of what is there; false at the end of file. */
static bool
read_some(struct reader *r, size_t most)
{
	uint8_t *to = octets_reserve(&r->got, most);
	assert_non_null(to);
	ssize_t n = read(r->fd, to, most);
	if (n > 0)
		r->got.len += (size_t)n;
	return n != 0;
}

static void
read_all(struct reader *r, size_t each)
{
	int64_t limit = clock_mono_ms() + KIT_FAR_OFF_S * 1000;
	while (read_some(r, each) && clock_mono_ms() < limit)
		kit_turn();
	close(r->fd);
	assert_true(r->is_done);
}

static void
test_zone_whole(void **state)
{
	(void)state;
	const struct feed_source s = { .kind = VERIFY_FEED_ZONE,
		.zone = version };
	struct octets expected = expected_text();
	const size_t sizes[] = { 1 << 20, 4099 };
	for (unsigned i = 0; i < 2; i++) {
		struct reader r;
		start_feed(&r, &s);
		read_all(&r, sizes[i]);
		assert_int_equal(r.how, FEED_WHOLE);
		assert_int_equal(r.got.len, expected.len);
		assert_memory_equal(r.got.at, expected.at, expected.len);
		octets_free(&r.got);
	}
	/* SOA first, one record a line, case kept. */
	assert_memory_equal(expected.at, "Example.com.\t", 13);
	assert_non_null(memmem(expected.at, 60, "\tSOA\t", 5));
	unsigned lines = 0;
	for (size_t i = 0; i < expected.len; i++)
		lines += expected.at[i] == '\n';
	assert_int_equal(lines, 2 + 2 * NAMES);
	octets_free(&expected);
}

/* Nothing is published: every line of the zone, as an addition. */
static void
test_delta_of_all(void **state)
{
	(void)state;
	const struct feed_source s = { .kind = VERIFY_FEED_DELTA,
		.zone = version };
	struct octets expected = expected_text(), plain = { 0 };
	struct reader r;
	start_feed(&r, &s);
	read_all(&r, 1 << 20);
	assert_int_equal(r.how, FEED_WHOLE);
	const uint8_t *at = r.got.at, *end = at + r.got.len;
	assert_memory_equal(at, "; none 77\n", 10);
	for (at += 10; at < end;) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(nl);
		assert_memory_equal(at, "+ ", 2);
		assert_true(octets_add(&plain, at + 2,
		    (size_t)(nl + 1 - at - 2)));
		at = nl + 1;
	}
	assert_int_equal(plain.len, expected.len);
	assert_memory_equal(plain.at, expected.at, expected.len);
	octets_free(&plain);
	octets_free(&expected);
	octets_free(&r.got);
}

static void
test_reader_closes(void **state)
{
	(void)state;
	const struct feed_source s = { .kind = VERIFY_FEED_ZONE,
		.zone = version };
	struct reader r;
	start_feed(&r, &s);
	close(r.fd);	/* before anything was written */
	for (unsigned i = 0; i < 100 && !r.is_done; i++)
		kit_turn();
	assert_true(r.is_done);
	assert_int_equal(r.how, FEED_UNREAD);
	start_feed(&r, &s);
	for (unsigned i = 0; i < 20; i++)
		kit_turn();
	assert_false(r.is_done);	/* the pipe is full */
	assert_true(read_some(&r, 1000));
	close(r.fd);
	for (unsigned i = 0; i < 100 && !r.is_done; i++)
		kit_turn();
	assert_true(r.is_done);
	assert_int_equal(r.how, FEED_UNREAD);
	octets_free(&r.got);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(*(unsigned *)arg)++;
}

/* A reader that does not read: other events go on, and the feed costs no
 * processor time. */
static void
test_reader_hangs(void **state)
{
	(void)state;
	const struct feed_source s = { .kind = VERIFY_FEED_ZONE,
		.zone = version };
	struct reader r;
	unsigned ticks = 0;
	start_feed(&r, &s);
	struct event *tick = event_new(kit_loop, -1, EV_PERSIST, on_tick,
	    &ticks);
	const struct timeval each = { 0, 10000 };
	assert_int_equal(event_add(tick, &each), 0);
	clock_t cpu = clock();
	int64_t end = clock_mono_ms() + 300;
	while (clock_mono_ms() < end) {
		const struct timeval t = { 0, 100000 };
		event_base_loopexit(kit_loop, &t);
		event_base_dispatch(kit_loop);
	}
	assert_true(ticks >= 5);
	assert_true(clock() - cpu < CLOCKS_PER_SEC / 6);
	assert_false(r.is_done);
	assert_true(feed_octets(r.feed) >= 65536);
	event_free(tick);
	feed_stop(&r.feed);
	close(r.fd);
}

/* What cannot be written whole is said to be broken. */
static void
test_broken_delta(void **state)
{
	(void)state;
	struct octets o = { 0 };
	kit_add_soa(&o, "example.com.", 1);
	const struct feed_source one_soa = { .kind = VERIFY_FEED_DELTA,
		.delta = o.at, .delta_len = o.len };
	struct reader r;
	start_feed(&r, &one_soa);
	read_all(&r, 1000);
	assert_int_equal(r.how, FEED_BROKEN);
	assert_int_equal(r.got.len, 0);
	octets_free(&r.got);
	octets_free(&o);
}

int
main(void)
{
	alarm(100);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone_whole),
		cmocka_unit_test(test_delta_of_all),
		cmocka_unit_test(test_reader_closes),
		cmocka_unit_test(test_reader_hangs),
		cmocka_unit_test(test_broken_delta),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* test_serve_rrl.c - response rate limiting: which answers are counted as
 * equal, how rates go up and down, who is exempt, what is logged. */
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/rrl.h"
#include "serve_kit.h"
#include "serve_zones.h"

#define BUCKETS 4096

static struct rrl rrl;
static struct rrl_bucket buckets[BUCKETS];
static const uint8_t key[SIPHASH_KEY_OCTETS] = "no secret at all";
static int64_t now;

/* In this order: two limits, slip, two prefix lengths, buckets. */
struct limits {
	int64_t limit, whitelist, slip, ipv4, ipv6;
	size_t size;
};
#define USUAL 10, 0, 0, 24, 64, BUCKETS
#define LIMITS(...) ((struct limits){ __VA_ARGS__ })

static struct kit *
world(struct limits l)
{
	struct kit *k = kit_create();
	const struct conf_server c = { .rrl_ratelimit = l.limit,
		.rrl_whitelist_ratelimit = l.whitelist,
		.rrl_slip = l.slip, .rrl_ipv4_prefix_length = l.ipv4,
		.rrl_ipv6_prefix_length = l.ipv6 };
	kit_add(k, 1, "example.", zone_example, KIT_NSEC);
	kit_add(k, 2, "second.", zone_second, KIT_UNSIGNED);
	memset(buckets, 0, sizeof(buckets));
	now = 1500000000;
	assert_int_equal(rrl_start(&rrl, &c, buckets, l.size, key, 1),
	    l.limit > 0 || l.whitelist > 0);
	k->serve.rrl = &rrl;
	return k;
}

enum got { FULL, SLIPPED, DROPPED };

static enum got
ask(struct kit *k, const char *from, const char *name, uint16_t type,
    unsigned flags)
{
	struct query *q = &k->query;
	size_t len = kit_question(k->question, name, type, flags, 7);
	q->octets = k->question;
	q->len = len;
	assert_true(addr_parse(from, 5353, &q->peer));
	q->transport = flags & KIT_TCP ? SERVE_TCP : SERVE_UDP;
	q->now_s = now;
	q->answer = k->answer;
	q->room = 1232;
	if (query_answer(&k->serve, q) != QUERY_ANSWER)
		return DROPPED;
	if (octets_u16(k->answer + 6) > 0 || octets_u16(k->answer + 8) > 0 ||
	    (k->answer[2] & 2) == 0)
		return FULL;
	/* Question and OPT are there. */
	assert_int_equal(octets_u16(k->answer + 4), 1);
	assert_int_equal(octets_u16(k->answer + 10),
	    (flags & KIT_EDNS) != 0);
	return SLIPPED;
}

#define PEER "192.0.2.1"

/* How many of n in this second get through. */
static unsigned
passed(struct kit *k, const char *from, const char *name, uint16_t type,
    unsigned n)
{
	unsigned full = 0;
	for (unsigned i = 0; i < n; i++)
		full += ask(k, from, name, type, 0) == FULL;
	return full;
}

static void
a_rate_within_the_limit_passes_for_ever(void **state)
{
	struct kit *k = world(LIMITS(USUAL));
	(void)state;
	for (unsigned s = 0; s < 100; s++, now++)
		assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 9),
		    9);
	kit_destroy(&k);
}

/* Twice the limit may come in a first second, half a step of it in the next;
 * from then on what comes is above the limit, and all of it is dropped. */
static void
a_rate_above_the_limit_is_stopped(void **state)
{
	struct kit *k = world(LIMITS(USUAL));
	(void)state;
	assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 100), 19);
	for (unsigned s = 0; s < 5; s++) {
		now++;
		assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 100),
		    0);
	}
	/* rate 193, then it halves: below 20 after four seconds. */
	for (unsigned s = 0; s < 4; s++) {
		assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 0),
		    0);
		now++;
	}
	now += 1;
	assert_int_not_equal(passed(k, PEER, "web.example.", TYPE_A, 1), 0);
	kit_destroy(&k);
}

static void
time_forgets(void **state)
{
	static const int64_t steps[] = { 17, 1000, 1LL << 31, -5, -1000000 };
	struct kit *k = world(LIMITS(USUAL));
	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 100),
		    19);
		now += steps[i];
	}
	kit_destroy(&k);
}

static void
networks_do_not_use_up_each_others_rate(void **state)
{
	static const struct {
		int64_t ipv4, ipv6;
		const char *a, *b;
		bool is_same;
	} rows[] = {
		{ 24, 64, "192.0.2.1", "192.0.2.254", true },
		{ 24, 64, "192.0.2.1", "192.0.3.1", false },
		{ 32, 64, "192.0.2.1", "192.0.2.2", false },
		{ 32, 64, "192.0.2.1", "192.0.2.1", true },
		{ 8, 64, "10.0.0.1", "10.255.0.1", true },
		{ 0, 64, "10.0.0.1", "192.0.2.1", true },
		{ 24, 64, "2001:db8::1", "2001:db8::ffff:1", true },
		{ 24, 64, "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ 24, 48, "2001:db8:0:1::1", "2001:db8:0:2::1", true },
		{ 24, 0, "2001:db8::1", "fe80::1", true },
		{ 0, 0, "0.0.0.0", "::", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kit *k = world(LIMITS(10, 0, 0, rows[i].ipv4,
		    rows[i].ipv6, BUCKETS));
		passed(k, rows[i].a, "web.example.", TYPE_A, 100);
		assert_int_equal(ask(k, rows[i].a, "web.example.", TYPE_A, 0),
		    DROPPED);
		assert_int_equal(ask(k, rows[i].b, "web.example.", TYPE_A, 0),
		    rows[i].is_same ? DROPPED : FULL);
		kit_destroy(&k);
	}
}

/* Same class and name: one rate; else none of the other's business. */
static void
answers_are_equal_by_kind_and_name(void **state)
{
	static const struct {
		const char *a;
		uint16_t a_type;
		const char *b;
		uint16_t b_type;
		bool is_same;
	} rows[] = {
		{ "web.example.", TYPE_A, "web.example.", TYPE_TXT, true },
		{ "web.example.", TYPE_A, "WEB.Example.", TYPE_A, true },
		{ "web.example.", TYPE_A, "ns1.example.", TYPE_A, false },
		/* nxdomain: of a zone */
		{ "no.example.", TYPE_A, "nix.example.", TYPE_MX, true },
		{ "no.example.", TYPE_A, "no.second.", TYPE_A, false },
		/* error: of a zone, or of none */
		{ "elsewhere.", TYPE_A, "nowhere.", TYPE_A, true },
		{ "elsewhere.", TYPE_A, "no.second.", TYPE_A, false },
		/* referral: of a cut */
		{ "a.sub.example.", TYPE_A, "b.sub.example.", TYPE_MX, true },
		/* any, rrsig: their own */
		{ "web.example.", TYPE_ANY, "web.example.", TYPE_A, false },
		{ "web.example.", TYPE_ANY, "WEB.example.", TYPE_ANY, true },
		{ "web.example.", TYPE_RRSIG, "web.example.", TYPE_A, false },
		/* wildcard: whatever it matches, also what it has not */
		{ "x.wild.example.", TYPE_A, "y.wild.example.", TYPE_A,
		    true },
		{ "x.wild.example.", TYPE_A, "y.wild.example.", TYPE_TXT,
		    true },
		/* also of any and rrsig, and below a DNAME */
		{ "x.wild.example.", TYPE_ANY, "y.wild.example.", TYPE_ANY,
		    true },
		{ "x.wild.example.", TYPE_RRSIG, "y.wild.example.",
		    TYPE_RRSIG, true },
		{ "x.wild.example.", TYPE_ANY, "y.wild.example.", TYPE_A,
		    false },
		{ "x.away.example.", TYPE_A, "y.away.example.", TYPE_MX,
		    true },
		/* nodata: of a zone */
		{ "web.example.", TYPE_MX, "ns1.example.", TYPE_MX, true },
		{ "example.", TYPE_DNSKEY, "example.", TYPE_SOA, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kit *k = world(LIMITS(USUAL));
		passed(k, PEER, rows[i].a, rows[i].a_type, 100);
		assert_int_equal(ask(k, PEER, rows[i].a, rows[i].a_type, 0),
		    DROPPED);
		if ((ask(k, PEER, rows[i].b, rows[i].b_type, 0) == DROPPED) !=
		    rows[i].is_same)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
		kit_destroy(&k);
	}
}

static void
one_of_so_many_slips(void **state)
{
	static const struct {
		int64_t slip;
		unsigned least, most;	/* of 10000 */
	} rows[] = {
		{ 0, 0, 0 }, { 1, 10000, 10000 }, { 2, 4700, 5300 },
		{ 3, 3000, 3700 }, { 10, 850, 1150 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kit *k = world(LIMITS(10, 0, rows[i].slip, 24, 64,
		    BUCKETS));
		unsigned slipped = 0;
		passed(k, PEER, "web.example.", TYPE_A, 19);
		for (unsigned n = 0; n < 10000; n++) {
			enum got g = ask(k, PEER, "web.example.", TYPE_A,
			    n % 2 ? KIT_EDNS : 0);
			assert_int_not_equal(g, FULL);
			slipped += g == SLIPPED;
		}
		assert_in_range(slipped, rows[i].least, rows[i].most);
		kit_destroy(&k);
	}
}

static void
a_slipped_answer_keeps_its_code(void **state)
{
	struct kit *k = world(LIMITS(10, 0, 1, 24, 64, BUCKETS));
	(void)state;
	passed(k, PEER, "no.example.", TYPE_A, 100);
	assert_int_equal(ask(k, PEER, "no.example.", TYPE_A, KIT_EDNS),
	    SLIPPED);
	assert_int_equal(k->answer[3] & 15, RCODE_NXDOMAIN);
	kit_destroy(&k);
}

static void
who_shows_where_he_is_is_not_limited(void **state)
{
	static struct cookie_jar jar;
	const struct cookie_secrets s = { .count = 1 };
	struct kit *k = world(LIMITS(USUAL));
	(void)state;
	cookie_jar_put(&jar, &s);
	k->serve.cookies = &jar;
	passed(k, PEER, "web.example.", TYPE_A, 100);
	assert_int_equal(ask(k, PEER, "web.example.", TYPE_A, 0), DROPPED);
	assert_int_equal(ask(k, PEER, "web.example.", TYPE_A, KIT_TCP), FULL);
	/* The same with a cookie, first the client's alone, then ours. */
	struct edns e = { .cookie = (const uint8_t *)"12345678",
		.cookie_len = 8 };
	struct cookie c;
	assert_true(addr_parse(PEER, 5353, &k->query.peer));
	cookie_judge(&jar, &e, &k->query.peer, (uint32_t)now, &c);
	for (uint16_t len = 8; len <= COOKIE_OCTETS; len += 16) {
		struct msg_writer w;
		struct name n = kit_name("web.example.");
		uint8_t options[64];
		struct buf b = buf_of(options, sizeof(options));
		msg_write(&w, k->question, 512, 0x1234, 0);
		assert_true(msg_put_question(&w, n.octets, TYPE_A, CLASS_IN));
		assert_true(edns_option_put(&b, EDNS_COOKIE, c.octets, len));
		assert_true(edns_put(&w, 1232, 0, false, options,
		    (uint16_t)b.at));
		msg_finish(&w);
		k->query.octets = k->question;
		k->query.len = w.len;
		k->query.transport = SERVE_UDP;
		k->query.now_s = now;
		assert_int_equal(query_answer(&k->serve, &k->query),
		    len == 8 ? QUERY_DROP : QUERY_ANSWER);
	}
	kit_destroy(&k);
}

static bool
take_notify(void *arg, uint32_t zone_id, const struct addr *from,
    const char *key_name, bool has_serial, uint32_t serial)
{
	(void)arg;
	(void)zone_id;
	(void)from;
	(void)key_name;
	(void)has_serial;
	(void)serial;
	return true;
}

/* One that is refused could come from anybody. */
static void
a_primary_may_notify_as_often_as_it_must(void **state)
{
	struct kit *k = world(LIMITS(USUAL));
	(void)state;
	k->serve.hooks.notify = take_notify;
	k->conf[1].allow_notify = kit_acl(k, 1, PEER, ACL_NOKEY);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_not_equal(ask(k, PEER, "example.", TYPE_SOA,
		    KIT_NOTIFY | KIT_SERIAL), DROPPED);
	unsigned dropped = 0;
	for (unsigned i = 0; i < 100; i++)
		dropped += ask(k, "192.0.2.200", "second.", TYPE_SOA,
		    KIT_NOTIFY | KIT_SERIAL) == DROPPED;
	assert_int_equal(dropped, 81);
	kit_destroy(&k);
}

static void
a_zone_may_have_other_limits(void **state)
{
	static const char *const nodata[] = { "any", "nodata" };
	static const char *const all[] = { "all" };
	struct kit *k = world(LIMITS(10, 20, 0, 24, 64, BUCKETS));
	(void)state;
	k->conf[1].rrl_whitelist = (struct conf_strings){ nodata, 2 };
	assert_int_equal(passed(k, PEER, "web.example.", TYPE_MX, 100), 39);
	assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 100), 19);
	k->conf[1].rrl_whitelist = (struct conf_strings){ all, 1 };
	assert_int_equal(passed(k, PEER, "mail.example.", TYPE_A, 100), 39);
	assert_int_equal(passed(k, PEER, "web.second.", TYPE_A, 100) <= 19,
	    true);
	kit_destroy(&k);
	k = world(LIMITS(USUAL));
	k->conf[1].rrl_whitelist = (struct conf_strings){ all, 1 };
	assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 1000), 1000);
	kit_destroy(&k);
	k = world(LIMITS(0, 5, 0, 24, 64, BUCKETS));
	assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 1000), 1000);
	k->conf[1].rrl_whitelist = (struct conf_strings){ all, 1 };
	assert_int_equal(passed(k, PEER, "web.example.", TYPE_A, 1000), 9);
	kit_destroy(&k);
}

/* In one bucket flows push each other out: nobody is stopped by mistake. */
static void
flows_that_meet_let_each_other_through(void **state)
{
	struct kit *k = world(LIMITS(10, 0, 0, 24, 64, 1));
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(ask(k, PEER, "web.example.", TYPE_A, 0),
		    FULL);
		assert_int_equal(ask(k, PEER, "no.example.", TYPE_A, 0),
		    FULL);
	}
	kit_destroy(&k);
}

/* Whatever the key, places are spread: of 1000 flows in 4096 buckets most
 * keep theirs; with another key others meet. */
static void
places_depend_on_the_key(void **state)
{
	struct kit *k = world(LIMITS(10, 0, 0, 32, 64, BUCKETS));
	unsigned used[2] = { 0 }, differ = 0;
	static struct rrl_bucket first[BUCKETS];
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		memset(buckets, 0, sizeof(buckets));
		rrl.key[0] ^= (uint8_t)turn;
		for (unsigned i = 0; i < 1000; i++) {
			char from[32];
			snprintf(from, sizeof(from), "10.0.%u.%u", i / 250,
			    i % 250);
			ask(k, from, "web.example.", TYPE_A, 0);
		}
		for (unsigned i = 0; i < BUCKETS; i++) {
			used[turn] += buckets[i].count > 0;
			differ += turn > 0 && buckets[i].network !=
			    first[i].network;
		}
		memcpy(first, buckets, sizeof(buckets));
	}
	assert_in_range(used[0], 840, 930);
	assert_in_range(used[1], 840, 930);
	assert_true(differ > 1000);
	kit_destroy(&k);
}

/* ---- the log ---- */

static size_t
read_log(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY);
	assert_true(fd != -1);
	ssize_t n = read(fd, text, room - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return (size_t)n;
}

static unsigned
lines_with(const char *text, const char *what)
{
	unsigned n = 0;
	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void
blocks_are_logged_and_not_without_end(void **state)
{
	char path[] = "/tmp/test_serve_rrl.XXXXXX", text[16384];
	struct kit *k = world(LIMITS(10, 0, 0, 32, 64, BUCKETS));
	(void)state;
	int fd = mkstemp(path);
	assert_true(fd != -1);
	close(fd);
	const struct log_settings s = { .ident = "t", .file = path,
		.verbosity = 1 };
	assert_int_equal(log_open(&s), OK);
	passed(k, PEER, "no.example.", TYPE_A, 100);
	now += 10;
	passed(k, PEER, "no.example.", TYPE_A, 1);
	passed(k, "2001:db8::1", "web.example.", TYPE_A, 100);
	read_log(path, text, sizeof(text));
	assert_int_equal(lines_with(text, "ratelimit"), 3);
	assert_int_equal(lines_with(text, "info: ratelimit block example. "
	    "type nxdomain target 192.0.2.1/32 query 192.0.2.1 A\n"), 1);
	assert_int_equal(lines_with(text, "info: ratelimit unblock example. "
	    "type nxdomain target 192.0.2.1/32 query 192.0.2.1 A\n"), 1);
	assert_int_equal(lines_with(text, "info: ratelimit block "
	    "web.example. type positive target 2001:db8::/64 query "
	    "2001:db8::1 A\n"), 1);
	now += 10;
	for (unsigned i = 0; i < 50; i++) {
		char from[32];
		snprintf(from, sizeof(from), "10.1.0.%u", i);
		passed(k, from, "web.example.", TYPE_A, 30);
	}
	now++;
	passed(k, "10.2.0.1", "web.example.", TYPE_A, 30);
	read_log(path, text, sizeof(text));
	assert_int_equal(lines_with(text, "ratelimit block"),
	    2 + RRL_LINES_PER_S + 1);
	/* Perhaps one more, if two of the fifty met in a bucket. */
	assert_int_equal(lines_with(text, "ratelimit: 4"), 1);
	log_set_verbosity(0);
	unlink(path);
	kit_destroy(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_within_the_limit_passes_for_ever),
		cmocka_unit_test(a_rate_above_the_limit_is_stopped),
		cmocka_unit_test(time_forgets),
		cmocka_unit_test(networks_do_not_use_up_each_others_rate),
		cmocka_unit_test(answers_are_equal_by_kind_and_name),
		cmocka_unit_test(one_of_so_many_slips),
		cmocka_unit_test(a_slipped_answer_keeps_its_code),
		cmocka_unit_test(who_shows_where_he_is_is_not_limited),
		cmocka_unit_test(a_primary_may_notify_as_often_as_it_must),
		cmocka_unit_test(a_zone_may_have_other_limits),
		cmocka_unit_test(flows_that_meet_let_each_other_through),
		cmocka_unit_test(places_depend_on_the_key),
		cmocka_unit_test(blocks_are_logged_and_not_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

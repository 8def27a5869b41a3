/* test_serve_edns.c - EDNS options of queries and answers: cookies, zone
 * version, keepalive; and that an OPT record always finds its room. */
#include "serve_kit.h"
#include "serve_zones.h"

#define NOW 1500000000

static struct cookie_jar jar;

static size_t
hex(const char *text, uint8_t *to)
{
	size_t n = strlen(text) / 2;
	for (size_t i = 0; i < n; i++) {
		char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };
		to[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static void
use_secrets(const char *active, const char *staging)
{
	struct cookie_secrets s = { .count = staging != NULL ? 2 : 1 };
	assert_int_equal(hex(active, s.at[0]), COOKIE_SECRET_OCTETS);
	if (staging != NULL)
		assert_int_equal(hex(staging, s.at[1]),
		    COOKIE_SECRET_OCTETS);
	cookie_jar_put(&jar, &s);
}

static void
judge(const char *peer, const char *cookie, uint32_t now, struct cookie *c)
{
	static uint8_t octets[64];
	struct edns e = { .is_present = true, .cookie = octets };
	struct addr a;
	e.cookie_len = (uint16_t)hex(cookie, octets);
	assert_true(cookie_is_well_formed(&e));
	assert_true(addr_parse(peer, 53, &a));
	memset(c, 0, sizeof(*c));
	cookie_judge(&jar, &e, &a, now, c);
	assert_true(c->is_present);
}

static void
gives(const char *peer, const char *cookie, uint32_t now, bool is_valid,
    const char *answer)
{
	uint8_t expected[COOKIE_OCTETS];
	struct cookie c;
	hex(answer, expected);
	judge(peer, cookie, now, &c);
	assert_int_equal(c.is_valid, is_valid);
	assert_memory_equal(c.octets, expected, COOKIE_OCTETS);
}

/* RFC 9018 appendix A. */
static void
cookies_are_those_of_the_rfc(void **state)
{
	(void)state;
	use_secrets("e5e973e5a6b2a43f48e7dc849e37bfcf", NULL);
	gives("198.51.100.100", "2464c4abcf10c957", 1559731985, false,
	    "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
	gives("198.51.100.100",
	    "2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385,
	    true, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
	/* Its reserved octets are not zero; the renewed one's are. */
	static const char odd[] =
	    "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
	struct cookie c;
	gives("203.0.113.203", odd, 1559734700, false,
	    "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
	judge("203.0.113.203", odd, 1559727985 + 3600, &c);
	assert_true(c.is_valid);
	assert_int_equal(octets_u32(c.octets + 8), 1u << 24);
}

static void
a_staging_secret_is_accepted_and_not_used(void **state)
{
	(void)state;
	static const char old[] =
	    "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
	static const char new[] =
	    "22681ab97d52c298010000005cf7c609a6bb79d16625507a";
	static const char peer[] = "2001:db8:220:1:59de:d0f4:8769:82b8";
	use_secrets("445536bcd2513298075a5d379663c962",
	    "dd3bdf9344b678b185a6f5cb60fca715");
	gives(peer, old, 1559741961, true, new);
	use_secrets("445536bcd2513298075a5d379663c962", NULL);
	gives(peer, old, 1559741961, false, new);
	gives(peer, new, 1559741962, true, new);
}

static void
time_and_place_decide_about_a_cookie(void **state)
{
	struct cookie first, c;
	char text[2 * COOKIE_OCTETS + 1];
	(void)state;
	static const struct {
		int64_t age;
		bool is_valid, is_kept;
	} rows[] = {
		{ -301, false, false }, { -300, true, true },
		{ 0, true, true }, { 1799, true, true },
		{ 1800, true, false }, { 3600, true, false },
		{ 3601, false, false }, { 1 << 30, false, false },
		{ -(1 << 30), false, false },
	};
	use_secrets("00112233445566778899aabbccddeeff", NULL);
	/* Time goes round in 2106. */
	static const uint32_t times[] = { NOW, 100, UINT32_MAX - 50 };
	for (unsigned t = 0; t < 3; t++) {
		judge("192.0.2.1", "0102030405060708", times[t], &first);
		for (unsigned i = 0; i < COOKIE_OCTETS; i++)
			snprintf(text + 2 * i, 3, "%02x", first.octets[i]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			judge("192.0.2.1", text, times[t] +
			    (uint32_t)rows[i].age, &c);
			assert_int_equal(c.is_valid, rows[i].is_valid);
			assert_int_equal(memcmp(c.octets, first.octets,
			    COOKIE_OCTETS) == 0, rows[i].is_kept);
		}
		judge("192.0.2.2", text, times[t], &c);
		assert_false(c.is_valid);
		/* Each octet counts, also those of the client. */
		for (unsigned i = 0; i < COOKIE_OCTETS; i++) {
			char was = text[2 * i];
			text[2 * i] = was == '0' ? '1' : '0';
			judge("192.0.2.1", text, times[t], &c);
			assert_false(c.is_valid);
			text[2 * i] = was;
		}
	}
}

static void
many_changes_of_the_jar_show_the_last(void **state)
{
	struct cookie_secrets s = { .count = 1 };
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		s.at[0][0] = (uint8_t)i;
		cookie_jar_put(&jar, &s);
		assert_int_equal(cookie_jar_secrets(&jar)->at[0][0], i);
	}
}

/* ---- in messages ---- */

struct option {
	uint16_t code;
	const char *hex;
};

#define ASK_TCP 1u
#define ASK_NO_QUESTION 2u
#define ASK_SMALL 4u

/* A query with these options; the answer in q->answer. Returns the rcode of
 * 12 bits, or -1. */
static int
ask(struct kit *k, const char *name, uint16_t type,
    const struct option *options, size_t n, unsigned how)
{
	struct msg_writer w;
	struct name qname = kit_name(name);
	uint8_t rdata[600], data[300];
	struct buf b = buf_of(rdata, sizeof(rdata));
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	struct rr rr;
	enum section section;
	msg_write(&w, k->question, 4096, 0x1234, 0);
	if (!(how & ASK_NO_QUESTION))
		assert_true(msg_put_question(&w, qname.octets, type,
		    CLASS_IN));
	for (size_t i = 0; i < n; i++)
		assert_true(edns_option_put(&b, options[i].code, data,
		    (uint16_t)hex(options[i].hex, data)));
	assert_true(edns_put(&w, how & ASK_SMALL ? 512 : 1232, 0, false,
	    rdata, (uint16_t)b.at));
	msg_finish(&w);
	if (kit_run(k, w.len, how & ASK_TCP ? KIT_TCP : 0) != QUERY_ANSWER)
		return -1;
	assert_int_equal(msg_read(&m, k->answer, k->query.answer_len,
	    scratch), OK);
	int rcode = MSG_RCODE(m.flags);
	while (msg_take_rr(&m, &section, &rr) == OK)
		if (rr.type == TYPE_OPT)
			rcode |= (int)(rr.ttl >> 24) << 4;
	return rcode;
}

/* The data of an option of the answer as hexadecimal text; null if it is not
 * there; fails if there is no OPT record. */
static const char *
option_of(struct kit *k, uint16_t wanted, char text[1024])
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	enum section section;
	struct rr rr = { .type = 0 };
	uint16_t code = 0, len = 0;
	const uint8_t *data = NULL;
	assert_int_equal(msg_read(&m, k->answer, k->query.answer_len,
	    scratch), OK);
	while (msg_take_rr(&m, &section, &rr) == OK)
		;
	assert_int_equal(rr.type, TYPE_OPT);
	struct buf b = buf_reading(rr.rdata, rr.rdata_len);
	while (buf_left(&b) > 0) {
		assert_true(buf_take_u16(&b, &code));
		assert_true(buf_take_u16(&b, &len));
		assert_true(buf_take(&b, len, &data));
		if (code != wanted)
			continue;
		text[0] = '\0';
		for (unsigned i = 0; i < len; i++)
			snprintf(text + 2 * i, 3, "%02x", data[i]);
		return text;
	}
	return NULL;
}

static struct kit *
world(void)
{
	struct kit *k = kit_create();
	kit_add(k, 1, "example.", zone_example, KIT_NSEC);
	use_secrets("00112233445566778899aabbccddeeff", NULL);
	k->serve.cookies = &jar;
	return k;
}

#define ONE(code, hex) &(struct option){ code, hex }, 1

static void
cookies_go_back_with_every_answer(void **state)
{
	struct kit *k = world();
	char text[1024], again[1024];
	(void)state;
	static const char client[] = "0102030405060708";
	assert_int_equal(ask(k, "www.example.", TYPE_A,
	    ONE(EDNS_COOKIE, client), 0), RCODE_NOERROR);
	assert_non_null(option_of(k, EDNS_COOKIE, text));
	assert_int_equal(strlen(text), 2 * COOKIE_OCTETS);
	assert_memory_equal(text, client, 16);
	assert_false(k->query.cookie.is_valid);
	assert_int_equal(ask(k, "no.example.", TYPE_A,
	    ONE(EDNS_COOKIE, text), 0), RCODE_NXDOMAIN);
	assert_true(k->query.cookie.is_valid);
	assert_string_equal(option_of(k, EDNS_COOKIE, again), text);
	assert_int_equal(ask(k, "www.example.", TYPE_A,
	    ONE(EDNS_COOKIE, text), ASK_TCP), RCODE_NOERROR);
	assert_true(k->query.cookie.is_valid);
	assert_int_equal(ask(k, "elsewhere.", TYPE_A,
	    ONE(EDNS_COOKIE, text), 0), RCODE_REFUSED);
	assert_string_equal(option_of(k, EDNS_COOKIE, again), text);
	/* The one before must not stay. */
	assert_int_equal(ask(k, "www.example.", TYPE_A, NULL, 0, 0),
	    RCODE_NOERROR);
	assert_false(k->query.cookie.is_valid);
	assert_null(option_of(k, EDNS_COOKIE, again));
	kit_destroy(&k);
}

static void
only_possible_lengths_of_cookies_are_taken(void **state)
{
	struct kit *k = world();
	char data[128], text[1024];
	(void)state;
	for (unsigned len = 0; len <= 50; len++) {
		memset(data, '1', 2 * len);
		data[2 * len] = '\0';
		bool is_good = len == 8 || (len >= 16 && len <= 40);
		k->serve.cookies = &jar;
		assert_int_equal(ask(k, "www.example.", TYPE_A,
		    ONE(EDNS_COOKIE, data), 0),
		    is_good ? RCODE_NOERROR : RCODE_FORMERR);
		const char *got = option_of(k, EDNS_COOKIE, text);
		assert_int_equal(got != NULL, is_good);
		k->serve.cookies = NULL;
		assert_int_equal(ask(k, "www.example.", TYPE_A,
		    ONE(EDNS_COOKIE, data), 0), RCODE_NOERROR);
		assert_null(option_of(k, EDNS_COOKIE, text));
	}
	kit_destroy(&k);
}

/* RFC 7873 5.4 */
static void
a_cookie_needs_no_question(void **state)
{
	struct kit *k = world();
	char text[1024];
	(void)state;
	assert_int_equal(ask(k, ".", 0, ONE(EDNS_COOKIE, "0102030405060708"),
	    ASK_NO_QUESTION), RCODE_NOERROR);
	assert_non_null(option_of(k, EDNS_COOKIE, text));
	assert_int_equal(octets_u16(k->answer + 4), 0);
	assert_int_equal(octets_u16(k->answer + 6), 0);
	assert_int_equal(ask(k, ".", 0, ONE(EDNS_NSID, ""), ASK_NO_QUESTION),
	    RCODE_FORMERR);
	assert_int_equal(ask(k, ".", 0, ONE(EDNS_COOKIE, "01020304"),
	    ASK_NO_QUESTION), RCODE_FORMERR);
	k->serve.cookies = NULL;
	assert_int_equal(ask(k, ".", 0, ONE(EDNS_COOKIE, "0102030405060708"),
	    ASK_NO_QUESTION), RCODE_FORMERR);
	kit_destroy(&k);
}

/* RFC 9660 3.2: whatever the zone answers, its serial. */
static void
the_version_of_the_zone_is_told_to_whoever_asks(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		int rcode;
		const char *version;
	} rows[] = {
		{ "www.example.", TYPE_A, RCODE_NOERROR, "010000000005" },
		{ "example.", TYPE_SOA, RCODE_NOERROR, "010000000005" },
		{ "www.example.", TYPE_MX, RCODE_NOERROR, "010000000005" },
		{ "no.example.", TYPE_A, RCODE_NXDOMAIN, "010000000005" },
		{ "x.sub.example.", TYPE_A, RCODE_NOERROR, "010000000005" },
		{ "elsewhere.", TYPE_A, RCODE_REFUSED, NULL },
	};
	struct kit *k = world();
	char text[1024];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask(k, rows[i].name, rows[i].type,
		    ONE(EDNS_ZONEVERSION, ""), 0), rows[i].rcode);
		const char *got = option_of(k, EDNS_ZONEVERSION, text);
		if (rows[i].version == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].version);
		assert_int_equal(ask(k, rows[i].name, rows[i].type, NULL, 0,
		    0), rows[i].rcode);
		assert_null(option_of(k, EDNS_ZONEVERSION, text));
	}
	assert_int_equal(ask(k, "example.", TYPE_SOA,
	    ONE(EDNS_ZONEVERSION, "01"), 0), RCODE_FORMERR);
	/* Who may not ask is not told either. */
	k->conf[1].allow_query = kit_acl(k, 1, "192.0.2.1", ACL_NOKEY);
	assert_int_equal(ask(k, "example.", TYPE_SOA,
	    ONE(EDNS_ZONEVERSION, ""), 0), RCODE_REFUSED);
	assert_null(option_of(k, EDNS_ZONEVERSION, text));
	kit_destroy(&k);
}

static void
the_root_zone_has_no_labels(void **state)
{
	struct kit *k = kit_create();
	char text[1024];
	(void)state;
	kit_add(k, 1, ".", ". 300 SOA a. b. 4294967295 3600 600 86400 300\n"
	    ". 300 NS a.\n" "a. 300 A 192.0.2.1\n", KIT_UNSIGNED);
	assert_int_equal(ask(k, "a.", TYPE_A, ONE(EDNS_ZONEVERSION, ""), 0),
	    RCODE_NOERROR);
	assert_string_equal(option_of(k, EDNS_ZONEVERSION, text),
	    "0000ffffffff");
	kit_destroy(&k);
}

/* RFC 7828 */
static void
keepalive_is_for_connections(void **state)
{
	struct kit *k = world();
	char text[1024];
	(void)state;
	k->query.idle_timeout_100ms = 1200;
	assert_int_equal(ask(k, "example.", TYPE_SOA, ONE(EDNS_KEEPALIVE, ""),
	    ASK_TCP), RCODE_NOERROR);
	assert_string_equal(option_of(k, EDNS_KEEPALIVE, text), "04b0");
	assert_int_equal(ask(k, "example.", TYPE_SOA, NULL, 0, ASK_TCP),
	    RCODE_NOERROR);
	assert_null(option_of(k, EDNS_KEEPALIVE, text));
	assert_int_equal(ask(k, "example.", TYPE_SOA, ONE(EDNS_KEEPALIVE,
	    "0001"), ASK_TCP), RCODE_FORMERR);
	assert_int_equal(ask(k, "example.", TYPE_SOA, ONE(EDNS_KEEPALIVE, ""),
	    0), RCODE_NOERROR);
	assert_null(option_of(k, EDNS_KEEPALIVE, text));
	assert_int_equal(ask(k, "example.", TYPE_SOA, ONE(EDNS_KEEPALIVE,
	    "0001"), 0), RCODE_NOERROR);
	assert_null(option_of(k, EDNS_KEEPALIVE, text));
	kit_destroy(&k);
}

static void
unknown_options_are_ignored(void **state)
{
	struct kit *k = world();
	(void)state;
	static const uint16_t codes[] = { 0, 1, 2, 4, 5, 8, 12, 14, 15, 16,
		17, 18, 20, 26946, 65001, 65535 };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		for (unsigned len = 0; len < 3; len++) {
			static const char *const data[] = { "", "00",
				"ffffffffffffffffffffff" };
			char text[1024];
			assert_int_equal(ask(k, "www.example.", TYPE_A,
			    ONE(codes[i], data[len]), 0), RCODE_NOERROR);
			assert_null(option_of(k, codes[i], text));
		}
	kit_destroy(&k);
}

/* All options, a long NSID, names of all lengths, 512 octets: an answer
 * always comes, and with its OPT record and cookie. */
static void
an_opt_record_always_finds_its_room(void **state)
{
	static const struct option all[] = {
		{ EDNS_NSID, "" }, { EDNS_EXPIRE, "" },
		{ EDNS_COOKIE, "0102030405060708" },
		{ EDNS_ZONEVERSION, "" }, { EDNS_KEEPALIVE, "" },
	};
	struct kit *k = world();
	char name[600] = "example.", text[1024];
	bool was_shortened = false;
	(void)state;
	memset(k->serve.nsid, 'n', 255);
	k->serve.nsid_len = 255;
	for (unsigned n = 0; n < 60; n++) {
		char longer[600];
		assert_int_not_equal(ask(k, name, TYPE_A, all, 5, ASK_SMALL),
		    -1);
		assert_true(k->query.answer_len <= 512);
		assert_non_null(option_of(k, EDNS_COOKIE, text));
		was_shortened |= option_of(k, EDNS_NSID, text) == NULL;
		snprintf(longer, sizeof(longer), "abc.%s", name);
		strcpy(name, longer);
	}
	assert_true(was_shortened);
	kit_destroy(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_those_of_the_rfc),
		cmocka_unit_test(a_staging_secret_is_accepted_and_not_used),
		cmocka_unit_test(time_and_place_decide_about_a_cookie),
		cmocka_unit_test(many_changes_of_the_jar_show_the_last),
		cmocka_unit_test(cookies_go_back_with_every_answer),
		cmocka_unit_test(only_possible_lengths_of_cookies_are_taken),
		cmocka_unit_test(a_cookie_needs_no_question),
		cmocka_unit_test(
		    the_version_of_the_zone_is_told_to_whoever_asks),
		cmocka_unit_test(the_root_zone_has_no_labels),
		cmocka_unit_test(keepalive_is_for_connections),
		cmocka_unit_test(unknown_options_are_ignored),
		cmocka_unit_test(an_opt_record_always_finds_its_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dns_message.c - reading and writing messages, compression, EDNS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/rrtype.h"

static uint8_t scratch[MSG_MAX_OCTETS];

static struct name
n(const char *text)
{
	struct name name;
	assert_true(name_from_text(text, &name));
	return name;
}

static struct rr
ns_rr(const struct name *owner, const struct name *target)
{
	return (struct rr){ .owner = owner->octets, .type = TYPE_NS,
		.class = CLASS_IN, .ttl = 3600, .rdata = target->octets,
		.rdata_len = (uint16_t)name_len(target->octets) };
}

static bool
rr_equal(const struct rr *a, const struct rr *b)
{
	return a->type == b->type && a->class == b->class &&
	    a->ttl == b->ttl && name_identical(a->owner, b->owner) &&
	    a->rdata_len == b->rdata_len && (a->rdata_len == 0 ||
	    memcmp(a->rdata, b->rdata, a->rdata_len) == 0);
}

static void
test_round_trip(void **state)
{
	(void)state;
	uint8_t m[512];
	struct msg_writer w;
	struct name apex = n("Example.com"), ns = n("ns1.Example.com"),
	    low = n("example.com");
	struct rr rr = ns_rr(&apex, &ns), back;
	struct rr other = ns_rr(&low, &ns);
	msg_write(&w, m, sizeof m, 0x1234, MSG_QR | MSG_AA);
	assert_true(msg_put_question(&w, apex.octets, TYPE_NS, CLASS_IN));
	size_t after_question = w.len;
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &rr));
	/* pointer 2, fixed 10, "ns1" 4, pointer 2 */
	assert_int_equal(w.len - after_question, 18);
	assert_true(msg_put_rr(&w, SECTION_AUTHORITY, &other));
	msg_finish(&w);
	struct msg_reader r;
	enum section s;
	assert_int_equal(msg_read(&r, m, w.len, scratch), OK);
	assert_int_equal(r.id, 0x1234);
	assert_int_equal(r.flags, MSG_QR | MSG_AA);
	assert_true(r.has_question);
	assert_true(name_identical(r.qname.octets, apex.octets));
	assert_int_equal(r.qtype, TYPE_NS);
	assert_int_equal(msg_take_rr(&r, &s, &back), OK);
	assert_int_equal(s, SECTION_ANSWER);
	assert_true(rr_equal(&rr, &back));
	assert_int_equal(r.rr_start, after_question);
	assert_int_equal(msg_take_rr(&r, &s, &back), OK);
	assert_int_equal(s, SECTION_AUTHORITY);
	assert_true(rr_equal(&other, &back));	/* its own case */
	assert_int_equal(msg_take_rr(&r, &s, &back), ERR_NOT_FOUND);
}

static void
test_no_compression_beyond_rfc1035(void **state)
{
	(void)state;
	uint8_t m[512], rdata[300];
	struct msg_writer w;
	struct name owner = n("a.example");
	msg_write(&w, m, sizeof m, 1, 0);
	assert_true(msg_put_question(&w, owner.octets, TYPE_SRV, CLASS_IN));
	size_t start = w.len;
	memset(rdata, 0, 6);
	memcpy(rdata + 6, owner.octets, 11);
	struct rr rr = { .owner = owner.octets, .type = TYPE_SRV,
		.class = CLASS_IN, .rdata = rdata, .rdata_len = 17 };
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &rr));
	assert_int_equal(w.len - start, 2 + 10 + 17);
	rr.type = TYPE_DNAME;
	rr.rdata = rdata + 6;
	rr.rdata_len = 11;
	start = w.len;
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &rr));
	assert_int_equal(w.len - start, 2 + 10 + 11);
}

static void
test_does_not_fit(void **state)
{
	(void)state;
	uint8_t m[64 + 16], before[80];
	memset(m, 0xee, sizeof m);
	struct name a = n("a.example"), b = n("b.example");
	struct rr rr = ns_rr(&a, &b);
	for (size_t limit = 12; limit <= 64; limit++) {
		struct msg_writer w;
		msg_write(&w, m, limit, 1, 0);
		bool fits = msg_put_rr(&w, SECTION_ANSWER, &rr);
		/* 11 + 10 + 2 + 2 */
		assert_int_equal(fits, limit >= 12 + 25);
		assert_int_equal(w.counts[1], fits);
		assert_int_equal(m[limit], 0xee);
		if (!fits) {
			assert_int_equal(w.len, 12);
			assert_int_equal(w.table_used, 0);
		}
	}
	struct msg_writer w;
	msg_write(&w, m, 64, 1, 0);
	w.reserved = 64 - 12 - 24;
	assert_false(msg_put_rr(&w, SECTION_ANSWER, &rr));
	w.reserved--;
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &rr));
	memcpy(before, m, sizeof m);
	assert_false(msg_put_rr(&w, SECTION_ANSWER, &rr));
	w.reserved = 1000;
	assert_false(msg_put_question(&w, a.octets, 1, 1));
}

static void
test_rollback(void **state)
{
	(void)state;
	uint8_t m[4096], first[4096];
	struct msg_writer w;
	struct name a = n("one.example"), b = n("two.test");
	struct rr keep = ns_rr(&a, &a), gone = ns_rr(&b, &b);
	msg_write(&w, m, sizeof m, 1, 0);
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &keep));
	struct msg_mark mark = msg_mark(&w);
	struct msg_writer at_mark = w;
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &gone));
	assert_true(msg_put_rr(&w, SECTION_AUTHORITY, &gone));
	size_t len = w.len;
	memcpy(first, m, len);
	msg_rollback(&w, &mark);
	assert_int_equal(w.len, at_mark.len);
	assert_int_equal(w.table_used, at_mark.table_used);
	assert_memory_equal(w.table, at_mark.table, sizeof w.table);
	assert_memory_equal(w.counts, at_mark.counts, sizeof w.counts);
	/* Written again it comes out the same: no pointer to what is gone. */
	assert_true(msg_put_rr(&w, SECTION_ANSWER, &gone));
	assert_true(msg_put_rr(&w, SECTION_AUTHORITY, &gone));
	assert_int_equal(w.len, len);
	assert_memory_equal(m + 12, first + 12, len - 12);
}

static void
random_name(struct name *to)
{
	static const char *const tails[] = { "example", "Example", "a.example",
		"b.a.example", "x", "", "net", "ns.net" };
	char text[64];
	int at = 0, labels = rand() % 4;
	for (int i = 0; i < labels; i++)
		at += snprintf(text + at, sizeof text - (size_t)at, "%c%d.",
		    rand() % 2 ? 'a' : 'A', rand() % 50);
	snprintf(text + at, sizeof text - (size_t)at, "%s",
	    tails[rand() % 8]);
	if (text[0] == '\0')
		strcpy(text, ".");
	*to = n(text);
}

/* Fills messages far beyond the table's room and the pointers' reach. */
static void
test_random(void **state)
{
	(void)state;
	static uint8_t m[MSG_MAX_OCTETS];
	static struct { struct name owner, target; } in[8000];
	srand(42);
	for (int round = 0; round < 20; round++) {
		struct msg_writer w;
		size_t limit = 512 + (size_t)(rand() % 65000);
		int count = 0;
		struct rr rr, back;
		msg_write(&w, m, limit, 7, 0);
		for (; count < 8000; count++) {
			random_name(&in[count].owner);
			random_name(&in[count].target);
			rr = ns_rr(&in[count].owner, &in[count].target);
			if (rand() % 50 == 0) {
				struct msg_mark mark = msg_mark(&w);
				struct rr other = ns_rr(&in[count].target,
				    &in[count].owner);
				(void)!msg_put_rr(&w, SECTION_ANSWER, &other);
				msg_rollback(&w, &mark);
			}
			if (!msg_put_rr(&w, SECTION_ANSWER, &rr))
				break;
		}
		msg_finish(&w);
		assert_true(count > 10);
		struct msg_reader r;
		enum section s;
		assert_int_equal(msg_read(&r, m, w.len, scratch), OK);
		for (int i = 0; i < count; i++) {
			rr = ns_rr(&in[i].owner, &in[i].target);
			assert_int_equal(msg_take_rr(&r, &s, &back), OK);
			assert_true(rr_equal(&rr, &back));
		}
		assert_int_equal(msg_take_rr(&r, &s, &back), ERR_NOT_FOUND);
	}
}

static void
test_read_bad(void **state)
{
	(void)state;
	struct msg_reader r;
	struct rr rr;
	enum section s;
	uint8_t m[64] = { 0, 9, 0x84, 0, 0, 2 };
	assert_int_equal(msg_read(&r, m, 11, scratch), ERR_PEER_FORMAT);
	assert_int_equal(msg_read(&r, m, 64, scratch), ERR_PEER_FORMAT);
	assert_int_equal(r.id, 9);
	assert_int_equal(r.flags, 0x8400);
	m[5] = 1;	/* one question, cut off */
	assert_int_equal(msg_read(&r, m, 12, scratch), ERR_PEER_FORMAT);
	assert_int_equal(msg_read(&r, m, 16, scratch), ERR_PEER_FORMAT);
	assert_int_equal(msg_read(&r, m, 17, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), ERR_NOT_FOUND);
	assert_int_equal(msg_read(&r, m, 18, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), ERR_PEER_FORMAT);
	m[5] = 0;
	m[7] = 1;	/* an answer that is not there */
	assert_int_equal(msg_read(&r, m, 12, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), ERR_PEER_FORMAT);
	/* A with three octets */
	static const uint8_t a[] = { 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3,
		4 };
	memcpy(m + 12, a, sizeof a);
	assert_int_equal(msg_read(&r, m, 12 + 14, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), ERR_PEER_FORMAT);
	m[12 + 10] = 4;
	assert_int_equal(msg_read(&r, m, 12 + 15, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), OK);
	assert_int_equal(rr.ttl, 9);
	assert_int_equal(msg_take_rr(&r, &s, &rr), ERR_NOT_FOUND);
	assert_int_equal(msg_read(&r, m, 12 + 14, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), ERR_PEER_FORMAT);
}

static void
test_edns(void **state)
{
	(void)state;
	uint8_t m[512], o[100];
	struct msg_writer w;
	struct buf options = buf_of(o, sizeof o);
	assert_true(edns_option_put(&options, EDNS_COOKIE, "01234567", 8));
	assert_true(edns_option_put(&options, EDNS_NSID, NULL, 0));
	assert_true(edns_option_put(&options, 65001, "abc", 3));
	msg_write(&w, m, sizeof m, 1, 0);
	w.limit = 12 + EDNS_FIXED_OCTETS + options.at;
	w.reserved = w.limit - 12;
	assert_true(edns_put(&w, 1232, RCODE_BADVERS, true, o,
	    (uint16_t)options.at));
	assert_int_equal(w.reserved, 0);
	assert_int_equal(w.len, w.limit);
	msg_finish(&w);
	struct msg_reader r;
	enum section s;
	struct rr rr;
	struct edns e;
	assert_int_equal(msg_read(&r, m, w.len, scratch), OK);
	assert_int_equal(msg_take_rr(&r, &s, &rr), OK);
	assert_int_equal(s, SECTION_ADDITIONAL);
	assert_int_equal(rr.ttl, 0x01008000);
	rr.ttl &= 0xffff;
	assert_int_equal(edns_read(&rr, &e), OK);
	assert_true(e.is_present && e.do_bit && e.wants_nsid);
	assert_false(e.wants_expire || e.wants_keepalive);
	assert_int_equal(e.udp_octets, 1232);
	assert_int_equal(e.version, 0);
	assert_int_equal(e.cookie_len, 8);
	assert_memory_equal(e.cookie, "01234567", 8);
	rr.rdata_len--;
	assert_int_equal(edns_read(&rr, &e), ERR_PEER_FORMAT);
	rr.rdata_len++;
	rr.ttl = 1u << 16;
	assert_int_equal(edns_read(&rr, &e), OK);
	assert_int_equal(e.version, 1);
	rr.ttl = 0;
	struct name a = n("a");
	rr.owner = a.octets;
	assert_int_equal(edns_read(&rr, &e), ERR_PEER_FORMAT);
}

static void
test_edns_options(void **state)
{
	(void)state;
	uint8_t o[16], root[1] = { 0 };
	struct edns e;
	for (uint16_t len = 0; len < 50; len++) {
		uint8_t rdata[64] = { 0, EDNS_COOKIE, 0, (uint8_t)len };
		struct rr rr = { .owner = root, .type = TYPE_OPT,
			.rdata = rdata, .rdata_len = (uint16_t)(4 + len) };
		assert_int_equal(edns_read(&rr, &e), OK);
		assert_ptr_equal(e.cookie, rdata + 4);
		assert_int_equal(e.cookie_len, len);
		rdata[1] = EDNS_KEEPALIVE;
		assert_int_equal(edns_read(&rr, &e), OK);
		assert_true(e.wants_keepalive);
		assert_int_equal(e.has_keepalive_data, len > 0);
		rdata[1] = EDNS_ZONEVERSION;
		assert_int_equal(edns_read(&rr, &e),
		    len == 0 ? OK : ERR_PEER_FORMAT);
	}
	static const uint8_t twice[] = { 0, 10, 0, 1, 7, 0, 10, 0, 2, 8, 9 };
	struct rr rr = { .owner = root, .type = TYPE_OPT, .rdata = twice,
		.rdata_len = sizeof twice };
	assert_int_equal(edns_read(&rr, &e), OK);
	assert_ptr_equal(e.cookie, twice + 4);
	assert_int_equal(e.cookie_len, 1);
	struct buf b = buf_of(o, sizeof o);
	assert_true(edns_ede_put(&b, EDE_PROHIBITED, "no"));
	static const uint8_t ede[] = { 0, 15, 0, 4, 0, 18, 'n', 'o' };
	assert_int_equal(b.at, sizeof ede);
	assert_memory_equal(o, ede, sizeof ede);
	assert_false(edns_ede_put(&b, EDE_PROHIBITED, "not"));
	assert_int_equal(b.at, sizeof ede);
	assert_true(edns_ede_put(&b, EDE_OTHER, NULL));
	assert_false(edns_option_put(&b, 1, NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_compression_beyond_rfc1035),
		cmocka_unit_test(test_does_not_fit),
		cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_read_bad),
		cmocka_unit_test(test_edns),
		cmocka_unit_test(test_edns_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

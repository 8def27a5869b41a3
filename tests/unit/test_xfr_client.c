/* test_xfr_client.c - one exchange with a primary, message by message: what is
 * asked, which answers are believed, what reaches the sink. */
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
#include "xfr/xfr_client.h"
#include "xfr_kit.h"

#define NOW 1700000000
#define ID 0x1234

static uint8_t scratch[MSG_MAX_OCTETS];

/* What the sink saw, as text: "Z3 S3 a b", "D1-3 S1 a S3 b", "R" a reset. */
struct seen {
	char text[4096];
	enum err fail_with;	/* by the record that is called f */
};

static void
note(struct seen *s, const char *fmt, ...)
{
	size_t n = strlen(s->text);
	va_list ap;
	va_start(ap, fmt);
	if (n > 0 && n < sizeof s->text - 1)
		s->text[n++] = ' ';
	vsnprintf(s->text + n, sizeof s->text - n, fmt, ap);
	va_end(ap);
}

static enum err
sink_zone(void *arg, uint32_t serial)
{
	note(arg, "Z%u", serial);
	return OK;
}

static enum err
sink_delta(void *arg, uint32_t from, uint32_t to)
{
	note(arg, "D%u-%u", from, to);
	return OK;
}

static enum err
sink_record(void *arg, const struct rr *rr)
{
	struct seen *s = arg;
	uint32_t serial;
	if (rr->owner[1] == 'f' && s->fail_with != OK)
		return s->fail_with;
	if (rr_soa_serial(rr, &serial))
		note(s, "S%u", serial);
	else
		note(s, "%c", rr->owner[1]);
	return OK;
}

static void
sink_reset(void *arg)
{
	note(arg, "R");
}

static const uint8_t secret[] = "0123456789abcdef";

static struct tsig_key
key_named(const char *name)
{
	struct tsig_key k = { .alg = TSIG_HMAC_SHA256, .secret = secret,
		.secret_len = 16 };
	assert_true(name_from_text(name, &k.name));
	return k;
}

/* One exchange: the client, and the state of the primary that signs. */
struct talk {
	struct xfr_client *c;
	struct seen seen;
	struct tsig server;
	bool is_signed;
	struct tsig_key key;
	const struct tsig_key *keys[1];
	uint8_t request[XFR_REQUEST_MAX];
	size_t request_len;
};

struct asked {
	enum xfr_ask ask;
	int64_t ours;		/* -1: nothing published */
	bool is_udp, accept_any, without_edns, is_signed;
	uint64_t limit;
};

static void
talk_request(struct talk *t)
{
	const uint8_t *octets;
	assert_int_equal(xfr_client_request(t->c, ID, NOW, &octets,
	    &t->request_len), OK);
	memcpy(t->request, octets, t->request_len);
	tsig_end(&t->server);
	size_t len = t->request_len;
	assert_int_equal(tsig_check_request(&t->server, t->keys, t->is_signed,
	    t->request, &len, NOW), OK);
	assert_int_equal(t->server.key != NULL, t->is_signed);
	t->request_len = len;
}

static struct talk *
talk_begin(const struct asked *a)
{
	struct talk *t = calloc(1, sizeof *t);
	struct made soa;
	char word[16];
	assert_non_null(t);
	snprintf(word, sizeof word, "S%u", (unsigned)a->ours);
	make(&soa, word);
	t->key = key_named("key.example");
	t->keys[0] = &t->key;
	t->is_signed = a->is_signed;
	struct xfr_request r = { .apex = apex, .ask = a->ask,
		.is_udp = a->is_udp, .accept_any = a->accept_any,
		.without_edns = a->without_edns, .has_serial = a->ours >= 0,
		.soa = a->ours >= 0 ? &soa.rr : NULL,
		.key = a->is_signed ? &t->key : NULL,
		.limit_octets = a->limit,
		.sink = { sink_zone, sink_delta, sink_record, sink_reset,
		    &t->seen } };
	t->c = xfr_client_create(&r, "example", "192.0.2.1");
	assert_non_null(t->c);
	talk_request(t);
	return t;
}

static void
talk_end(struct talk *t)
{
	xfr_client_destroy(&t->c);
	assert_null(t->c);
	tsig_end(&t->server);
	free(t);
}

/* An answer message. */
struct answer {
	uint8_t octets[MSG_MAX_OCTETS];
	size_t len;
};

enum how {
	PLAIN = 0,
	NO_QUESTION = 1,
	UNSIGNED = 2,
	WITH_EXPIRE = 4,	/* 77 s */
	NO_AA = 8
};

static uint16_t
type_of(const struct talk *t)
{
	switch (xfr_client_ask(t->c)) {
	case XFR_ASK_SOA:
		return TYPE_SOA;
	case XFR_ASK_IXFR:
		return TYPE_IXFR;
	case XFR_ASK_AXFR:
		return TYPE_AXFR;
	}
	return 0;
}

static void
put_words(struct msg_writer *w, const char *words)
{
	char copy[1024];
	snprintf(copy, sizeof copy, "%s", words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		struct made m;
		make(&m, word);
		assert_true(msg_put_rr(w, SECTION_ANSWER, &m.rr));
	}
}

static void
put_expire(struct msg_writer *w)
{
	uint8_t options[16], value[4] = { 0, 0, 0, 77 };
	struct buf b = buf_of(options, sizeof options);
	assert_true(edns_option_put(&b, EDNS_EXPIRE, value, 4));
	assert_true(edns_put(w, 1232, 0, false, options, (uint16_t)b.at));
}

/* Signs, or lets the digest run on. */
static void
finish(struct talk *t, struct answer *a, unsigned how)
{
	if (!t->is_signed)
		return;
	if ((how & UNSIGNED) == 0) {
		assert_int_equal(tsig_sign_answer(&t->server, a->octets,
		    &a->len, sizeof a->octets, NOW), OK);
	} else if (!t->server.is_first) {
		/* What is unsigned counts in the next signature. */
		enum err e = tsig_check_answer(&t->server, a->octets, &a->len,
		    NOW);
		(void)e;	/* beyond the limit nothing is signed more */
	}
}

static void
make_answer(struct talk *t, struct answer *a, unsigned how, unsigned rcode,
    const char *words)
{
	struct msg_writer w;
	msg_write(&w, a->octets, sizeof a->octets, ID,
	    (uint16_t)(MSG_QR | ((how & NO_AA) != 0 ? 0 : MSG_AA) | rcode));
	if ((how & NO_QUESTION) == 0)
		assert_true(msg_put_question(&w, apex, type_of(t), CLASS_IN));
	put_words(&w, words);
	if ((how & WITH_EXPIRE) != 0)
		put_expire(&w);
	msg_finish(&w);
	a->len = w.len;
	finish(t, a, how);
}

static enum xfr_outcome
give(struct talk *t, struct answer *a)
{
	return xfr_client_message(t->c, a->octets, a->len, scratch, NOW);
}

static enum xfr_outcome
say(struct talk *t, unsigned how, const char *words)
{
	struct answer a;
	make_answer(t, &a, how, 0, words);
	return give(t, &a);
}

static void
expect_refused(struct talk *t, enum xfr_outcome outcome, enum xfr_why why)
{
	const struct xfr_result *r = xfr_client_result(t->c);
	assert_int_equal(outcome, XFR_REFUSED);
	assert_int_equal(r->outcome, XFR_REFUSED);
	if (r->why != why)
		fail_msg("%s, not %s", xfr_why_text(r->why),
		    xfr_why_text(why));
}

/* --- requests --- */

static void
read_request(struct talk *t, uint16_t type, int64_t serial, bool has_opt)
{
	struct msg_reader m;
	enum section section;
	struct rr rr;
	enum err e;
	bool saw_soa = false, saw_opt = false;
	assert_int_equal(msg_read(&m, t->request, t->request_len, scratch),
	    OK);
	assert_int_equal(m.id, ID);
	assert_int_equal(m.flags, 0);
	assert_int_equal(m.qtype, type);
	assert_true(name_equal(m.qname.octets, apex));
	while ((e = msg_take_rr(&m, &section, &rr)) == OK) {
		uint32_t got;
		struct edns edns;
		if (section == SECTION_AUTHORITY) {
			saw_soa = rr_soa_serial(&rr, &got);
			assert_int_equal(got, serial);
		} else {
			assert_int_equal(edns_read(&rr, &edns), OK);
			saw_opt = edns.wants_expire;
		}
	}
	assert_int_equal(e, ERR_NOT_FOUND);
	assert_int_equal(saw_soa, serial >= 0);
	assert_int_equal(saw_opt, has_opt);
}

static void
test_requests(void **state)
{
	(void)state;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_IXFR, .ours = 7,
	    .is_signed = true });
	read_request(t, TYPE_IXFR, 7, true);
	talk_end(t);
	t = talk_begin(&(struct asked){ XFR_ASK_AXFR, .ours = -1 });
	read_request(t, TYPE_AXFR, -1, true);
	talk_end(t);
	t = talk_begin(&(struct asked){ XFR_ASK_SOA, .ours = 7,
	    .without_edns = true });
	read_request(t, TYPE_SOA, -1, false);
	talk_end(t);
}

static void
test_retransmission_is_the_same_message(void **state)
{
	(void)state;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA, .ours = 7,
	    .is_signed = true, .is_udp = true });
	const uint8_t *a;
	uint8_t first[XFR_REQUEST_MAX];
	size_t n, again;
	assert_int_equal(xfr_client_request(t->c, ID, NOW, &a, &n), OK);
	memcpy(first, a, n);
	assert_int_equal(xfr_client_request(t->c, ID, NOW + 9, &a, &again),
	    OK);
	assert_int_equal(n, again);
	assert_memory_equal(a, first, n);
	talk_end(t);
}

/* --- SOA --- */

static void
test_soa(void **state)
{
	static const struct {
		int64_t ours;
		const char *words;
		enum xfr_outcome outcome;
	} cases[] = {
		{ 7, "S8", XFR_NEWER }, { 7, "S7", XFR_UP_TO_DATE },
		{ 7, "S6", XFR_UP_TO_DATE }, { -1, "S1", XFR_NEWER },
		{ 4294967295, "S0", XFR_NEWER }, { 7, "a S9", XFR_NEWER },
		{ 0, "S4294967295", XFR_UP_TO_DATE }
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA,
		    .ours = cases[i].ours, .is_signed = i % 2 });
		assert_int_equal(say(t, WITH_EXPIRE, cases[i].words),
		    cases[i].outcome);
		const struct xfr_result *r = xfr_client_result(t->c);
		assert_true(r->is_checked && r->has_expire);
		assert_int_equal(r->expire_s, 77);
		talk_end(t);
	}
}

static void
test_soa_refused(void **state)
{
	static const struct {
		unsigned how, rcode;
		const char *words;
		enum xfr_why why;
	} cases[] = {
		{ PLAIN, 0, "", XFR_WHY_EMPTY },
		{ PLAIN, 0, "a p x", XFR_WHY_EMPTY },
		{ NO_AA, 0, "S9", XFR_WHY_NOT_AUTHORITATIVE },
		{ PLAIN, RCODE_SERVFAIL, "S9", XFR_WHY_RCODE },
		{ PLAIN, RCODE_REFUSED, "", XFR_WHY_RCODE },
		{ PLAIN, RCODE_NXDOMAIN, "", XFR_WHY_RCODE },
		{ NO_QUESTION, 0, "S9", XFR_WHY_QUESTION },
		{ PLAIN, 0, "M", XFR_WHY_RDATA },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer a;
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA,
		    .ours = 7, .is_signed = i % 2 });
		make_answer(t, &a, cases[i].how, cases[i].rcode,
		    cases[i].words);
		expect_refused(t, give(t, &a), cases[i].why);
		assert_false(xfr_client_result(t->c)->is_checked);
		talk_end(t);
	}
}

/* --- transfers --- */

/* Messages separated by '|'; without key and with, all signed. */
static const struct transfer {
	enum xfr_ask ask;
	int64_t ours;
	const char *messages;
	enum xfr_outcome outcome;
	const char *seen;
	enum xfr_why why;
} transfers[] = {
	{ XFR_ASK_AXFR, -1, "S3 a b S3", XFR_GOT_ZONE, "Z3 S3 a b", 0 },
	{ XFR_ASK_AXFR, -1, "S3|a|b|S3", XFR_GOT_ZONE, "Z3 S3 a b", 0 },
	{ XFR_ASK_AXFR, 1, "S3 S3", XFR_GOT_ZONE, "Z3 S3", 0 },
	{ XFR_ASK_AXFR, 1, "S3 a x b p|x S3", XFR_GOT_ZONE, "Z3 S3 a b", 0 },
	{ XFR_ASK_AXFR, 3, "S3 a b S3", XFR_UP_TO_DATE, "", 0 },
	{ XFR_ASK_IXFR, 3, "S3", XFR_UP_TO_DATE, "", 0 },
	{ XFR_ASK_IXFR, 3, "S2", XFR_UP_TO_DATE, "", 0 },
	{ XFR_ASK_IXFR, 1, "S3 S1 a S3 b S3", XFR_GOT_DELTA,
	    "D1-3 S1 a S3 b", 0 },
	{ XFR_ASK_IXFR, 1, "S3|S1 a|S2|S2 b S3|d S3", XFR_GOT_DELTA,
	    "D1-3 S1 a S2 S2 b S3 d", 0 },
	{ XFR_ASK_IXFR, 1, "S3 S1 x a S3 b x S3", XFR_GOT_DELTA,
	    "D1-3 S1 a S3 b", 0 },
	{ XFR_ASK_IXFR, 1, "S3 a|b S3", XFR_GOT_ZONE, "Z3 S3 a b", 0 },
	{ XFR_ASK_IXFR, 1, "S3 S3", XFR_GOT_ZONE, "Z3 S3", 0 },
	{ XFR_ASK_IXFR, 4294967295,
	    "S1 S4294967295 S0 S0|a S1 b S1", XFR_GOT_DELTA,
	    "D4294967295-1 S4294967295 S0 S0 a S1 b", 0 },
	{ XFR_ASK_IXFR, 1, "S3 S1 a S3 b", XFR_MORE, "D1-3 S1 a S3 b", 0 },
	{ XFR_ASK_AXFR, 1, "S3 a S3 b", XFR_REFUSED, "Z3 S3 a R",
	    XFR_WHY_AFTER_END },
	{ XFR_ASK_AXFR, 1, "S3 a|S4", XFR_REFUSED, "Z3 S3 a R",
	    XFR_WHY_OTHER_SOA },
	{ XFR_ASK_IXFR, 2, "S3 S1 a", XFR_REFUSED, "", XFR_WHY_START },
	{ XFR_ASK_IXFR, 1, "S3 S1 a S5", XFR_REFUSED, "D1-3 S1 a R",
	    XFR_WHY_OVERSHOOT },
	{ XFR_ASK_IXFR, 1, "S3 S1 a|c", XFR_REFUSED, "D1-3 S1 a R",
	    XFR_WHY_CLASS },
	{ XFR_ASK_IXFR, 1, "", XFR_REFUSED, "", XFR_WHY_EMPTY },
	{ XFR_ASK_AXFR, 1, "", XFR_REFUSED, "", XFR_WHY_EMPTY },
	{ XFR_ASK_AXFR, 1, "S3 a|", XFR_REFUSED, "Z3 S3 a R",
	    XFR_WHY_EMPTY },
	{ XFR_ASK_AXFR, 1, "S3 a|M", XFR_REFUSED, "Z3 S3 a R",
	    XFR_WHY_RDATA },
};

static enum xfr_outcome
say_all(struct talk *t, const char *messages)
{
	enum xfr_outcome outcome = XFR_MORE;
	unsigned how = PLAIN;
	while (outcome == XFR_MORE) {
		char words[256];
		size_t n = strcspn(messages, "|");
		snprintf(words, sizeof words, "%.*s", (int)n, messages);
		outcome = say(t, how, words);
		how = NO_QUESTION;
		messages += n;
		if (*messages++ == '\0')
			break;
	}
	return outcome;
}

static void
test_transfers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof transfers / sizeof *transfers; i++) {
		const struct transfer *x = &transfers[i / 2];
		struct talk *t = talk_begin(&(struct asked){ x->ask,
		    .ours = x->ours, .is_signed = i % 2 });
		enum xfr_outcome outcome = say_all(t, x->messages);
		const struct xfr_result *r = xfr_client_result(t->c);
		if (outcome != x->outcome || r->why != x->why ||
		    strcmp(t->seen.text, x->seen) != 0)
			fail_msg("\"%s\": %d \"%s\" (%s)", x->messages,
			    outcome, t->seen.text, xfr_why_text(r->why));
		if (outcome == XFR_GOT_DELTA)
			assert_int_equal(r->from, x->ours);
		if (outcome == XFR_GOT_DELTA || outcome == XFR_GOT_ZONE)
			assert_true(r->is_checked && r->records > 1);
		talk_end(t);
	}
}

static void
test_checked_although_refused(void **state)
{
	(void)state;
	/* The first message was a valid SOA answer: the lease restarts. */
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_IXFR,
	    .ours = 1, .is_signed = true });
	assert_int_equal(say(t, PLAIN, "S3 S1 a"), XFR_MORE);
	expect_refused(t, say(t, NO_QUESTION, "S9"), XFR_WHY_OVERSHOOT);
	assert_true(xfr_client_result(t->c)->is_checked);
	assert_int_equal(xfr_client_result(t->c)->serial, 3);
	talk_end(t);
	/* A first message that is malformed further on is none. */
	t = talk_begin(&(struct asked){ XFR_ASK_IXFR, .ours = 1 });
	expect_refused(t, say(t, PLAIN, "S3 S1 M"), XFR_WHY_RDATA);
	assert_false(xfr_client_result(t->c)->is_checked);
	talk_end(t);
	t = talk_begin(&(struct asked){ XFR_ASK_IXFR, .ours = 3 });
	expect_refused(t, say(t, PLAIN, "S3 M"), XFR_WHY_RDATA);
	assert_false(xfr_client_result(t->c)->is_checked);
	talk_end(t);
}

static void
test_sink_that_fails(void **state)
{
	(void)state;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1 });
	t->seen.fail_with = ERR_FULL;
	expect_refused(t, say(t, PLAIN, "S3 a f b S3"), XFR_WHY_LOCAL);
	assert_int_equal(xfr_client_result(t->c)->e, ERR_FULL);
	assert_string_equal(t->seen.text, "Z3 S3 a R");
	talk_end(t);
}

static void
test_size_limit(void **state)
{
	(void)state;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1, .limit = 300 });
	enum xfr_outcome outcome = say(t, PLAIN, "S3");
	for (unsigned i = 0; i < 20 && outcome == XFR_MORE; i++)
		outcome = say(t, NO_QUESTION, "a b");
	expect_refused(t, outcome, XFR_WHY_SIZE);
	assert_in_range(xfr_client_result(t->c)->octets, 301, 400);
	talk_end(t);
}

/* --- messages that are not our answer --- */

static void
spoil_id(struct answer *a)
{
	a->octets[0] ^= 1;
}

static void
spoil_qr(struct answer *a)
{
	a->octets[2] &= 0x7f;
}

static void
spoil_opcode(struct answer *a)
{
	a->octets[2] |= OPCODE_NOTIFY << 3;
}

static void
spoil_question_name(struct answer *a)
{
	a->octets[MSG_HEADER_OCTETS + 1] ^= 4;
}

static void
spoil_question_type(struct answer *a)
{
	a->octets[MSG_HEADER_OCTETS + 10] ^= 2;
}

static void
spoil_question_class(struct answer *a)
{
	a->octets[MSG_HEADER_OCTETS + 12] ^= 2;
}

static void
spoil_two_questions(struct answer *a)
{
	a->octets[5] = 2;
}

static void
spoil_count(struct answer *a)
{
	a->octets[7]++;
}

static void
spoil_length(struct answer *a)
{
	a->len -= 3;
}

static void
spoil_header(struct answer *a)
{
	a->len = 11;
}

static void
spoil_trailing(struct answer *a)
{
	a->octets[a->len++] = 0;
}

static const struct {
	void (*spoil)(struct answer *);
	enum xfr_why why;
	bool is_mismatch;	/* over UDP: ignored */
} spoilings[] = {
	{ spoil_id, XFR_WHY_ID, true },
	{ spoil_qr, XFR_WHY_NOT_ANSWER, true },
	{ spoil_opcode, XFR_WHY_OPCODE, true },
	{ spoil_question_name, XFR_WHY_QUESTION, true },
	{ spoil_question_type, XFR_WHY_QUESTION, true },
	{ spoil_question_class, XFR_WHY_QUESTION, true },
	{ spoil_header, XFR_WHY_FORMAT, true },
	{ spoil_two_questions, XFR_WHY_FORMAT, true },
	{ spoil_count, 0, false },
	{ spoil_length, 0, false },
	{ spoil_trailing, 0, false },
};

static void
test_other_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spoilings / sizeof *spoilings; i++) {
		struct answer a;
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_IXFR,
		    .ours = 1 });
		make_answer(t, &a, PLAIN, 0, "S3 S1 a S3 S3");
		spoilings[i].spoil(&a);
		enum xfr_outcome outcome = give(t, &a);
		assert_int_equal(outcome, XFR_REFUSED);
		if (spoilings[i].why != 0)
			expect_refused(t, outcome, spoilings[i].why);
		assert_false(xfr_client_result(t->c)->is_checked);
		size_t n = strlen(t->seen.text);
		assert_true(n == 0 || t->seen.text[n - 1] == 'R');
		talk_end(t);
	}
}

static void
test_udp_ignores_what_does_not_fit(void **state)
{
	(void)state;
	struct answer a;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_IXFR, .ours = 1,
	    .is_udp = true, .is_signed = true });
	for (size_t i = 0; i < sizeof spoilings / sizeof *spoilings; i++) {
		if (!spoilings[i].is_mismatch)
			continue;
		struct tsig before = t->server;
		make_answer(t, &a, PLAIN, 0, "S3 S1 a S3 S3");
		t->server = before;
		spoilings[i].spoil(&a);
		assert_int_equal(give(t, &a), XFR_IGNORED);
	}
	/* Unsigned, also with an error rcode: anybody could have sent it. */
	make_answer(t, &a, UNSIGNED, 0, "S3");
	assert_int_equal(give(t, &a), XFR_IGNORED);
	make_answer(t, &a, UNSIGNED, RCODE_REFUSED, "");
	assert_int_equal(give(t, &a), XFR_IGNORED);
	/* The true answer is still taken. */
	assert_int_equal(say(t, PLAIN, "S3 S1 a S3 b S3"), XFR_GOT_DELTA);
	assert_int_equal(xfr_client_result(t->c)->why, XFR_WHY_NONE);
	assert_string_equal(t->seen.text, "D1-3 S1 a S3 b");
	talk_end(t);
}

static void
test_udp_that_needs_tcp(void **state)
{
	static const char *const answers[] = { "S3", "S3 S1 a S3", "S3 a" };
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_IXFR,
		    .ours = 1, .is_udp = true });
		assert_int_equal(say(t, PLAIN, answers[i]), XFR_USE_TCP);
		xfr_client_again(t->c, false, false);
		talk_request(t);
		assert_int_equal(say(t, PLAIN, "S3 S1 S3 b S3"),
		    XFR_GOT_DELTA);
		const char *last = strrchr(t->seen.text, 'D');
		assert_string_equal(last, "D1-3 S1 S3 b");
		if (i > 0)
			assert_non_null(strstr(t->seen.text, "R D1-3"));
		talk_end(t);
	}
}

static void
test_truncated(void **state)
{
	(void)state;
	for (unsigned is_udp = 0; is_udp < 2; is_udp++) {
		struct answer a;
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA,
		    .ours = 1, .is_udp = is_udp });
		make_answer(t, &a, PLAIN, 0, "S3");
		a.octets[2] |= MSG_TC >> 8;
		if (is_udp)
			assert_int_equal(give(t, &a), XFR_USE_TCP);
		else
			expect_refused(t, give(t, &a), XFR_WHY_TRUNCATED);
		talk_end(t);
	}
}

static void
test_without_edns(void **state)
{
	static const unsigned rcodes[] = { RCODE_FORMERR, RCODE_NOTIMP };
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct answer a;
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_IXFR,
		    .ours = 1, .is_signed = i / 2 });
		make_answer(t, &a, UNSIGNED | NO_QUESTION, rcodes[i % 2], "");
		assert_int_equal(give(t, &a), XFR_WITHOUT_EDNS);
		xfr_client_again(t->c, false, true);
		talk_request(t);
		read_request(t, TYPE_IXFR, 1, false);
		/* The same answer again: it is not about EDNS then. */
		make_answer(t, &a, PLAIN, rcodes[i % 2], "");
		expect_refused(t, give(t, &a), XFR_WHY_NOT_IMPLEMENTED);
		talk_end(t);
	}
}

static void
test_badvers(void **state)
{
	(void)state;
	struct answer a;
	struct msg_writer w;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA,
	    .ours = 1 });
	msg_write(&w, a.octets, sizeof a.octets, ID, MSG_QR);
	assert_true(msg_put_question(&w, apex, TYPE_SOA, CLASS_IN));
	assert_true(edns_put(&w, 1232, RCODE_BADVERS, false, NULL, 0));
	msg_finish(&w);
	a.len = w.len;
	assert_int_equal(give(t, &a), XFR_WITHOUT_EDNS);
	talk_end(t);
}

static void
test_question_in_later_messages(void **state)
{
	(void)state;
	struct answer a;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1 });
	assert_int_equal(say(t, PLAIN, "S3 a"), XFR_MORE);
	assert_int_equal(say(t, PLAIN, "b"), XFR_MORE);
	assert_int_equal(say(t, NO_QUESTION, "d"), XFR_MORE);
	make_answer(t, &a, PLAIN, 0, "S3");
	spoil_question_type(&a);
	expect_refused(t, give(t, &a), XFR_WHY_QUESTION);
	talk_end(t);
	t = talk_begin(&(struct asked){ XFR_ASK_AXFR, .ours = -1 });
	expect_refused(t, say(t, NO_QUESTION, "S3 a"), XFR_WHY_QUESTION);
	talk_end(t);
}

static void
test_error_in_the_middle(void **state)
{
	(void)state;
	struct answer a;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1, .is_signed = true });
	assert_int_equal(say(t, PLAIN, "S3 a"), XFR_MORE);
	make_answer(t, &a, PLAIN, RCODE_SERVFAIL, "");
	expect_refused(t, give(t, &a), XFR_WHY_RCODE);
	assert_int_equal(xfr_client_result(t->c)->rcode, RCODE_SERVFAIL);
	assert_string_equal(t->seen.text, "Z3 S3 a R");
	talk_end(t);
}

/* --- TSIG --- */

static void
test_tsig_gaps(void **state)
{
	static const struct {
		unsigned gap;
		bool is_fine;
	} cases[] = { { 0, true }, { 1, true }, { 99, true },
		{ 100, false } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
		    .ours = -1, .is_signed = true });
		enum xfr_outcome outcome = say(t, PLAIN, "S3");
		for (unsigned k = 0; k < cases[i].gap && outcome == XFR_MORE;
		    k++)
			outcome = say(t, NO_QUESTION | UNSIGNED, "a");
		if (!cases[i].is_fine) {
			expect_refused(t, outcome, XFR_WHY_TSIG);
		} else {
			assert_int_equal(outcome, XFR_MORE);
			assert_int_equal(say(t, NO_QUESTION, "S3"),
			    XFR_GOT_ZONE);
		}
		talk_end(t);
	}
}

static void
test_tsig_first_and_last(void **state)
{
	(void)state;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1, .is_signed = true });
	expect_refused(t, say(t, UNSIGNED, "S3 a S3"), XFR_WHY_TSIG);
	assert_false(xfr_client_result(t->c)->is_checked);
	assert_string_equal(t->seen.text, "");
	talk_end(t);
	t = talk_begin(&(struct asked){ XFR_ASK_AXFR, .ours = -1,
	    .is_signed = true });
	assert_int_equal(say(t, PLAIN, "S3 a"), XFR_MORE);
	expect_refused(t, say(t, UNSIGNED | NO_QUESTION, "S3"),
	    XFR_WHY_UNSIGNED_END);
	assert_string_equal(t->seen.text, "Z3 S3 a R");
	talk_end(t);
}

static void
test_tsig_wrong(void **state)
{
	(void)state;
	struct answer a;
	/* One octet of the message changed. */
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA, .ours = 1,
	    .is_signed = true });
	make_answer(t, &a, PLAIN, 0, "S3");
	a.octets[MSG_HEADER_OCTETS + 40]++;
	expect_refused(t, give(t, &a), XFR_WHY_TSIG);
	assert_int_equal(xfr_client_result(t->c)->tsig_error, RCODE_BADSIG);
	assert_false(xfr_client_result(t->c)->is_checked);
	talk_end(t);
	/* Out of time. */
	t = talk_begin(&(struct asked){ XFR_ASK_SOA, .ours = 1,
	    .is_signed = true });
	make_answer(t, &a, PLAIN, 0, "S3");
	expect_refused(t, xfr_client_message(t->c, a.octets, a.len, scratch,
	    NOW + 301), XFR_WHY_TSIG);
	assert_int_equal(xfr_client_result(t->c)->tsig_error, RCODE_BADTIME);
	talk_end(t);
	/* Another key. */
	t = talk_begin(&(struct asked){ XFR_ASK_SOA, .ours = 1,
	    .is_signed = true });
	struct tsig_key other = key_named("other.example");
	t->server.key = &other;
	expect_refused(t, say(t, PLAIN, "S3"), XFR_WHY_TSIG);
	assert_int_equal(xfr_client_result(t->c)->tsig_error, RCODE_BADKEY);
	talk_end(t);
	/* Signed, although we did not ask so. */
	t = talk_begin(&(struct asked){ XFR_ASK_SOA, .ours = 1 });
	struct tsig server = { .key = &t->key, .is_first = true };
	make_answer(t, &a, PLAIN, 0, "S3");
	assert_int_equal(tsig_sign_answer(&server, a.octets, &a.len,
	    sizeof a.octets, NOW), OK);
	expect_refused(t, give(t, &a), XFR_WHY_TSIG);
	tsig_end(&server);
	talk_end(t);
}

static void
test_tsig_error_of_the_peer(void **state)
{
	static const uint16_t errors[] = { RCODE_BADKEY, RCODE_BADSIG,
		RCODE_BADTIME };
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct answer a;
		struct talk *t = talk_begin(&(struct asked){ XFR_ASK_SOA,
		    .ours = 1, .is_signed = true });
		char text[XFR_REASON_MAX];
		make_answer(t, &a, UNSIGNED, RCODE_NOTAUTH, "");
		t->server.error = errors[i];
		assert_int_equal(tsig_sign_error(&t->server, a.octets, &a.len,
		    sizeof a.octets, NOW), OK);
		expect_refused(t, give(t, &a), XFR_WHY_TSIG);
		assert_int_equal(xfr_client_result(t->c)->tsig_error,
		    errors[i]);
		assert_non_null(strstr(xfr_result_reason(
		    xfr_client_result(t->c), text), "BAD"));
		talk_end(t);
	}
}

static void
test_unsigned_refusal_is_named(void **state)
{
	(void)state;
	struct answer a;
	char text[XFR_REASON_MAX];
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1, .is_signed = true });
	make_answer(t, &a, UNSIGNED, RCODE_REFUSED, "");
	expect_refused(t, give(t, &a), XFR_WHY_RCODE);
	assert_string_equal(xfr_result_reason(xfr_client_result(t->c), text),
	    "error answer: REFUSED");
	talk_end(t);
}

static void
test_fail(void **state)
{
	(void)state;
	struct talk *t = talk_begin(&(struct asked){ XFR_ASK_AXFR,
	    .ours = -1 });
	assert_int_equal(say(t, PLAIN, "S3 a"), XFR_MORE);
	xfr_client_fail(t->c, XFR_WHY_CLOSED, OK);
	expect_refused(t, XFR_REFUSED, XFR_WHY_CLOSED);
	assert_true(xfr_client_result(t->c)->is_checked);
	assert_string_equal(t->seen.text, "Z3 S3 a R");
	talk_end(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_retransmission_is_the_same_message),
		cmocka_unit_test(test_soa),
		cmocka_unit_test(test_soa_refused),
		cmocka_unit_test(test_transfers),
		cmocka_unit_test(test_checked_although_refused),
		cmocka_unit_test(test_sink_that_fails),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_other_answers),
		cmocka_unit_test(test_udp_ignores_what_does_not_fit),
		cmocka_unit_test(test_udp_that_needs_tcp),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_without_edns),
		cmocka_unit_test(test_badvers),
		cmocka_unit_test(test_question_in_later_messages),
		cmocka_unit_test(test_error_in_the_middle),
		cmocka_unit_test(test_tsig_gaps),
		cmocka_unit_test(test_tsig_first_and_last),
		cmocka_unit_test(test_tsig_wrong),
		cmocka_unit_test(test_tsig_error_of_the_peer),
		cmocka_unit_test(test_unsigned_refusal_is_named),
		cmocka_unit_test(test_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

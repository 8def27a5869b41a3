/* test_serve_xfr.c - outgoing transfers message by message: order, sizes,
 * signatures, who gets them, and what an IXFR is answered with. */
#include "serve_kit.h"
#include "serve_zones.h"

#define NOW 1500000000
#define STREAM_RECORDS 40000

/* A whole transfer as received. */
struct stream {
	struct octets octets;		/* records, as they came */
	unsigned records, messages;
	unsigned questions, opts;	/* in how many messages */
	size_t largest;			/* message */
	enum xfr_out_result end;
	bool is_complete;		/* the client's TSIG state says so */
};

static struct kit *
world(void)
{
	struct kit *k = kit_create();
	kit_add(k, 1, "example.", zone_example, KIT_NSEC);
	k->conf[1].provide_xfr = kit_acl(k, 1, "192.0.2.99", ACL_NOKEY);
	return k;
}

static void
take_message(struct stream *s, const uint8_t *octets, size_t len)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	enum section section;
	struct rr rr;
	assert_int_equal(msg_read(&m, octets, len, scratch), OK);
	assert_int_equal(m.flags & ~MSG_RD, MSG_QR | MSG_AA);
	s->messages++;
	s->questions += m.has_question;
	if (len > s->largest)
		s->largest = len;
	while (msg_take_rr(&m, &section, &rr) == OK) {
		if (rr.type == TYPE_OPT) {
			s->opts++;
			continue;
		}
		assert_int_equal(section, SECTION_ANSWER);
		assert_true(rr_add(&s->octets, &rr));
		s->records++;
	}
}

/* Runs the transfer that the last query was granted. client: null or the
 * state of the signed request. */
static struct stream
receive(struct kit *k, struct tsig *client)
{
	static uint8_t message[MSG_MAX_OCTETS];
	struct stream s = { .end = XFR_OUT_MORE };
	struct xfr_out *x = NULL;
	assert_int_equal(xfr_out_start(&k->serve, &k->query, &x), OK);
	while (s.end == XFR_OUT_MORE) {
		size_t len = 0;
		s.end = xfr_out_next(x, NOW, message, sizeof(message), &len);
		if (s.end == XFR_OUT_ERROR)
			break;
		if (client != NULL)
			assert_int_equal(tsig_check_answer(client, message,
			    &len, NOW), OK);
		take_message(&s, message, len);
	}
	if (client != NULL)
		s.is_complete = tsig_answer_is_complete(client);
	xfr_out_end(&x);
	assert_null(x);
	return s;
}

static struct stream
transfer(struct kit *k, const char *zone, const char *type, unsigned flags,
    uint32_t serial)
{
	char *text = kit_ask_serial(k, zone, type, flags | KIT_TCP, serial);
	assert_string_equal(text, "transfer\n");
	free(text);
	return receive(k, NULL);
}

/* "SOA 5, A web.example., ..." for IXFRs of few records. */
static char *
stream_text(const struct stream *s)
{
	struct octets o = { 0 };
	struct buf b = buf_reading(s->octets.at, s->octets.len);
	struct rr rr;
	while (rr_take(&b, &rr)) {
		char owner[NAME_TEXT_MAX], type[16];
		uint32_t serial;
		if (rr_soa_serial(&rr, &serial) && rr.type == TYPE_SOA)
			kit_add_text(&o, "SOA %u\n", serial);
		else
			kit_add_text(&o, "%s %s\n", name_text(rr.owner,
			    owner), rrtype_text(rr.type, type));
	}
	assert_true(octets_add(&o, "", 1));
	return (char *)o.at;
}

static void
assert_stream(struct stream *s, const char *expected)
{
	char *text = stream_text(s);
	assert_string_equal(text, expected);
	assert_int_equal(s->end, XFR_OUT_DONE);
	free(text);
	octets_free(&s->octets);
}

static void
axfr_has_every_record_in_order(void **state)
{
	struct kit *k = world();
	static struct rr at[STREAM_RECORDS];
	(void)state;
	struct stream s = transfer(k, "example.", "AXFR", 0, 0);
	const struct zone_version *z = zonedb_current(k->db, 1);
	assert_int_equal(s.end, XFR_OUT_DONE);
	assert_int_equal(s.records, zone_record_count(z) + 1);
	struct buf b = buf_reading(s.octets.at, s.octets.len);
	for (unsigned i = 0; i < s.records; i++)
		assert_true(rr_take(&b, &at[i]));
	assert_int_equal(at[0].type, TYPE_SOA);
	assert_int_equal(at[s.records - 1].type, TYPE_SOA);
	for (unsigned i = 1; i + 1 < s.records; i++) {
		assert_int_not_equal(at[i].type, TYPE_SOA);
		assert_true(name_compare(at[i - 1].owner, at[i].owner) <= 0);
		for (unsigned j = 1; j < i; j++)
			assert_false(rr_same(&at[i], &at[j]));
	}
	octets_free(&s.octets);
	kit_destroy(&k);
}

static void
load_large(struct kit *k, unsigned records)
{
	struct octets o = { 0 };
	kit_add_empty(k, 2, "large.");
	kit_lines(&o, "large. 300 IN SOA a. b. 1 2 3 4 5\n",
	    k->apexes[2].octets);
	for (unsigned i = 0; i < records; i++) {
		char text[64];
		uint8_t rdata[4] = { 10, (uint8_t)(i >> 16),
			(uint8_t)(i >> 8), (uint8_t)i };
		snprintf(text, sizeof(text), "host%06u.large.", i);
		struct name n = kit_name(text);
		kit_add_rr(&o, n.octets, TYPE_A, 300, rdata, 4);
	}
	kit_commit(k, 2, &o);
	octets_free(&o);
	k->conf[2].provide_xfr = kit_acl(k, 2, "192.0.2.99", ACL_NOKEY);
}

static void
messages_are_filled_and_only_the_first_has_more(void **state)
{
	struct kit *k = world();
	(void)state;
	load_large(k, 20000);
	struct stream s = transfer(k, "large.", "AXFR", KIT_EDNS, 0);
	assert_int_equal(s.end, XFR_OUT_DONE);
	assert_int_equal(s.records, 20002);
	assert_int_equal(s.questions, 1);
	assert_int_equal(s.opts, 1);
	assert_true(s.largest <= 16384 && s.largest > 16000);
	/* 28 octets a record, compressed. */
	assert_true(s.messages < 20000 * 30 / 16000);
	octets_free(&s.octets);
	kit_destroy(&k);
}

static void
load_fat(struct kit *k, size_t rdata_len)
{
	static uint8_t rdata[65535];
	struct octets o = { 0 };
	struct name n = kit_name("fat.large.");
	kit_add_empty(k, 2, "large.");
	kit_lines(&o, "large. 300 IN SOA a. b. 1 2 3 4 5\n"
	    "a.large. 300 IN A 192.0.2.1\nz.large. 300 IN A 192.0.2.2\n",
	    k->apexes[2].octets);
	kit_add_rr(&o, n.octets, 65280, 300, rdata, rdata_len);
	kit_commit(k, 2, &o);
	octets_free(&o);
	k->conf[2].provide_xfr = kit_acl(k, 2, "192.0.2.99", ACL_NOKEY);
}

static void
a_large_record_stands_alone(void **state)
{
	struct kit *k = world();
	(void)state;
	load_fat(k, 60000);
	struct stream s = transfer(k, "large.", "AXFR", 0, 0);
	assert_int_equal(s.end, XFR_OUT_DONE);
	assert_int_equal(s.records, 5);
	assert_int_equal(s.messages, 3);
	assert_true(s.largest > 60000);
	octets_free(&s.octets);
	kit_destroy(&k);
}

static void
a_record_beyond_any_message_ends_the_transfer(void **state)
{
	struct kit *k = world();
	(void)state;
	load_fat(k, 65530);
	struct stream s = transfer(k, "large.", "AXFR", 0, 0);
	assert_int_equal(s.end, XFR_OUT_ERROR);
	octets_free(&s.octets);
	kit_destroy(&k);
}

static struct tsig_key
key_of(const char *name, enum tsig_alg alg)
{
	struct tsig_key key = { .name = kit_name(name), .alg = alg,
		.secret = (const uint8_t *)"0123456789abcdef",
		.secret_len = 16 };
	return key;
}

static void
each_message_is_signed(void **state)
{
	struct kit *k = world();
	struct tsig_key key = key_of("key.", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	struct tsig client = { 0 };
	(void)state;
	load_large(k, 20000);
	k->serve.keys = keys;
	k->serve.key_count = 1;
	size_t len = kit_question(k->question, "large.", TYPE_AXFR, KIT_EDNS,
	    0);
	assert_int_equal(tsig_sign_request(&client, &key, k->question, &len,
	    sizeof(k->question), NOW), OK);
	/* NOKEY matches only what is unsigned. */
	assert_int_equal(kit_run(k, len, KIT_TCP), QUERY_ANSWER);
	assert_int_equal(k->answer[3] & 15, RCODE_REFUSED);
	struct conf_key ck = { .tsig = key, .name = "key." };
	k->acl[2].signer = ACL_KEY;
	k->acl[2].key = &ck;
	tsig_end(&client);
	memset(&client, 0, sizeof(client));
	len = kit_question(k->question, "large.", TYPE_AXFR, KIT_EDNS, 0);
	assert_int_equal(tsig_sign_request(&client, &key, k->question, &len,
	    sizeof(k->question), NOW), OK);
	assert_int_equal(kit_run(k, len, KIT_TCP), QUERY_TRANSFER);
	struct stream s = receive(k, &client);
	assert_int_equal(s.end, XFR_OUT_DONE);
	assert_int_equal(s.records, 20002);
	assert_true(s.is_complete);
	assert_true(s.messages > 10);
	tsig_end(&client);
	octets_free(&s.octets);
	kit_destroy(&k);
}

#define SOA_AT(n) "example. 300 IN SOA ns1.example. host.example. " n \
	" 3600 600 86400 100\n"

static struct kit *
world_with_history(void)
{
	struct kit *k = world();
	kit_patch(k, 1, SOA_AT("5") "web.example. 300 IN A 192.0.2.3\n"
	    SOA_AT("6") "web.example. 300 IN A 192.0.2.103\n");
	kit_patch(k, 1, SOA_AT("6") "mail.example. 200 IN A 192.0.2.2\n"
	    SOA_AT("7") "mail2.example. 300 IN AAAA 2001:db8::2\n"
	    "mail3.example. 300 IN TXT \"3\"\n");
	return k;
}

#define STEP_5_6 "SOA 5\nweb.example. A\nSOA 6\nweb.example. A\n"
#define STEP_6_7 "SOA 6\nmail.example. A\nSOA 7\nmail2.example. AAAA\n" \
	"mail3.example. TXT\n"

static void
ixfr_sends_step_after_step(void **state)
{
	struct kit *k = world_with_history();
	(void)state;
	struct stream s = transfer(k, "example.", "IXFR", KIT_SERIAL, 5);
	assert_int_equal(s.messages, 1);
	assert_stream(&s, "SOA 7\n" STEP_5_6 STEP_6_7 "SOA 7\n");
	s = transfer(k, "example.", "IXFR", KIT_SERIAL, 6);
	assert_stream(&s, "SOA 7\n" STEP_6_7 "SOA 7\n");
	kit_destroy(&k);
}

static void
ixfr_without_a_chain_is_the_zone(void **state)
{
	struct kit *k = world_with_history();
	(void)state;
	struct stream s = transfer(k, "example.", "IXFR", KIT_SERIAL, 4);
	assert_int_equal(s.records,
	    zone_record_count(zonedb_current(k->db, 1)) + 1);
	octets_free(&s.octets);
	kit_destroy(&k);
}

/* 40 records of 50,000 octets each. */
static void
add_bulk(struct octets *o)
{
	static const uint8_t rdata[50000];
	for (unsigned i = 0; i < 40; i++) {
		char text[32];
		snprintf(text, sizeof(text), "x%u.t.", i);
		struct name n = kit_name(text);
		kit_add_rr(o, n.octets, 65280, 9, rdata, sizeof(rdata));
	}
}

static void
patch_bulk(struct kit *k, const char *from, const char *to, bool adds)
{
	struct octets o = { 0 };
	kit_lines(&o, from, k->apexes[1].octets);
	if (!adds)
		add_bulk(&o);
	kit_lines(&o, to, k->apexes[1].octets);
	if (adds)
		add_bulk(&o);
	kit_patch_octets(k, 1, &o);
	octets_free(&o);
}

#define T_AT(n) "t. 9 IN SOA a. b. " n " 2 3 4 5\n"

static void
history_larger_than_the_zone_is_not_sent(void **state)
{
	struct kit *k = kit_create();
	(void)state;
	kit_add(k, 1, "t.", T_AT("1"), KIT_UNSIGNED);
	k->conf[1].provide_xfr = kit_acl(k, 1, "192.0.2.99", ACL_NOKEY);
	kit_patch(k, 1, T_AT("1") T_AT("2") "x.t. 9 IN TXT \"x\"\n");
	/* Larger, but small. */
	struct stream s = transfer(k, "t.", "IXFR", KIT_SERIAL, 1);
	assert_stream(&s, "SOA 2\nSOA 1\nSOA 2\nx.t. TXT\nSOA 2\n");
	patch_bulk(k, T_AT("2"), T_AT("3"), true);
	patch_bulk(k, T_AT("3"), T_AT("4"), false);
	assert_int_equal(zone_step_count(zonedb_current(k->db, 1)), 3);
	s = transfer(k, "t.", "IXFR", KIT_SERIAL, 1);
	assert_stream(&s, "SOA 4\nx.t. TXT\nSOA 4\n");
	kit_destroy(&k);
}

static void
expect(struct kit *k, const char *zone, const char *type, unsigned flags,
    uint32_t serial, const char *answer)
{
	char *text = kit_ask_serial(k, zone, type, flags, serial);
	assert_string_equal(text, answer);
	free(text);
}

#define SOA_7 "AN example. 300 SOA ns1.example. host.example. 7 3600 600 " \
	"86400 100\n"

static void
a_client_that_is_up_to_date_gets_the_soa(void **state)
{
	struct kit *k = world_with_history();
	(void)state;
	expect(k, "example.", "IXFR", KIT_SERIAL | KIT_TCP, 7,
	    "NOERROR aa\n" SOA_7);
	expect(k, "example.", "IXFR", KIT_SERIAL | KIT_TCP, 8,
	    "NOERROR aa\n" SOA_7);
	expect(k, "example.", "IXFR", KIT_SERIAL, 7, "NOERROR aa\n" SOA_7);
	kit_destroy(&k);
}

static void
ixfr_over_udp_is_whole_or_the_soa(void **state)
{
	struct kit *k = world_with_history();
	(void)state;
	expect(k, "example.", "IXFR", KIT_SERIAL, 6, "NOERROR aa\n" SOA_7
	    "AN example. 300 SOA ns1.example. host.example. 6 3600 600 "
	    "86400 100\n"
	    "AN mail.example. 200 A 192.0.2.2\n"
	    SOA_7
	    "AN mail2.example. 300 AAAA 2001:db8::2\n"
	    "AN mail3.example. 300 TXT \"3\"\n" SOA_7);
	expect(k, "example.", "IXFR", KIT_SERIAL, 4, "NOERROR aa\n" SOA_7);
	kit_destroy(&k);
}

static void
who_may_not_is_refused(void **state)
{
	struct kit *k = world();
	(void)state;
	k->peer = "192.0.2.98";
	expect(k, "example.", "AXFR", KIT_TCP | KIT_EDNS, 0,
	    "REFUSED edns\nede 18\n");
	expect(k, "example.", "IXFR", KIT_SERIAL, 1, "REFUSED\n");
	k->peer = "192.0.2.99";
	k->acl[1].signer = ACL_BLOCKED;
	expect(k, "example.", "AXFR", KIT_TCP, 0, "REFUSED\n");
	k->acl[1].signer = ACL_NOKEY;
	expect(k, "example.", "AXFR", KIT_TCP, 0, "transfer\n");
	tsig_end(&k->query.tsig);
	expect(k, "web.example.", "AXFR", KIT_TCP, 0, "NOTAUTH\n");
	expect(k, "other.", "AXFR", KIT_TCP, 0, "NOTAUTH\n");
	expect(k, "example.", "AXFR", 0, 0, "NOTIMP\n");
	expect(k, "example.", "IXFR", KIT_TCP, 0, "FORMERR\n");
	kit_destroy(&k);
}

static void
what_is_not_there_or_expired_is_not_sent(void **state)
{
	struct kit *k = world();
	(void)state;
	kit_add_empty(k, 2, "empty.");
	k->conf[2].provide_xfr = kit_acl(k, 2, "192.0.2.99", ACL_NOKEY);
	expect(k, "empty.", "AXFR", KIT_TCP | KIT_EDNS, 0,
	    "SERVFAIL edns\nede 14\n");
	atomic_store(&k->states[1].flags, SERVE_ZONE_EXPIRED);
	expect(k, "example.", "AXFR", KIT_TCP | KIT_EDNS, 0,
	    "SERVFAIL edns\nede 24 Zone has expired\n");
	kit_destroy(&k);
}

static enum serve_place places[KIT_ZONES];

static enum serve_place
place(void *arg, uint32_t id)
{
	(void)arg;
	return places[id];
}

static void
a_candidate_sends_what_it_verifies(void **state)
{
	struct kit *k = world();
	(void)state;
	kit_add(k, 2, "second.", zone_second, KIT_UNSIGNED);
	k->serve.is_candidate = true;
	k->serve.hooks.place = place;
	places[1] = SERVE_UNDER_VERIFICATION;
	places[2] = SERVE_PUBLISHED;
	k->peer = "127.0.0.1";
	expect(k, "example.", "AXFR", KIT_TCP, 0, "transfer\n");
	tsig_end(&k->query.tsig);
	atomic_store(&k->states[1].flags, SERVE_ZONE_EXPIRED);
	expect(k, "example.", "AXFR", KIT_TCP, 0, "transfer\n");
	tsig_end(&k->query.tsig);
	expect(k, "second.", "AXFR", KIT_TCP, 0, "REFUSED\n");
	places[2] = SERVE_ELSEWHERE;
	expect(k, "www.second.", "A", KIT_EDNS, 0, "REFUSED edns\n"
	    "ede 0 zone is under verification elsewhere\n");
	/* The chain ends where it enters the zone that is elsewhere. */
	expect(k, "two.example.", "A", KIT_EDNS, 0,
	    "NOERROR aa edns\n"
	    "AN two.example. 300 CNAME www.second.\n");
	k->conf[1].provide_xfr = kit_acl(k, 1, "127.0.0.1", ACL_BLOCKED);
	expect(k, "example.", "AXFR", KIT_TCP, 0, "REFUSED\n");
	k->conf[1].provide_xfr = (struct acl_list){ NULL, 0 };
	k->peer = "192.0.2.99";
	expect(k, "example.", "AXFR", KIT_TCP, 0, "REFUSED\n");
	kit_destroy(&k);
}

static void
expire_is_said_when_asked_for(void **state)
{
	struct kit *k = world();
	(void)state;
	expect(k, "example.", "IXFR", KIT_SERIAL | KIT_WANT_EXPIRE, 5,
	    "NOERROR aa edns\nexpire 86400\n"
	    "AN example. 300 SOA ns1.example. host.example. 5 3600 600 "
	    "86400 100\n");
	k->conf[1].request_xfr = kit_acl(k, 3, "192.0.2.1", ACL_NOKEY);
	atomic_store(&k->states[1].expires_at_s, NOW + 1000);
	expect(k, "example.", "IXFR", KIT_SERIAL | KIT_WANT_EXPIRE, 5,
	    "NOERROR aa edns\nexpire 1000\n"
	    "AN example. 300 SOA ns1.example. host.example. 5 3600 600 "
	    "86400 100\n");
	struct stream s = transfer(k, "example.", "AXFR", KIT_WANT_EXPIRE,
	    0);
	assert_int_equal(s.opts, 1);
	octets_free(&s.octets);
	kit_destroy(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(axfr_has_every_record_in_order),
		cmocka_unit_test(
		    messages_are_filled_and_only_the_first_has_more),
		cmocka_unit_test(a_large_record_stands_alone),
		cmocka_unit_test(
		    a_record_beyond_any_message_ends_the_transfer),
		cmocka_unit_test(each_message_is_signed),
		cmocka_unit_test(ixfr_sends_step_after_step),
		cmocka_unit_test(ixfr_without_a_chain_is_the_zone),
		cmocka_unit_test(history_larger_than_the_zone_is_not_sent),
		cmocka_unit_test(a_client_that_is_up_to_date_gets_the_soa),
		cmocka_unit_test(ixfr_over_udp_is_whole_or_the_soa),
		cmocka_unit_test(who_may_not_is_refused),
		cmocka_unit_test(what_is_not_there_or_expired_is_not_sent),
		cmocka_unit_test(a_candidate_sends_what_it_verifies),
		cmocka_unit_test(expire_is_said_when_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_serve_query.c - what is decided before a zone answers: headers,
 * opcodes, EDNS, TSIG, NOTIFY, chaos, policy, truncation. */
#include "serve_kit.h"
#include "serve_zones.h"

#define NOW 1500000000

static struct kit *
world(enum kit_sign sign)
{
	struct kit *k = kit_create();
	kit_add(k, 1, "example.", zone_example, sign);
	return k;
}

static void
expect(struct kit *k, const char *name, const char *type, unsigned flags,
    const char *answer)
{
	char *text = kit_ask(k, name, type, flags);
	assert_string_equal(text, answer);
	free(text);
}

/* Runs the first len octets of the question; gives the rcode, or -1. */
static int
rcode_of(struct kit *k, size_t len, unsigned flags)
{
	if (kit_run(k, len, flags) != QUERY_ANSWER)
		return -1;
	assert_true(k->query.answer_len >= MSG_HEADER_OCTETS);
	assert_memory_equal(k->answer, k->question, 2);
	assert_true((k->answer[2] & 0x80) != 0);
	return k->answer[3] & 15;
}

static void
what_is_no_query_is_dropped(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	size_t len = kit_question(k->question, "example.", TYPE_SOA, 0, 0);
	for (size_t n = 0; n < MSG_HEADER_OCTETS; n++)
		assert_int_equal(rcode_of(k, n, 0), -1);
	k->question[2] |= 0x80;
	assert_int_equal(rcode_of(k, len, 0), -1);
	assert_int_equal(k->counters[COUNT_DROPPED], 13);
	kit_destroy(&k);
}

static void
malformed_queries_get_formerr(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	size_t len = kit_question(k->question, "example.", TYPE_SOA, 0, 0);
	for (size_t n = MSG_HEADER_OCTETS; n < len; n++)
		assert_int_equal(rcode_of(k, n, 0), RCODE_FORMERR);
	k->question[5] = 2;	/* QDCOUNT */
	assert_int_equal(rcode_of(k, len, 0), RCODE_FORMERR);
	k->question[5] = 0;
	assert_int_equal(rcode_of(k, MSG_HEADER_OCTETS, 0), RCODE_FORMERR);
	/* An SOA in the authority section of what is no IXFR. */
	len = kit_question(k->question, "example.", TYPE_SOA, KIT_SERIAL, 1);
	assert_int_equal(rcode_of(k, len, 0), RCODE_FORMERR);
	/* Two OPT records. */
	len = kit_question(k->question, "example.", TYPE_SOA, KIT_EDNS, 1);
	memcpy(k->question + len, k->question + len - 11, 11);
	k->question[11] = 2;
	assert_int_equal(rcode_of(k, len + 11, 0), RCODE_FORMERR);
	kit_destroy(&k);
}

static void
opcodes_that_are_not_ours_are_refused(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	size_t len = kit_question(k->question, "example.", TYPE_SOA, 0, 0);
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		if (opcode == OPCODE_NOTIFY)
			continue;
		k->question[2] = (uint8_t)(opcode << 3);
		assert_int_equal(rcode_of(k, len, 0), RCODE_NOTIMP);
		assert_int_equal(k->answer[2] >> 3 & 15, opcode);
	}
	k->serve.drop_updates = true;
	k->question[2] = OPCODE_UPDATE << 3;
	assert_int_equal(rcode_of(k, len, 0), -1);
	kit_destroy(&k);
}

static void
edns_is_answered_with_edns(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	k->serve.minimal_responses = true;
	expect(k, "web.example.", "A", KIT_WANT_NSID, "NOERROR aa edns\n"
	    "option 3 nsid\nAN web.example. 300 A 192.0.2.3\n");
	expect(k, "web.example.", "A", KIT_VERSION_1, "BADVERS edns\n");
	expect(k, "example.", "SOA", KIT_WANT_EXPIRE,
	    "NOERROR aa edns\nexpire 86400\n"
	    "AN example. 300 SOA ns1.example. host.example. 5 3600 600 "
	    "86400 100\n");
	expect(k, "web.example.", "SOA", KIT_WANT_EXPIRE, "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 "
	    "86400 100\n");
	kit_destroy(&k);
}

static void
recursion_desired_is_copied_and_nothing_else(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	size_t len = kit_question(k->question, "web.example.", TYPE_A,
	    KIT_RD, 0);
	k->question[3] = 0x70;	/* Z, AD, CD */
	assert_int_equal(rcode_of(k, len, 0), RCODE_NOERROR);
	assert_int_equal(k->answer[2], 0x85);
	assert_int_equal(k->answer[3], 0);
	kit_destroy(&k);
}

static void
chaos_tells_who_we_are_unless_hidden(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	expect(k, "id.server.", "TXT", KIT_CH,
	    "NOERROR aa\nAN id.server. 0 TXT \"here\"\n");
	expect(k, "hostname.bind.", "TXT", KIT_CH,
	    "NOERROR aa\nAN hostname.bind. 0 TXT \"here\"\n");
	expect(k, "VERSION.bind.", "TXT", KIT_CH,
	    "NOERROR aa\nAN VERSION.bind. 0 TXT \"nsd-verify 1\"\n");
	expect(k, "version.server.", "ANY", KIT_CH,
	    "NOERROR aa\nAN version.server. 0 TXT \"nsd-verify 1\"\n");
	expect(k, "version.server.", "A", KIT_CH, "REFUSED\n");
	expect(k, "authors.bind.", "TXT", KIT_CH | KIT_EDNS,
	    "REFUSED edns\nede 21\n");
	k->serve.identity[0] = '\0';
	k->serve.version[0] = '\0';
	expect(k, "id.server.", "TXT", KIT_CH, "REFUSED\n");
	expect(k, "version.bind.", "TXT", KIT_CH, "REFUSED\n");
	kit_destroy(&k);
}

static void
classes_and_types_beyond_are_refused(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	size_t len = kit_question(k->question, "web.example.", TYPE_A, 0, 0);
	k->question[len - 1] = 4;
	assert_int_equal(rcode_of(k, len, 0), RCODE_REFUSED);
	k->question[len - 1] = CLASS_ANY;
	assert_int_equal(rcode_of(k, len, 0), RCODE_NOERROR);
	assert_int_equal(k->answer[2] & 4, 0);	/* AA */
	expect(k, "example.", "TYPE253", 0, "NOTIMP\n");
	expect(k, "example.", "TYPE254", 0, "NOTIMP\n");
	expect(k, "example.", "TYPE249", 0, "NOTIMP\n");
	expect(k, "example.", "TYPE250", 0, "FORMERR\n");
	expect(k, "example.", "TYPE41", 0, "FORMERR\n");
	kit_destroy(&k);
}

static void
any_over_udp_may_be_sent_to_tcp(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	k->serve.refuse_any = true;
	k->serve.minimal_responses = true;
	expect(k, "web.example.", "ANY", 0, "NOERROR tc\n");
	expect(k, "web.example.", "ANY", KIT_TCP, "NOERROR aa\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 TXT \"web\"\n");
	kit_destroy(&k);
}

static void
minimal_responses_keep_glue(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	k->serve.minimal_responses = true;
	expect(k, "example.", "MX", 0,
	    "NOERROR aa\nAN example. 300 MX 10 mail.example.\n");
	expect(k, "x.sub.example.", "A", 0, "NOERROR\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n");
	kit_destroy(&k);
}

static void
sets_rotate_if_told(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	unsigned first[2] = { 0 };
	(void)state;
	k->serve.minimal_responses = true;
	k->serve.round_robin = true;
	for (unsigned i = 0; i < 10; i++) {
		char *text = kit_ask(k, "ttl.example.", "A", 0);
		char *seven = strstr(text, "192.0.2.7");
		char *eight = strstr(text, "192.0.2.8");
		assert_non_null(seven);
		assert_non_null(eight);
		first[seven < eight]++;
		free(text);
	}
	assert_int_equal(first[0], 5);
	assert_int_equal(first[1], 5);
	kit_destroy(&k);
}

static void
chains_may_be_confined_to_the_zone(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	(void)state;
	kit_add(k, 2, "second.", zone_second, KIT_UNSIGNED);
	k->serve.minimal_responses = true;
	expect(k, "two.example.", "A", 0, "NOERROR aa\n"
	    "AN two.example. 300 CNAME www.second.\n"
	    "AN www.second. 300 A 192.0.2.31\n");
	k->serve.confine_to_zone = true;
	expect(k, "two.example.", "A", 0, "NOERROR aa\n"
	    "AN two.example. 300 CNAME www.second.\n");
	kit_destroy(&k);
}

/* ---- truncation ---- */

static struct kit *
world_of_large_sets(void)
{
	struct kit *k = kit_create();
	struct octets o = { 0 };
	kit_add_empty(k, 1, "big.");
	kit_lines(&o, "big. 300 IN SOA a. b. 1 2 3 4 5\n"
	    "big. 300 IN NS ns.big.\nns.big. 300 IN A 192.0.2.1\n"
	    "sub.big. 300 IN NS ns.sub.big.\n", k->apexes[1].octets);
	for (uint8_t i = 0; i < 60; i++) {
		uint8_t rdata[4] = { 192, 0, 2, i };
		struct name a = kit_name("a.big."), g = kit_name("ns.sub.big.");
		kit_add_rr(&o, a.octets, TYPE_A, 300, rdata, 4);
		kit_add_rr(&o, g.octets, TYPE_A, 300, rdata, 4);
		if (i < 28) {
			a = kit_name("fits.big.");
			kit_add_rr(&o, a.octets, TYPE_A, 300, rdata, 4);
		}
	}
	kit_commit(k, 1, &o);
	octets_free(&o);
	return k;
}

static unsigned
count_answers(const struct kit *k, unsigned section)
{
	return octets_u16(k->answer + 6 + 2 * section);
}

static void
sets_go_whole_or_not_at_all(void **state)
{
	struct kit *k = world_of_large_sets();
	(void)state;
	expect(k, "a.big.", "A", 0, "NOERROR aa tc\n");
	assert_true(k->query.answer_len <= 512);
	assert_int_equal(k->counters[COUNT_TRUNCATED], 1);
	expect(k, "a.big.", "A", KIT_EDNS | KIT_SMALL,
	    "NOERROR aa tc edns\n");
	free(kit_ask(k, "a.big.", "A", KIT_EDNS));
	assert_int_equal(count_answers(k, 0), 60);
	free(kit_ask(k, "a.big.", "A", KIT_TCP));
	assert_int_equal(count_answers(k, 0), 60);
	/* 28 addresses fit in 512 octets; the courtesy of an authority
	 * section does not, and is no reason for TC. */
	free(kit_ask(k, "fits.big.", "A", 0));
	assert_int_equal(count_answers(k, 0), 28);
	assert_int_equal(k->answer[2] & 2, 0);
	kit_destroy(&k);
}

static void
glue_below_the_cut_is_required(void **state)
{
	struct kit *k = world_of_large_sets();
	(void)state;
	expect(k, "x.sub.big.", "A", 0,
	    "NOERROR tc\nAU sub.big. 300 NS ns.sub.big.\n");
	free(kit_ask(k, "x.sub.big.", "A", KIT_EDNS));
	assert_int_equal(count_answers(k, 2), 60 + 1);
	assert_int_equal(k->answer[2] & 2, 0);
	kit_destroy(&k);
}

static void
answers_stay_within_what_is_configured(void **state)
{
	struct kit *k = world_of_large_sets();
	(void)state;
	k->serve.udp_octets_v4 = 600;
	free(kit_ask(k, "a.big.", "A", KIT_EDNS | KIT_LARGE));
	assert_true((k->answer[2] & 2) != 0);
	free(kit_ask(k, "a.big.", "A", KIT_EDNS | KIT_LARGE | KIT_V6));
	assert_true((k->answer[2] & 2) == 0);
	kit_destroy(&k);
}

/* ---- denial that costs too much ---- */

static void
many_iterations_are_not_served(void **state)
{
	struct kit *k = kit_create();
	(void)state;
	k->known.iterations = 501;
	kit_add(k, 1, "example.", zone_example, KIT_NSEC3);
	expect(k, "nothing.example.", "A", KIT_DO,
	    "SERVFAIL edns\nede 27\n");
	free(kit_ask(k, "web.example.", "A", KIT_DO));
	assert_int_equal(k->answer[3] & 15, RCODE_NOERROR);
	kit_destroy(&k);
}

/* ---- NOTIFY ---- */

static struct {
	unsigned calls;
	uint32_t id, serial;
	bool has_serial, is_taken;
	char key[64], from[ADDR_TEXT_MAX];
} noted;

static bool
note(void *arg, uint32_t id, const struct addr *from, const char *key,
    bool has_serial, uint32_t serial)
{
	(void)arg;
	noted.calls++;
	noted.id = id;
	noted.has_serial = has_serial;
	noted.serial = serial;
	snprintf(noted.key, sizeof(noted.key), "%s", key != NULL ? key : "-");
	addr_text(from, noted.from);
	return noted.is_taken;
}

static struct kit *
world_with_notify(void)
{
	struct kit *k = world(KIT_UNSIGNED);
	memset(&noted, 0, sizeof(noted));
	noted.is_taken = true;
	k->serve.hooks.notify = note;
	k->conf[1].allow_notify = kit_acl(k, 1, "192.0.2.99", ACL_NOKEY);
	return k;
}

static void
notify_is_queued_and_answered(void **state)
{
	struct kit *k = world_with_notify();
	(void)state;
	char *text = kit_ask_serial(k, "example.", "SOA",
	    KIT_NOTIFY | KIT_SERIAL, 77);
	assert_string_equal(text, "NOERROR aa\n");
	free(text);
	assert_int_equal(noted.calls, 1);
	assert_int_equal(noted.id, 1);
	assert_true(noted.has_serial);
	assert_int_equal(noted.serial, 77);
	assert_string_equal(noted.key, "-");
	assert_string_equal(noted.from, "192.0.2.99");
	assert_int_equal(k->answer[2] >> 3 & 15, OPCODE_NOTIFY);
	expect(k, "EXAMPLE.", "SOA", KIT_NOTIFY, "NOERROR aa\n");
	assert_false(noted.has_serial);
	/* xfrd's queue is full: silence makes the primary try again. */
	noted.is_taken = false;
	expect(k, "example.", "SOA", KIT_NOTIFY, "drop\n");
	kit_destroy(&k);
}

static void
notify_from_others_is_refused(void **state)
{
	struct kit *k = world_with_notify();
	(void)state;
	expect(k, "other.", "SOA", KIT_NOTIFY, "NXDOMAIN\n");
	expect(k, "web.example.", "SOA", KIT_NOTIFY, "NXDOMAIN\n");
	expect(k, "example.", "A", KIT_NOTIFY, "NOTIMP\n");
	k->peer = "192.0.2.98";
	expect(k, "example.", "SOA", KIT_NOTIFY, "REFUSED\n");
	k->peer = "192.0.2.99";
	k->acl[1].signer = ACL_BLOCKED;
	expect(k, "example.", "SOA", KIT_NOTIFY, "REFUSED\n");
	k->conf[1].allow_notify = (struct acl_list){ NULL, 0 };
	expect(k, "example.", "SOA", KIT_NOTIFY, "REFUSED\n");
	assert_int_equal(noted.calls, 0);
	kit_destroy(&k);
}

/* ---- TSIG ---- */

static struct tsig_key the_key, other_key;
static const struct tsig_key *const keys[] = { &the_key };

static struct kit *
world_with_key(void)
{
	struct kit *k = world_with_notify();
	the_key = (struct tsig_key){ .name = kit_name("Key.example."),
		.alg = TSIG_HMAC_SHA256,
		.secret = (const uint8_t *)"0123456789abcdef",
		.secret_len = 16 };
	other_key = the_key;
	other_key.secret = (const uint8_t *)"fedcba9876543210";
	k->serve.keys = keys;
	k->serve.key_count = 1;
	return k;
}

static int
signed_query(struct kit *k, const struct tsig_key *key, int64_t when,
    unsigned flags, struct tsig *client)
{
	memset(client, 0, sizeof(*client));
	size_t len = kit_question(k->question, "example.", TYPE_SOA, flags,
	    0);
	assert_int_equal(tsig_sign_request(client, key, k->question, &len,
	    sizeof(k->question), when), OK);
	return rcode_of(k, len, flags);
}

static void
signed_queries_get_signed_answers(void **state)
{
	struct kit *k = world_with_key();
	struct tsig client;
	(void)state;
	assert_int_equal(signed_query(k, &the_key, NOW, KIT_EDNS, &client),
	    RCODE_NOERROR);
	size_t len = k->query.answer_len;
	assert_int_equal(tsig_check_answer(&client, k->answer, &len, NOW),
	    OK);
	assert_true(tsig_answer_is_complete(&client));
	tsig_end(&client);
	char *text = kit_answer_text(k, k->answer, len);
	assert_non_null(strstr(text, "NOERROR aa edns\nAN example. 300 SOA"));
	free(text);
	kit_destroy(&k);
}

static unsigned
tsig_error_of(const struct kit *k)
{
	/* error, other length, other data (none or 6 octets of time) */
	const uint8_t *end = k->answer + k->query.answer_len;
	if (octets_u16(end - 2) == 0)
		return octets_u16(end - 4);
	assert_int_equal(octets_u16(end - 8), 6);
	return octets_u16(end - 10);
}

static void
bad_signatures_get_notauth(void **state)
{
	struct kit *k = world_with_key();
	struct tsig client;
	struct tsig_key stranger = the_key;
	(void)state;
	stranger.name = kit_name("stranger.");
	assert_int_equal(signed_query(k, &stranger, NOW, 0, &client),
	    RCODE_NOTAUTH);
	assert_int_equal(tsig_error_of(k), RCODE_BADKEY);
	tsig_end(&client);
	/* With an OPT if the query had one: two records. */
	assert_int_equal(octets_u16(k->answer + 10), 1);
	assert_int_equal(signed_query(k, &stranger, NOW, KIT_EDNS, &client),
	    RCODE_NOTAUTH);
	assert_int_equal(octets_u16(k->answer + 10), 2);
	tsig_end(&client);
	assert_int_equal(signed_query(k, &other_key, NOW, 0, &client),
	    RCODE_NOTAUTH);
	assert_int_equal(tsig_error_of(k), RCODE_BADSIG);
	tsig_end(&client);
	assert_int_equal(signed_query(k, &the_key, NOW - 1000, 0, &client),
	    RCODE_NOTAUTH);
	assert_int_equal(tsig_error_of(k), RCODE_BADTIME);
	tsig_end(&client);
	kit_destroy(&k);
}

static void
a_signed_notify_names_its_key(void **state)
{
	struct kit *k = world_with_key();
	struct tsig client;
	struct conf_key ck = { .tsig = the_key, .name = "Key.example." };
	(void)state;
	k->acl[1].signer = ACL_KEY;
	k->acl[1].key = &ck;
	assert_int_equal(signed_query(k, &the_key, NOW, KIT_NOTIFY, &client),
	    RCODE_NOERROR);
	assert_string_equal(noted.key, "Key.example.");
	tsig_end(&client);
	/* Without the signature it is nobody's. */
	expect(k, "example.", "SOA", KIT_NOTIFY, "REFUSED\n");
	kit_destroy(&k);
}

static void
questions_are_found_without_the_rest(void **state)
{
	uint8_t octets[600] = { 0 };
	struct name qname;
	uint16_t qtype = 0;
	(void)state;
	size_t len = kit_question(octets, "x.Example.", TYPE_DS, KIT_EDNS, 0);
	assert_true(query_question(octets, len, &qname, &qtype));
	struct name expected = kit_name("x.Example.");
	assert_true(name_identical(qname.octets, expected.octets));
	assert_int_equal(qtype, TYPE_DS);
	assert_false(query_question(octets, 20, &qname, &qtype));
	octets[5] = 0;
	assert_false(query_question(octets, len, &qname, &qtype));
}

static void
queries_are_counted(void **state)
{
	struct kit *k = world(KIT_UNSIGNED);
	char text[SERVE_COUNTER_NAME_MAX];
	(void)state;
	free(kit_ask(k, "web.example.", "A", KIT_EDNS));
	free(kit_ask(k, "web.example.", "A", KIT_V6));
	free(kit_ask(k, "no.example.", "TYPE65280", 0));
	free(kit_ask(k, "x.sub.example.", "A", KIT_TCP));
	assert_int_equal(k->counters[COUNT_QUERIES], 4);
	assert_int_equal(k->counters[COUNT_UDP], 2);
	assert_int_equal(k->counters[COUNT_UDP6], 1);
	assert_int_equal(k->counters[COUNT_EDNS], 1);
	assert_int_equal(k->counters[COUNT_TYPE + TYPE_A], 3);
	assert_int_equal(k->counters[serve_counter_of_type(65280)], 1);
	assert_int_equal(k->counters[COUNT_RCODE + RCODE_NXDOMAIN], 1);
	assert_int_equal(k->counters[COUNT_ANSWER_WITHOUT_AA], 1);
	assert_string_equal(serve_counter_name(COUNT_UDP6, text),
	    "num.udp6");
	assert_string_equal(serve_counter_name(COUNT_TYPE + TYPE_A, text),
	    "num.type.A");
	assert_string_equal(serve_counter_name(COUNT_RCODE + RCODE_NXDOMAIN,
	    text), "num.rcode.NXDOMAIN");
	assert_string_equal(serve_counter_name(serve_counter_of_class(
	    CLASS_CH), text), "num.class.CH");
	for (unsigned i = 0; i < SERVE_COUNTERS; i++)
		assert_true(strlen(serve_counter_name(i, text)) > 4);
	kit_destroy(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_query_is_dropped),
		cmocka_unit_test(malformed_queries_get_formerr),
		cmocka_unit_test(opcodes_that_are_not_ours_are_refused),
		cmocka_unit_test(edns_is_answered_with_edns),
		cmocka_unit_test(
		    recursion_desired_is_copied_and_nothing_else),
		cmocka_unit_test(chaos_tells_who_we_are_unless_hidden),
		cmocka_unit_test(classes_and_types_beyond_are_refused),
		cmocka_unit_test(any_over_udp_may_be_sent_to_tcp),
		cmocka_unit_test(minimal_responses_keep_glue),
		cmocka_unit_test(sets_rotate_if_told),
		cmocka_unit_test(chains_may_be_confined_to_the_zone),
		cmocka_unit_test(sets_go_whole_or_not_at_all),
		cmocka_unit_test(glue_below_the_cut_is_required),
		cmocka_unit_test(answers_stay_within_what_is_configured),
		cmocka_unit_test(many_iterations_are_not_served),
		cmocka_unit_test(notify_is_queued_and_answered),
		cmocka_unit_test(notify_from_others_is_refused),
		cmocka_unit_test(signed_queries_get_signed_answers),
		cmocka_unit_test(bad_signatures_get_notauth),
		cmocka_unit_test(a_signed_notify_names_its_key),
		cmocka_unit_test(questions_are_found_without_the_rest),
		cmocka_unit_test(queries_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

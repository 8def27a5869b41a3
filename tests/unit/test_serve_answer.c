/* test_serve_answer.c - which records an answer carries: the table of
 * tests/data/answers, which other servers answer too, and what none of them
 * can be brought to say. */
#include "serve_table.h"

/* Every row of the table, in memory of the process itself. */
static void
answers_are_as_written(void **state)
{
	struct table t = { .world_count = 0 };
	(void)state;
	table_start(&t, ANSWERS_DATA, ANSWERS_ZONES);
	table_all_rows(&t, ANSWERS_DATA);
	table_end(&t);
	print_message("%u queries\n", t.asked);
	assert_true(t.asked >= 400);
	assert_int_equal(t.wrong, 0);
}

static void
expect(struct kit *k, const char *name, const char *answer)
{
	char *text = kit_ask(k, name, "A", KIT_EDNS);
	assert_string_equal(text, answer);
	free(text);
}

/* Neither asked for nor at the end of a chain. */
static void
zones_that_may_not_be_shown_are_not(void **state)
{
	static struct acl other;
	struct kit *k = kit_create();
	(void)state;
	k->serve.minimal_responses = true;
	kit_add(k, 1, "open.", "open. 9 IN SOA a. b. 1 2 3 4 5\n"
	    "a.open. 9 IN CNAME www.closed.\n"
	    "b.open. 9 IN CNAME www.expired.\n"
	    "c.open. 9 IN CNAME www.empty.\n", KIT_UNSIGNED);
	kit_add(k, 2, "closed.", "closed. 9 IN SOA a. b. 1 2 3 4 5\n"
	    "www.closed. 9 IN A 192.0.2.77\n", KIT_UNSIGNED);
	kit_add(k, 3, "expired.", "expired. 9 IN SOA a. b. 1 2 3 4 5\n"
	    "www.expired. 9 IN A 192.0.2.78\n", KIT_UNSIGNED);
	kit_add_empty(k, 4, "empty.");
	k->serve.states = k->states;
	atomic_store(&k->states[3].flags, SERVE_ZONE_EXPIRED);
	assert_true(addr_parse("198.51.100.1", 0, &other.addr));
	other.signer = ACL_NOKEY;
	k->conf[2].allow_query = (struct acl_list){ &other, 1 };
	expect(k, "www.closed.", "REFUSED edns\nede 18\n");
	expect(k, "www.expired.", "SERVFAIL edns\n"
	    "ede 24 Zone has expired\n");
	expect(k, "www.empty.", "SERVFAIL edns\nede 14\n");
	expect(k, "a.open.", "NOERROR aa edns\n"
	    "AN a.open. 9 CNAME www.closed.\n");
	expect(k, "b.open.", "NOERROR aa edns\n"
	    "AN b.open. 9 CNAME www.expired.\n");
	expect(k, "c.open.", "NOERROR aa edns\n"
	    "AN c.open. 9 CNAME www.empty.\n");
	kit_destroy(&k);
}

/* RFC 5155 7.2.8: a wildcard matches where only an NSEC3 record stands, and
 * below it. */
static void
owners_of_nsec3_hide_nothing(void **state)
{
	struct kit *k = kit_create();
	char qname[80], expected[400];
	(void)state;
	kit_add(k, 1, "w.", "w. 9 IN SOA a. b. 1 2 3 4 5\n"
	    "w. 9 IN NS a.\n*.w. 9 IN TXT \"any\"\n", KIT_NSEC3);
	k->serve.minimal_responses = true;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(qname, sizeof(qname), "%s%s.w.", i == 0 ? "" : "x.",
		    k->known.at[0].text);
		char *got = kit_ask(k, qname, "TXT", 0);
		snprintf(expected, sizeof(expected),
		    "NOERROR aa\nAN %s 9 TXT \"any\"\n",
		    i == 0 ? "H(w.)" : qname);
		assert_string_equal(got, expected);
		free(got);
	}
	kit_destroy(&k);
}

/* RFC 5155 appendix A. */
static void
hashes_are_those_of_the_rfc(void **state)
{
	static const uint8_t salt[] = { 0xaa, 0xbb, 0xcc, 0xdd };
	static const struct {
		const char *name, *hash;
	} known[] = {
		{ "example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
		{ "a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl" },
		{ "ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi" },
		{ "NS1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr" },
		{ "*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
		{ "x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s" },
	};
	struct nsec3_params p = { .algorithm = 1, .iterations = 12,
		.salt_len = 4, .salt = salt };
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint8_t hash[NSEC3_HASH_OCTETS];
		char text[33];
		struct name n = kit_name(known[i].name);
		nsec3_hash(&p, n.octets, hash);
		kit_base32(hash, text);
		assert_string_equal(text, known[i].hash);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_rfc),
		cmocka_unit_test(answers_are_as_written),
		cmocka_unit_test(zones_that_may_not_be_shown_are_not),
		cmocka_unit_test(owners_of_nsec3_hide_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

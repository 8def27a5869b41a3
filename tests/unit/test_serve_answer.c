/* test_serve_answer.c - which records an answer carries: one row per query,
 * the whole answer written out. */
#include "serve_kit.h"
#include "serve_zones.h"

struct row {
	enum kit_sign sign;
	const char *qname, *qtype;
	unsigned flags;
	const char *answer;
};

static const struct row rows[] = {
#include "serve_answers.h"
};

static struct kit *
world(enum kit_sign sign)
{
	static struct acl blocked;
	struct kit *k = kit_create();
	kit_add(k, 1, "example.", zone_example, sign);
	kit_add(k, 2, "second.", zone_second, KIT_UNSIGNED);
	kit_add(k, 3, "small.example.", zone_small, sign);
	kit_add_empty(k, 4, "empty.");
	kit_add(k, 5, "expired.", "expired. 300 IN SOA a. b. 1 2 3 4 5\n",
	    KIT_UNSIGNED);
	atomic_store(&k->states[5].flags, SERVE_ZONE_EXPIRED);
	kit_add(k, 6, "closed.", "closed. 300 IN SOA a. b. 1 2 3 4 5\n"
	    "www.closed. 300 IN A 192.0.2.77\n", KIT_UNSIGNED);
	assert_true(addr_parse("198.51.100.1", 0, &blocked.addr));
	blocked.signer = ACL_NOKEY;
	k->conf[6].allow_query = (struct acl_list){ &blocked, 1 };
	return k;
}

/* HASH(name) stands for the owner of that name's NSEC3. */
static const char *
real_qname(const struct kit *k, const char *qname, char text[64])
{
	struct name plain;
	char inner[64];
	if (sscanf(qname, "HASH(%60[^)])", inner) != 1)
		return qname;
	plain = kit_name(inner);
	for (unsigned i = 0; i < k->known.count; i++)
		if (name_equal(k->known.at[i].name.octets, plain.octets)) {
			snprintf(text, 64, "%s.example.", k->known.at[i].text);
			return text;
		}
	fail_msg("no such hash: %s", qname);
	return NULL;
}

static void
answers_are_as_written(void **state)
{
	struct kit *worlds[4];
	unsigned wrong = 0;
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		worlds[i] = world((enum kit_sign)i);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		char text[64];
		char *got = kit_ask(worlds[r->sign], real_qname(
		    worlds[r->sign], r->qname, text), r->qtype, r->flags);
		if (strcmp(got, r->answer) != 0) {
			wrong++;
			print_error("row %zu: %s %s\n--- expected\n%s"
			    "--- got\n%s", i, r->qname, r->qtype, r->answer,
			    got);
		}
		free(got);
	}
	for (unsigned i = 0; i < 4; i++)
		kit_destroy(&worlds[i]);
	assert_int_equal(wrong, 0);
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
		cmocka_unit_test(owners_of_nsec3_hide_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_serve_additional.c - what goes with an answer because its records lead
 * there. What other servers add is compared in tests/system. */
#include "serve_kit.h"

static const char zone[] =
    "example. 300 IN SOA ns.example. host.example. 5 3600 600 86400 100\n"
    "example. 300 IN HTTPS 1 . alpn=h2\n"
    "example. 300 IN A 192.0.2.1\n"
    "svc.example. 300 IN HTTPS 1 t1.example. alpn=h2\n"
    "svc.example. 300 IN HTTPS 2 t2.example. alpn=h3\n"
    "alias.example. 300 IN HTTPS 0 svc.example.\n"
    "alias2.example. 300 IN HTTPS 0 alias.example.\n"
    "none.example. 300 IN HTTPS 0 .\n"
    "none.example. 300 IN A 192.0.2.9\n"
    "other.example. 300 IN SVCB 0 svc.example.\n"
    "loop.example. 300 IN SVCB 0 loop2.example.\n"
    "loop2.example. 300 IN SVCB 0 loop.example.\n"
    "loop2.example. 300 IN A 192.0.2.8\n"
    "*.wild.example. 300 IN HTTPS 1 . alpn=h2\n"
    "*.wild.example. 300 IN A 192.0.2.7\n"
    "t1.example. 300 IN A 192.0.2.2\n"
    "t1.example. 300 IN AAAA 2001:db8::2\n"
    "t2.example. 300 IN A 192.0.2.3\n"
    "s.example. 300 IN NAPTR 1 1 \"s\" \"x\" \"\" _sip._udp.example.\n"
    "a.example. 300 IN NAPTR 1 1 \"A\" \"\" \"\" t1.example.\n"
    "u.example. 300 IN NAPTR 1 1 \"u\" \"x\" \"!a!b!\" t1.example.\n"
    "e.example. 300 IN NAPTR 1 1 \"\" \"\" \"\" a.example.\n"
    "both.example. 300 IN NAPTR 1 1 \"sa\" \"\" \"\" t1.example.\n"
    "_sip._udp.example. 300 IN SRV 0 0 1 t2.example.\n"
    "rt.example. 300 IN RT 1 t1.example.\n"
    "t1.example. 300 IN X25 \"123\"\n"
    "lp.example. 300 IN LP 1 l.example.\n"
    "l.example. 300 IN L32 1 10.0.0.1\n"
    "l.example. 300 IN L64 1 2001:db8:0:1\n"
    "cut.example. 300 IN NS ns.cut.example.\n"
    "ns.cut.example. 300 IN A 192.0.2.66\n"
    "below.example. 300 IN HTTPS 1 ns.cut.example. alpn=h2\n"
    "out.example. 300 IN HTTPS 1 www.elsewhere. alpn=h2\n";

#define T1 "AD t1.example. 300 A 192.0.2.2\n"                                  \
    "AD t1.example. 300 AAAA 2001:db8::2\n"
#define T2 "AD t2.example. 300 A 192.0.2.3\n"
#define SVC "AD svc.example. 300 HTTPS 1 t1.example. alpn=h2\n"                \
    "AD svc.example. 300 HTTPS 2 t2.example. alpn=h3\n"

static void
records_lead_to_what_is_asked_next(void **state)
{
	static const struct {
		const char *name, *type, *added;
	} rows[] = {
		{ "example.", "HTTPS", "AD example. 300 A 192.0.2.1\n" },
		{ "svc.example.", "HTTPS", T1 T2 },
		{ "alias.example.", "HTTPS", SVC T1 T2 },
		{ "alias2.example.", "HTTPS",
		    "AD alias.example. 300 HTTPS 0 svc.example.\n" SVC T1 T2 },
		{ "none.example.", "HTTPS", "" },
		/* Its own type, of which there is none. */
		{ "other.example.", "SVCB", "" },
		{ "loop.example.", "SVCB", "AD loop2.example. 300 A "
		    "192.0.2.8\nAD loop2.example. 300 SVCB 0 loop.example.\n" },
		{ "x.wild.example.", "HTTPS", "" },
		{ "s.example.", "NAPTR", "AD _sip._udp.example. 300 SRV 0 0 1 "
		    "t2.example.\n" T2 },
		{ "a.example.", "NAPTR", T1 },
		{ "u.example.", "NAPTR", "" },
		{ "e.example.", "NAPTR", "" },
		{ "both.example.", "NAPTR", "" },
		{ "rt.example.", "RT", T1 "AD t1.example. 300 X25 \"123\"\n" },
		{ "lp.example.", "LP", "AD l.example. 300 L32 1 10.0.0.1\n"
		    "AD l.example. 300 L64 1 2001:0db8:0000:0001\n" },
		{ "below.example.", "HTTPS", "" },
		{ "out.example.", "HTTPS", "" },
	};
	struct kit *k = kit_create();
	(void)state;
	kit_add(k, 1, "example.", zone, KIT_UNSIGNED);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = kit_ask(k, rows[i].name, rows[i].type, 0);
		const char *added = strstr(text, "AD ");
		assert_memory_equal(text, "NOERROR aa\n", 11);
		if (strcmp(added != NULL ? added : "", rows[i].added) != 0)
			fail_msg("%s %s:\n%s", rows[i].name, rows[i].type,
			    text);
		free(text);
		k->serve.minimal_responses = true;
		text = kit_ask(k, rows[i].name, rows[i].type, 0);
		assert_null(strstr(text, "AD "));
		free(text);
		k->serve.minimal_responses = false;
	}
	kit_destroy(&k);
}

/* Signatures go with them, and what does not fit is left out whole. */
static void
what_is_added_is_signed_and_never_truncates(void **state)
{
	struct kit *k = kit_create();
	char lines[8192] = "";
	(void)state;
	kit_add(k, 1, "example.", zone, KIT_NSEC);
	char *text = kit_ask(k, "s.example.", "NAPTR", KIT_DO);
	assert_non_null(strstr(text, "AD _sip._udp.example. 300 RRSIG SRV"));
	assert_non_null(strstr(text, "AD t2.example. 300 RRSIG A"));
	free(text);
	strcat(lines, "many. 300 IN SOA a. b. 1 2 3 4 5\n");
	for (unsigned i = 0; i < 45; i++)
		snprintf(lines + strlen(lines), 120,
		    "h%02u.many. 300 IN A 192.0.2.%u\n"
		    "many. 300 IN MX %u h%02u.many.\n", i, i, i, i);
	kit_add(k, 2, "many.", lines, KIT_UNSIGNED);
	text = kit_ask(k, "many.", "MX", KIT_EDNS | KIT_WANT_NSID);
	assert_memory_equal(text, "NOERROR aa edns\n", 16);
	assert_non_null(strstr(text, "AD h00.many. 300 A"));
	assert_null(strstr(text, "AD h44.many. 300 A"));
	assert_non_null(strstr(text, "option 3 nsid"));
	assert_true(k->query.answer_len <= 1232);
	free(text);
	kit_destroy(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_lead_to_what_is_asked_next),
		cmocka_unit_test(what_is_added_is_signed_and_never_truncates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

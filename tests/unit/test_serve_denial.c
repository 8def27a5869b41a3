/* test_serve_denial.c - proofs below empty non-terminals that opt-out left out
 * of the chain (RFC 5155 7.2.1), deeper than anybody would hash. */
#include "serve_kit.h"

#define DEEP "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r"

static const char zone[] =
	"example. 300 IN SOA ns.example. host.example. 1 3600 600 86400 100\n"
	"example. 300 IN NS ns.example.\n"
	"ns.example. 300 IN A 192.0.2.1\n"
	"held.ent.example. 300 IN TXT \"x\"\n"
	"cut." DEEP ".ent.example. 300 IN NS ns.example.\n"
	"cut.bare.example. 300 IN NS ns.example.\n";

/* The first NSEC3 of an answer stands at the closest encloser that can be
 * proven; what follows covers. */
static void
check(const char *qname, const char *qtype, const char *encloser)
{
	struct kit *k = kit_create();
	kit_add(k, 1, "example.", zone, KIT_OPT_OUT);
	char *got = kit_ask(k, qname, qtype, KIT_DO);
	char match[300];
	snprintf(match, sizeof(match), "AU H(%s) 100 NSEC3\n", encloser);
	const char *first = strstr(got, "AU H(");
	if (first == NULL || strncmp(first, match, strlen(match)) != 0)
		fail_msg("%s: not first %s in\n%s", qname, match, got);
	if (strstr(first + 1, "AU H(") == NULL)
		fail_msg("%s: nothing covers in\n%s", qname, got);
	free(got);
	kit_destroy(&k);
}

static void
names_that_do_not_exist(void **state)
{
	(void)state;
	check("no." DEEP ".ent.example.", "A", "ent.example.");
	check("no.bare.example.", "A", "example.");
	check("x.y.bare.example.", "A", "example.");
	check("no.ent.example.", "A", "ent.example.");
}

static void
empty_non_terminals(void **state)
{
	(void)state;
	check(DEEP ".ent.example.", "A", "ent.example.");
	check("r.ent.example.", "A", "ent.example.");
	check("bare.example.", "A", "example.");
}

static void
insecure_delegations(void **state)
{
	(void)state;
	check("cut." DEEP ".ent.example.", "DS", "ent.example.");
	check("x.cut." DEEP ".ent.example.", "A", "ent.example.");
	check("cut.bare.example.", "DS", "example.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_do_not_exist),
		cmocka_unit_test(empty_non_terminals),
		cmocka_unit_test(insecure_delegations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What one query adds to the counters: of the worker, and of the zone that it
 * found if that has zonestats. */
#include "serve_kit.h"
#include "serve_zones.h"

struct world {
	struct kit *kit;
	uint64_t rows[4 * SERVE_COUNTERS];
};

/* Zone 1 has zonestats, zone 2 has not. */
static struct world *
world_create(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->kit = kit_create();
	kit_add(w->kit, 1, "example.", zone_example, KIT_UNSIGNED);
	kit_add(w->kit, 2, "second.", zone_second, KIT_UNSIGNED);
	w->kit->conf[1].zonestats_group = "group";
	w->kit->serve.zone_counters = w->rows;
	return w;
}

static void
world_destroy(struct world *w)
{
	kit_destroy(&w->kit);
	free(w);
}

static uint64_t
of_zone(const struct world *w, unsigned id, unsigned counter)
{
	return w->rows[id * SERVE_COUNTERS + counter];
}

static void
a_zone_counts_its_queries(void **state)
{
	struct world *w = world_create();
	uint64_t *all = w->kit->counters;
	(void)state;
	free(kit_ask(w->kit, "web.example.", "A", KIT_EDNS));
	free(kit_ask(w->kit, "no.example.", "A", KIT_TCP));
	free(kit_ask(w->kit, "second.", "SOA", 0));
	free(kit_ask(w->kit, "elsewhere.", "A", 0));
	assert_int_equal(of_zone(w, 1, COUNT_QUERIES), 2);
	assert_int_equal(of_zone(w, 1, COUNT_TYPE + TYPE_A), 2);
	assert_int_equal(of_zone(w, 1, COUNT_UDP), 1);
	assert_int_equal(of_zone(w, 1, COUNT_TCP), 1);
	assert_int_equal(of_zone(w, 1, COUNT_EDNS), 1);
	assert_int_equal(of_zone(w, 1, COUNT_RCODE + RCODE_NXDOMAIN), 1);
	for (unsigned i = 0; i < SERVE_COUNTERS; i++)
		assert_int_equal(of_zone(w, 0, i) + of_zone(w, 2, i), 0);
	assert_int_equal(all[COUNT_QUERIES], 4);
	assert_int_equal(all[COUNT_RCODE + RCODE_REFUSED], 1);
	world_destroy(w);
}

static void
a_transfer_is_no_query_of_its_zone(void **state)
{
	struct world *w = world_create();
	struct kit *k = w->kit;
	(void)state;
	k->conf[1].provide_xfr = kit_acl(k, 1, "192.0.2.99", ACL_NOKEY);
	size_t len = kit_question(k->question, "example.", TYPE_AXFR, 0, 1);
	assert_int_equal(kit_run(k, len, KIT_TCP), QUERY_TRANSFER);
	assert_int_equal(of_zone(w, 1, COUNT_AXFR), 1);
	assert_int_equal(of_zone(w, 1, COUNT_QUERIES), 0);
	assert_int_equal(k->counters[COUNT_AXFR], 1);
	assert_int_equal(k->counters[COUNT_TCP], 1);
	assert_int_equal(k->counters[COUNT_RCODE + RCODE_NOERROR], 1);
	assert_int_equal(k->counters[COUNT_ANSWER_WITHOUT_AA], 0);
	k->conf[1].provide_xfr = (struct acl_list){ 0 };
	len = kit_question(k->question, "example.", TYPE_AXFR, 0, 1);
	assert_int_equal(kit_run(k, len, KIT_TCP), QUERY_ANSWER);
	assert_int_equal(k->counters[COUNT_AXFR], 1);
	assert_int_equal(k->counters[COUNT_RCODE + RCODE_REFUSED], 1);
	world_destroy(w);
}

static void
what_has_no_counter_goes_to_the_last(void **state)
{
	struct world *w = world_create();
	struct kit *k = w->kit;
	(void)state;
	free(kit_ask(k, "web.example.", "TYPE65280", 0));
	size_t len = kit_question(k->question, "web.example.", TYPE_A, 0, 1);
	octets_set_u16(k->question + len - 2, CLASS_ANY);
	assert_int_equal(kit_run(k, len, 0), QUERY_ANSWER);
	assert_int_equal(k->counters[COUNT_TYPE_OTHER], 1);
	assert_int_equal(k->counters[COUNT_CLASS + CLASS_CH], 1);
	assert_int_equal(k->counters[COUNT_CLASS + CLASS_IN], 1);
	/* An opcode that is not answered is no opcode that is counted. */
	len = kit_question(k->question, "web.example.", TYPE_A, 0, 1);
	k->question[2] = 9 << 3;
	assert_int_equal(kit_run(k, len, 0), QUERY_ANSWER);
	assert_int_equal(k->counters[COUNT_RCODE + RCODE_NOTIMP], 1);
	assert_int_equal(k->counters[COUNT_UDP], 3);
	for (unsigned i = 1; i < 6; i++)
		assert_int_equal(k->counters[COUNT_OPCODE + i], 0);
	world_destroy(w);
}

static void
a_higher_version_of_edns_is_an_error(void **state)
{
	struct world *w = world_create();
	struct kit *k = w->kit;
	(void)state;
	size_t len = kit_question(k->question, "web.example.", TYPE_A,
	    KIT_EDNS, 1);
	k->question[len - 5] = 1;	/* VERSION */
	assert_int_equal(kit_run(k, len, 0), QUERY_ANSWER);
	assert_int_equal(k->counters[COUNT_EDNS_ERROR], 1);
	assert_int_equal(k->counters[COUNT_EDNS], 0);
	world_destroy(w);
}

static void
names_are_those_of_nsd(void **state)
{
	static const struct {
		unsigned counter;
		const char *name;
		bool is_shown;	/* at 0 too */
	} rows[] = {
		{ COUNT_TYPE + TYPE_A, "num.type.A", true },
		{ COUNT_TYPE + TYPE_SRV, "num.type.SRV", true },
		{ COUNT_TYPE + 0, "num.type.TYPE0", false },
		{ COUNT_TYPE + 54, "num.type.TYPE54", false },
		{ COUNT_TYPE + TYPE_AXFR, "num.type.TYPE252", false },
		{ COUNT_OPCODE + OPCODE_QUERY, "num.opcode.QUERY", true },
		{ COUNT_OPCODE + OPCODE_NOTIFY, "num.opcode.NOTIFY", false },
		{ COUNT_CLASS + CLASS_IN, "num.class.IN", true },
		{ COUNT_CLASS + 0, "num.class.CLASS0", false },
		{ COUNT_RCODE + RCODE_YXDOMAIN, "num.rcode.YXDOMAIN", true },
		{ COUNT_RCODE + RCODE_NOTAUTH, "num.rcode.NOTAUTH", false },
		{ COUNT_UDP6, "num.udp6", true },
		{ COUNT_DROPPED, "num.dropped", true },
	};
	char text[SERVE_COUNTER_NAME_MAX];
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(serve_counter_name(rows[i].counter, text),
		    rows[i].name);
		assert_int_equal(serve_counter_is_shown(rows[i].counter, 0),
		    rows[i].is_shown);
		assert_true(serve_counter_is_shown(rows[i].counter, 1));
	}
	assert_false(serve_counter_is_shown(COUNT_TYPE_OTHER, 1));
}

static void
lines_of_the_log(void **state)
{
	uint64_t c[SERVE_COUNTERS] = { 0 };
	char text[SERVE_NSTATS_MAX], xstats[SERVE_XSTATS_MAX];
	(void)state;
	serve_counter_nstats(c, text);
	serve_counter_xstats(c, xstats);
	assert_string_equal(text, "");
	assert_string_equal(xstats, "");
	c[COUNT_TYPE + TYPE_NS] = 7;
	c[COUNT_TYPE + TYPE_AXFR] = 1;
	c[COUNT_QUERIES] = 9;
	c[COUNT_UDP] = 5;
	c[COUNT_UDP6] = 2;
	c[COUNT_TCP6] = 2;
	c[COUNT_DROPPED] = 3;
	c[COUNT_IXFR] = 4;
	serve_counter_nstats(c, text);
	serve_counter_xstats(c, xstats);
	assert_string_equal(text, " NS=7 TYPE252=1");
	assert_string_equal(xstats, " RR=3 RNXD=0 RFwdR=0 RDupR=0 RFail=0 "
	    "RFErr=0 RErr=0 RAXFR=0 RIXFR=4 RLame=0 ROpts=0 SSysQ=0 SAns=4 "
	    "SFwdQ=0 SDupQ=0 SErr=0 RQ=0 RIQ=0 RFwdQ=0 RDupQ=0 RTCP=2 "
	    "SFwdR=0 SFail=0 SFErr=0 SNaAns=0 SNXD=0 RUQ=0 RURQ=0 RUXFR=0 "
	    "RUUpd=0");
	/* All of them, each as large as it gets. */
	for (unsigned i = 0; i < SERVE_COUNTERS; i++)
		c[i] = UINT64_MAX / 4;
	serve_counter_nstats(c, text);
	assert_true(strlen(text) > SERVE_NSTATS_MAX - 40);
	assert_non_null(strstr(text, " A=4611686018427387903 "));
	serve_counter_xstats(c, xstats);
	assert_non_null(strstr(xstats, " RUUpd=4611686018427387903"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_counts_its_queries),
		cmocka_unit_test(a_transfer_is_no_query_of_its_zone),
		cmocka_unit_test(what_has_no_counter_goes_to_the_last),
		cmocka_unit_test(a_higher_version_of_edns_is_an_error),
		cmocka_unit_test(names_are_those_of_nsd),
		cmocka_unit_test(lines_of_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

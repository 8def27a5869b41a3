/* test_conf_pattern.c - what holds for a zone after patterns and verify:. */
#include "conf_test.h"

static void
order_decides(void **state)
{
	(void)state;
	struct conf *c = must_load(
	    "pattern: name: p zonefile: p notify-retry: 7 notify: ::2 NOKEY\n"
	    "pattern: name: q include-pattern: p notify: ::3 NOKEY\n"
	    "zone: name: a zonefile: own notify: ::1 NOKEY include-pattern: q\n"
	    "zone: name: b include-pattern: q zonefile: own notify: ::1 NOKEY\n"
	    "zone: name: c include-pattern: q notify: ::9 NOKEY\n"
	    "zone: name: d include-pattern: q\n");
	const struct conf_zone *a = zone_of(c, "a"), *b = zone_of(c, "b");
	assert_string_equal(a->zonefile, "p");
	assert_string_equal(b->zonefile, "own");
	assert_int_equal(a->notify_retry, 7);
	assert_string_equal(a->pattern, "q");
	assert_int_equal(a->notify.n, 3);
	assert_string_equal(a->notify.at[0].text, "::1");
	assert_string_equal(a->notify.at[2].text, "::3");
	assert_int_equal(b->notify.n, 3);
	assert_string_equal(b->notify.at[2].text, "::1");
	/* Zones that share a list do not change each other's. */
	assert_string_equal(zone_of(c, "c")->notify.at[2].text, "::9");
	assert_int_equal(zone_of(c, "d")->notify.n, 2);
	assert_int_equal(conf_pattern_by_name(c, "p")->notify.n, 1);
	conf_destroy(&c);
}

static void
pattern_must_stand_before(void **state)
{
	(void)state;
	must_refuse("zone: name: a include-pattern: p\npattern: name: p",
	    "is not defined before");
	must_refuse("pattern: name: p include-pattern: p",
	    "is not defined before");
}

/* NSD ignores these three in an included pattern. */
static void
verify_options_come_from_patterns(void **state)
{
	(void)state;
	struct conf *c = must_load("verify: enable: yes verifier: v\n"
	    "pattern: name: p verify-zone: no verifier-timeout: 5 "
	    "verifier-feed-zone: no\n"
	    "zone: name: a include-pattern: p\n"
	    "zone: name: b include-pattern: p verify-zone: yes\n"
	    "zone: name: c\n");
	const struct conf_zone *a = zone_of(c, "a");
	assert_false(a->verify_zone);
	assert_false(a->is_verified);
	assert_int_equal(a->verifier_timeout, 5);
	assert_false(a->verifier_feed_zone);
	assert_int_equal(a->verifier_feed, FEED_NONE);
	assert_true(zone_of(c, "b")->is_verified);
	assert_true(zone_of(c, "c")->verifier_feed_zone);
	conf_destroy(&c);
}

static void
inner_overrides_outer(void **state)
{
	(void)state;
	struct conf *c = must_load("verify: enable: yes verifier: v "
	    "verify-mode: hold verifier-feed: delta verifier-retries: 9\n"
	    "zone: name: a\n"
	    "zone: name: b verify-mode: report verifier-feed-zone: yes\n"
	    "zone: name: c verifier-feed: none verifier-retries: 0\n"
	    "verify: verify-zones: no on-reject: /x a");
	const struct conf_zone *a = zone_of(c, "a"), *b = zone_of(c, "b");
	assert_int_equal(a->verify_mode, MODE_HOLD);
	assert_int_equal(a->verifier_feed, FEED_DELTA);
	assert_false(a->verifier_feed_zone);
	assert_int_equal(a->verifier_retries, 9);
	assert_int_equal(b->verify_mode, MODE_REPORT);
	assert_int_equal(b->verifier_feed, FEED_ZONE);
	assert_int_equal(zone_of(c, "c")->verifier_retries, 0);
	assert_false(a->is_verified);
	assert_int_equal(a->on_reject.argc, 2);
	conf_destroy(&c);
}

static void
verifier_lists(void **state)
{
	(void)state;
	struct conf *c = must_load(
	    "verify: verifier: /bin/a verifier: /usr/bin/a\n"
	    "pattern: name: p verifier: b verifier: builtin:dnssec --x\n"
	    "zone: name: one\n"
	    "zone: name: two include-pattern: p\n"
	    "zone: name: three verifier: c verifier: d\n"
	    "zone: name: four verifier: c include-pattern: p\n"
	    "zone: name: five include-pattern: p verifier: c\n"
	    "zone: name: six include-pattern: p verifier: \"\"\n");
	const struct conf_zone *z = zone_of(c, "one");
	assert_int_equal(z->verifier.n, 2);
	assert_string_equal(z->verifier.at[0].name, "a");
	assert_string_equal(z->verifier.at[1].name, "a#2");
	z = zone_of(c, "two");
	assert_int_equal(z->verifier.n, 2);
	assert_true(z->verifier.at[1].is_builtin);
	assert_string_equal(z->verifier.at[1].name, "dnssec");
	assert_string_equal(z->verifier.at[1].argv[0], "dnssec");
	assert_string_equal(z->verifier.at[1].argv[1], "--x");
	assert_int_equal(zone_of(c, "three")->verifier.n, 2);
	assert_string_equal(zone_of(c, "four")->verifier.at[0].name, "b");
	z = zone_of(c, "five");
	assert_int_equal(z->verifier.n, 1);
	assert_string_equal(z->verifier.at[0].name, "c");
	assert_int_equal(zone_of(c, "six")->verifier.n, 0);
	conf_destroy(&c);
	/* A later clause replaces the list of an earlier one. */
	c = must_load("verify: verifier: a\nserver: port: 1\n"
	    "verify: verifier: b verifier: c");
	assert_int_equal(c->verify.verifier.n, 2);
	assert_string_equal(c->verify.verifier.at[0].name, "b");
	conf_destroy(&c);
}

static void
file_names(void **state)
{
	(void)state;
	struct conf *c = must_load("server: zonesdir: /z\n"
	    "pattern: name: p zonefile: %1/%2/%3/%z/%y/%x/%s.zone\n"
	    "zone: name: Foo.example.com. include-pattern: p\n"
	    "zone: name: \"a/b\" include-pattern: p\n"
	    "zone: name: abs zonefile: /abs/%s/%q\n"
	    "zone: name: none zonefile: \"\"\n"
	    "zone: name: . zonefile: %s%1%2%z\n");
	assert_string_equal(zone_of(c, "foo.example.com")->file_path,
	    "/z/F/o/o/com/example/Foo/Foo.example.com..zone");
	assert_string_equal(zone_of(c, "a/b")->file_path,
	    "/z/a/\\047/b/a\\047b/././a\\047b.zone");
	assert_string_equal(zone_of(c, "abs")->file_path, "/abs/abs/%q");
	assert_null(zone_of(c, "none")->file_path);
	assert_string_equal(zone_of(c, ".")->file_path, "/z/....");
	conf_destroy(&c);
}

static void
zones_are_found_by_name(void **state)
{
	(void)state;
	struct octets text = { 0 };
	char line[80];
	for (int i = 0; i < 3000; i++) {
		int n = snprintf(line, sizeof(line),
		    "zone: name: z%d.example zonefile: a\n", i);
		assert_true(octets_add(&text, line, (size_t)n));
	}
	assert_true(octets_add(&text, "", 1));
	struct conf *c = must_load((const char *)text.at);
	octets_free(&text);
	assert_int_equal(c->zone_count, 3000);
	for (int i = 0; i < 3000; i++) {
		snprintf(line, sizeof(line), "Z%d.EXAMPLE", i);
		assert_int_equal(zone_of(c, line)->index, i);
	}
	assert_null(conf_zone_by_name(c, "z3000.example"));
	conf_destroy(&c);
}

struct seen {
	unsigned added, removed, changed;
};

static void
note(void *arg, enum conf_change change, const struct conf_zone *from,
    const struct conf_zone *to)
{
	struct seen *s = arg;
	if (change == CONF_ADDED && from == NULL && to != NULL)
		s->added++;
	if (change == CONF_REMOVED && from != NULL && to == NULL)
		s->removed++;
	if (change == CONF_CHANGED && from != NULL && to != NULL)
		s->changed++;
}

static void
reconfig_sees_changes(void **state)
{
	(void)state;
	const char *key = "key: name: k secret: ";
	char one[400], two[400];
	snprintf(one, sizeof(one), "%sAAAA zone: name: a zonefile: x "
	    "zone: name: b notify: ::1 k zone: name: c zone: name: d", key);
	snprintf(two, sizeof(two), "%sAAAB zone: name: d zone: name: e "
	    "zone: name: a zonefile: x verifier: v zone: name: b "
	    "notify: ::1 k", key);
	struct conf *a = must_load(one), *b = must_load(two);
	struct seen s = { 0 };
	conf_compare_zones(a, b, note, &s);
	assert_int_equal(s.added, 1);
	assert_int_equal(s.removed, 1);
	assert_int_equal(s.changed, 2);	/* the secret of b's key, a */
	assert_true(conf_server_equal(&a->server, &b->server));
	conf_destroy(&a);
	conf_destroy(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_decides),
		cmocka_unit_test(pattern_must_stand_before),
		cmocka_unit_test(verify_options_come_from_patterns),
		cmocka_unit_test(inner_overrides_outer),
		cmocka_unit_test(verifier_lists),
		cmocka_unit_test(file_names),
		cmocka_unit_test(zones_are_found_by_name),
		cmocka_unit_test(reconfig_sees_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

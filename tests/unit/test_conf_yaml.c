/* test_conf_yaml.c - the YAML front end. */
#include "conf_test.h"

static void
sections_and_options_repeat(void **state)
{
	(void)state;
	struct conf *c = must_load("# comment\n---\nserver:\n  port: 54\n"
	    "  ip-address: ::1\n  ip-address: 10.0.0.1@55\n"
	    "zone:\n  name: a\n  zonefile: \"%s.zone\"\n"
	    "zone:\n  name: b\n  notify:\n    - ::1 NOKEY\n    - ::2 NOKEY\n"
	    "server:\n  verbosity: 3\n");
	assert_int_equal(c->zone_count, 2);
	assert_int_equal(c->server.ip_address.n, 2);
	assert_int_equal(c->server.port, 54);
	assert_int_equal(c->server.verbosity, 3);
	assert_int_equal(zone_of(c, "b")->notify.n, 2);
	conf_destroy(&c);
}

static void
sections_as_lists(void **state)
{
	(void)state;
	struct conf *c = must_load("---\nzone:\n  - name: a\n    zonefile: x\n"
	    "  - name: b\n    notify: [10.0.0.1, NOKEY]\n"
	    "server:\n  ip-address: ['::1', 10.0.0.1]\n"
	    "pattern: {name: p, provide-xfr: [10.0.0.1 NOKEY, '::2 NOKEY']}\n");
	assert_int_equal(c->zone_count, 2);
	assert_int_equal(zone_of(c, "b")->notify.n, 1);
	assert_int_equal(c->server.ip_address.n, 2);
	assert_int_equal(conf_pattern_by_name(c, "p")->provide_xfr.n, 2);
	conf_destroy(&c);
}

static void
commands(void **state)
{
	(void)state;
	struct conf *c = must_load("---\nzone:\n"
	    " - name: flow\n   verifier: [a, -x, b c, \"\"]\n"
	    " - name: plain\n   verifier: a -x \"b c\"\n"
	    " - name: several\n   verifier:\n    - a -x\n    - [b, c d]\n"
	    "    - \"e f\"\n"
	    " - name: repeated\n   verifier: a\n   verifier: b\n"
	    " - name: block\n   verifier: >\n     a -x\n     \"b c\"\n"
	    " - name: long\n   verifier: a -x\n     \"b c\"\n");
	const struct conf_zone *z = zone_of(c, "flow");
	assert_int_equal(z->verifier.n, 1);
	assert_int_equal(z->verifier.at[0].argc, 4);
	assert_string_equal(z->verifier.at[0].argv[2], "b c");
	static const char *const same[] = { "plain", "block", "long" };
	for (int i = 0; i < 3; i++) {
		z = zone_of(c, same[i]);
		assert_int_equal(z->verifier.n, 1);
		assert_int_equal(z->verifier.at[0].argc, 3);
		assert_string_equal(z->verifier.at[0].argv[2], "b c");
	}
	z = zone_of(c, "several");
	assert_int_equal(z->verifier.n, 3);
	assert_int_equal(z->verifier.at[0].argc, 2);
	assert_string_equal(z->verifier.at[1].argv[1], "c d");
	assert_string_equal(z->verifier.at[2].argv[0], "e f");
	assert_int_equal(zone_of(c, "repeated")->verifier.n, 2);
	conf_destroy(&c);
}

static void
unindented_options(void **state)
{
	(void)state;
	struct conf *c = must_load("---\nserver:\nport: 54\nverify:\n"
	    "enable: yes\nport: 55\n");
	assert_int_equal(c->server.port, 54);
	assert_int_equal(c->verify.port, 55);
	conf_destroy(&c);
}

static void
same_as_nsd_syntax(void **state)
{
	(void)state;
	static const char text[] = "server:\n  port: 54\n  identity: \"a b\"\n"
	    "key:\n  name: k\n  secret: AAAA\n"
	    "pattern:\n  name: p\n  request-xfr: 10.0.0.1@5353 k\n"
	    "zone:\n  name: a\n  include-pattern: p\n"
	    "  verifier: /bin/x -a\n";
	char yaml[1000];
	snprintf(yaml, sizeof(yaml), "---\n%s", text);
	struct conf *a = must_load(text), *b = must_load(yaml);
	assert_true(conf_server_equal(&a->server, &b->server));
	assert_true(conf_zone_equal(&a->zones[0], &b->zones[0]));
	conf_destroy(&a);
	conf_destroy(&b);
}

static void
errors_name_the_place(void **state)
{
	(void)state;
	must_refuse("---\nserver:\n\tport: 53\n",
	    "t:3: error: this sign cannot stand here in YAML (a tab");
	must_refuse("---\nserver:\n  ip-address: [::1]\n",
	    "t:3: error: this cannot stand here in YAML without quotes");
	must_refuse("---\nserver:\n  prot: 53\n", "t:3: error: unknown option "
	    "'prot' in server:, nearest is port");
	must_refuse("---\nzone:\n  name: *.example\n",
	    "t:3: error: a word that begins with * or & needs quotes");
	must_refuse("---\nserver: 5\n", "t:2: error: section server");
	must_refuse("---\nserver:\n  port: {a: b}\n", "t:3: error: 'port' is");
	must_refuse("---\nserver:\n  port: [1, 2]\n", "unexpected '2'");
	must_refuse("---\nserver:\n  port: [[1]]\n", "between [ and ]");
	must_refuse("---\nserver:\n  port: &x 1\n  tcp-count: *x\n",
	    "t:4: error: an alias");
	must_refuse("---\nserver:\n  identity:\n", "needs a value");
	must_refuse("---\nserver:\n  identity: \"a\\0b\"\n", "zero octet");
	must_refuse("---\n- a\n", "sections must stand here");
	must_refuse("---\nzone: [a]\n", "must have options");
	must_refuse("---\nserver:\n  zone:\n    name: x\n", "in a section");
	must_refuse("---\nverify:\n  verifier: a \"b\n", "quote");
	must_refuse("---\n? [a]\n: b\n", "the name of an option");
}

static void
empty_is_good(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "---", "---\n", "# x\n---\n",
		"---\nserver:\n", "server:", "\xef\xbb\xbf---\nserver:\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct conf *c = must_load(texts[i]);
		assert_int_equal(c->zone_count, 0);
		conf_destroy(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_options_repeat),
		cmocka_unit_test(sections_as_lists),
		cmocka_unit_test(commands),
		cmocka_unit_test(unindented_options),
		cmocka_unit_test(same_as_nsd_syntax),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(empty_is_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_conf_dump.c - a dump is the configuration again.
 * Runs from the build directory: the example is found from this file. */
#include <stdlib.h>

#include "conf/option.h"
#include "conf_test.h"

static char *
dump_of(const struct conf *c)
{
	struct octets o = { 0 };
	assert_true(conf_dump(c, &o));
	assert_true(octets_add(&o, "", 1));
	return (char *)o.at;
}

static void
must_be_equal(const struct conf *a, const struct conf *b)
{
	assert_true(conf_server_equal(&a->server, &b->server));
	assert_true(conf_verify_equal(&a->verify, &b->verify));
	assert_true(conf_remote_equal(&a->remote, &b->remote));
	assert_int_equal(a->zone_count, b->zone_count);
	for (size_t i = 0; i < a->zone_count; i++)
		assert_true(conf_zone_equal(&a->zones[i], &b->zones[i]));
	assert_int_equal(a->pattern_count, b->pattern_count);
	assert_int_equal(a->key_count, b->key_count);
}

/* Takes and frees c. */
static void
must_come_back(struct conf *c)
{
	char *first = dump_of(c);
	struct conf *again = must_load(first);
	char *second = dump_of(again);
	assert_string_equal(first, second);
	must_be_equal(c, again);
	free(first);
	free(second);
	conf_destroy(&c);
	conf_destroy(&again);
}

static void
words_of_all_kinds(void **state)
{
	(void)state;
	must_come_back(must_load("verify: enable: yes "
	    "verifier: \"a b\" \"\\x\" \"quo\\\"te\" verifier: c\n"
	    "server: ip-address: eth0 servers=\"1 2\" setfib=2\n"
	    "identity: \"two\nlines\" ip4-only: yes\n"
	    "pattern: name: p verifier: \"\" notify: ::2 NOKEY\n"
	    "zone: name: a verifier: x verifier-feed: delta\n"
	    "zone: name: b notify: ::1 NOKEY include-pattern: p "
	    "notify: ::3 NOKEY verifier-feed-zone: no\n"
	    "request-xfr: AXFR ::1 NOKEY\n"
	    "verify: verifier: z verifier: y verifier-feed: delta"));
}

static void
words_that_only_yaml_can_say(void **state)
{
	(void)state;
	struct conf *c = must_load("---\nverify:\n  enable: yes\n"
	    "  verifier: ['AXFR', 'name:', '#x', 'a\"b', \"c\\\\\", '']\n"
	    "zone:\n  name: x\n  zonefile: 'q\"\\'\n");
	const struct conf_argv *v = &zone_of(c, "x")->verifier.at[0];
	assert_string_equal(v->argv[3], "a\"b");
	assert_string_equal(v->argv[4], "c\\");
	assert_string_equal(v->argv[5], "");
	must_come_back(c);
}

static const char *
sample(const struct conf_option *o)
{
	switch (o->kind) {
	case KIND_BOOL:
		return "yes";
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_NUMBERS:
		return "7";
	case KIND_SIZE:
		return "3k";
	case KIND_EXPIRE:
		return "refresh+retry+1";
	case KIND_STRING:
		return strstr(o->name, "cookie") ?
		    "00112233445566778899aabbccddeeff" :
		    strcmp(o->name, "secret") == 0 ? "AAAA" :
		    strcmp(o->name, "algorithm") == 0 ? "hmac-md5" : "ab";
	case KIND_PATH:
		return "\"/a b/c\"";
	case KIND_WORDS:
		return "1 2 3";
	case KIND_ENUM:
		return strrchr(o->values, ' ') + 1;
	case KIND_ARGV:
	case KIND_ARGVS:
		return "/x/y -a \"b c\"";
	case KIND_LISTEN:
		return "192.0.2.1@77";
	case KIND_ACL:
		return strcmp(o->values, "source") == 0 ? "192.0.2.1" :
		    "192.0.2.1 ab";
	case KIND_STRINGS:
		return "nxdomain";
	}
	return NULL;
}

/* Every row of options.def in every section. */
static void
every_option_comes_back(void **state)
{
	(void)state;
	static char text[65536];
	size_t len = 0;
	for (int id = 0; id < SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s:\n", s->keyword);
		if (id == SECTION_PATTERN || id == SECTION_ZONE)
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "name: ab\n");
		for (size_t i = 0; i < s->count; i++) {
			const struct conf_option *o = &s->options[i];
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "\t%s: %s\n",
			    strchr(o->name, 'N') ? "server-1-cpu-affinity" :
			    o->name, sample(o));
		}
	}
	assert_true(len < sizeof(text));
	struct conf *c = must_load(text);
	/* Every option was taken for given. */
	for (unsigned i = 0; i < CONF_SERVER_BITS; i++)
		if (!conf_is_set(&c->server.set, i))
			fail_msg("%s", conf_sections[0].options[i].name);
	for (unsigned i = 0; i < CONF_ZONE_BITS; i++)
		assert_true(conf_is_set(&c->zones[0].set, i));
	assert_int_equal(c->zones[0].ixfr_size, 3072);
	must_come_back(c);
}

static void
example_comes_back(void **state)
{
	(void)state;
	char path[1024];
	snprintf(path, sizeof(path), "%s", __FILE__);
	char *slash = strstr(path, "tests/unit/");
	assert_non_null(slash);
	strcpy(slash, "nsd-verify.conf.example");
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	assert_int_equal(conf_load_file(path, &r, &c), OK);
	assert_true(conf_check(c, &r));
	assert_true(c->zone_count >= 3);
	assert_true(c->zones[0].is_verified);
	conf_report_end(&r);
	must_come_back(c);
}

static void
public_dump_has_no_secret(void **state)
{
	(void)state;
	struct octets o = { 0 };
	struct conf *c = must_load("key: name: k secret: c2VjcmV0c2VjcmV0\n"
	    "server: cookie-secret: 00112233445566778899aabbccddeeff\n"
	    "tls-auth: name: t auth-domain-name: x client-key-pw: passw0rd\n"
	    "zone: name: a zonefile: z verifier: q");
	assert_true(conf_dump_public(c, &o));
	assert_true(octets_add(&o, "", 1));
	const char *text = (const char *)o.at;
	assert_null(strstr(text, "c2VjcmV0"));
	assert_null(strstr(text, "00112233"));
	assert_null(strstr(text, "passw0rd"));
	assert_non_null(strstr(text, "\tverifier: \"q\"\n"));
	assert_non_null(strstr(text, "\tverifier-timeout: 14400\n"));
	octets_free(&o);
	conf_destroy(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_all_kinds),
		cmocka_unit_test(words_that_only_yaml_can_say),
		cmocka_unit_test(every_option_comes_back),
		cmocka_unit_test(example_comes_back),
		cmocka_unit_test(public_dump_has_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

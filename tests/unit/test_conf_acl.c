/* test_conf_acl.c - who may do what. */
#include "conf_test.h"

static struct addr
address(const char *text, uint16_t port)
{
	struct addr a;
	assert_true(addr_parse(text, port, &a));
	return a;
}

static struct conf *
zone_with(const char *lines)
{
	char text[1000];
	snprintf(text, sizeof(text), "key: name: k secret: AAAA\n"
	    "key: name: l secret: AAAA zone: name: a %s", lines);
	return must_load(text);
}

static enum acl_verdict
ask(const struct conf *c, const char *from, uint16_t port,
    const struct tsig_key *key, size_t *which)
{
	const struct acl_list *l = &zone_of(c, "a")->provide_xfr;
	const struct addr peer = address(from, port);
	return acl_check(l->at, l->n, &peer, key, which);
}

static void
first_match_wins_but_blocked(void **state)
{
	(void)state;
	struct conf *c = zone_with("provide-xfr: 10.0.0.0/8 NOKEY "
	    "provide-xfr: 10.1.0.0/16 NOKEY provide-xfr: 10.1.1.1 BLOCKED");
	size_t which = 77;
	assert_int_equal(ask(c, "11.0.0.1", 1, NULL, &which), ACL_DENIED);
	assert_int_equal(which, 77);
	assert_int_equal(ask(c, "10.1.2.3", 1, NULL, &which), ACL_ALLOWED);
	assert_int_equal(which, 0);
	assert_int_equal(ask(c, "10.1.1.1", 1, NULL, &which), ACL_REFUSED);
	assert_int_equal(which, 2);
	assert_int_equal(ask(c, "::1", 1, NULL, NULL), ACL_DENIED);
	conf_destroy(&c);
}

static void
keys_and_nokey(void **state)
{
	(void)state;
	struct conf *c = zone_with("provide-xfr: ::1 k "
	    "provide-xfr: ::2 NOKEY provide-xfr: ::3 BLOCKED");
	const struct tsig_key *k = &conf_key_by_name(c, "k")->tsig;
	const struct tsig_key *l = &conf_key_by_name(c, "l")->tsig;
	struct tsig_key other = *k;
	other.alg = TSIG_HMAC_SHA1;
	assert_int_equal(ask(c, "::1", 1, k, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "::1", 1, l, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "::1", 1, &other, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "::1", 1, NULL, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "::2", 1, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "::2", 1, k, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "::3", 1, k, NULL), ACL_REFUSED);
	conf_destroy(&c);
}

static void
ranges(void **state)
{
	(void)state;
	struct conf *c = zone_with(
	    "provide-xfr: 127.0.0.250-127.0.1.5 NOKEY "
	    "provide-xfr: 10.0.3.0&255.0.255.0 NOKEY "
	    "provide-xfr: 2001:db8::/33 NOKEY "
	    "provide-xfr: 9.9.9.9@53 NOKEY "
	    "provide-xfr: 8.8.8.8@0 NOKEY "
	    "provide-xfr: fe80::-fe80::1:0 NOKEY");
	assert_int_equal(ask(c, "127.0.0.249", 1, NULL, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "127.0.0.250", 1, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "127.0.1.1", 1, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "127.0.1.5", 1, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "127.0.1.6", 1, NULL, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "10.77.3.9", 1, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "10.77.4.9", 1, NULL, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "2001:db8:7fff::", 1, NULL, NULL),
	    ACL_ALLOWED);
	assert_int_equal(ask(c, "2001:db8:8000::", 1, NULL, NULL),
	    ACL_DENIED);
	assert_int_equal(ask(c, "9.9.9.9", 53, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "9.9.9.9", 54, NULL, NULL), ACL_DENIED);
	assert_int_equal(ask(c, "8.8.8.8", 54, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "fe80::ffff", 1, NULL, NULL), ACL_ALLOWED);
	assert_int_equal(ask(c, "fe80::1:1", 1, NULL, NULL), ACL_DENIED);
	conf_destroy(&c);
}

static void
tls_needs_tls(void **state)
{
	(void)state;
	struct conf *c = must_load("tls-auth: name: t auth-domain-name: x.y\n"
	    "zone: name: a provide-xfr: ::1 NOKEY t "
	    "request-xfr: ::1 NOKEY t request-xfr: AXFR ::1@54 NOKEY t");
	const struct conf_zone *z = zone_of(c, "a");
	assert_int_equal(ask(c, "::1", 1, NULL, NULL), ACL_DENIED);
	assert_string_equal(z->provide_xfr.at[0].tls_auth->auth_domain_name,
	    "x.y");
	assert_int_equal(addr_port(&z->request_xfr.at[0].addr), 853);
	assert_int_equal(addr_port(&z->request_xfr.at[1].addr), 54);
	conf_destroy(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_wins_but_blocked),
		cmocka_unit_test(keys_and_nokey),
		cmocka_unit_test(ranges),
		cmocka_unit_test(tls_needs_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

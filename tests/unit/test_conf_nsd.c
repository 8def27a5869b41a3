/* test_conf_nsd.c - the nsd.conf syntax: words, quotes, errors. */
#include "conf_test.h"

static void
words_and_comments(void **state)
{
	(void)state;
	struct conf *c = must_load("server: port:\n\t5300 verbosity: 2\r"
	    "\tidentity: \"a\"zonesdir: \"\"#c\n\n"
	    "   nsid: ascii_a#b # version: \"no\"\n"
	    "\tversion: \"two\nlines \\\" \\x\"");
	assert_int_equal(c->server.port, 5300);
	assert_int_equal(c->server.verbosity, 2);
	assert_string_equal(c->server.identity, "a");
	assert_string_equal(c->server.zonesdir, "");
	assert_string_equal(c->server.nsid, "ascii_a#b");
	assert_string_equal(c->server.version, "two\nlines \\\" \\x");
	conf_destroy(&c);
	/* A comment goes to the line feed, over carriage returns. */
	c = must_load("server: # x\r port: 1\n port: 2 # y\r\nverbosity: 3");
	assert_int_equal(c->server.port, 2);
	assert_int_equal(c->server.verbosity, 3);
	conf_destroy(&c);
}

static void
second_name_holds(void **state)
{
	(void)state;
	struct conf *c = must_load("zone: name: a name: b zonefile: x");
	assert_int_equal(c->zone_count, 1);
	assert_non_null(zone_of(c, "b"));
	conf_destroy(&c);
}

static void
addresses_end_in_colons(void **state)
{
	(void)state;
	struct conf *c = must_load("server: ip-address: ::\n"
	    "ip-address: fe80::1%eth0\nip-address: eth0@99 servers=\"1 2-3\" "
	    "bindtodevice=yes setfib=4 interface: 10.0.0.1\nport: 54");
	const struct conf_listens *l = &c->server.ip_address;
	assert_int_equal(l->n, 4);
	assert_int_equal(l->at[0].addr.sa.sa_family, AF_INET6);
	assert_int_equal(addr_port(&l->at[0].addr), 54);
	assert_string_equal(l->at[2].interface, "eth0");
	assert_int_equal(l->at[2].port, 99);
	assert_string_equal(l->at[2].servers, "1 2-3");
	assert_true(l->at[2].bindtodevice);
	assert_int_equal(l->at[2].setfib, 4);
	assert_int_equal(l->at[3].port, 54);
	conf_destroy(&c);
}

static void
verifier_is_an_argument_vector(void **state)
{
	(void)state;
	struct conf *c = must_load("verify: enable: yes\n"
	    "verifier: \"/path with/x\" -a \"b c\" foo:\n"
	    "zone: name: \"a.\" zonefile: %s.zone\n");
	const struct conf_zone *z = zone_of(c, "A");
	assert_true(z->is_verified);
	assert_int_equal(z->verifier.n, 1);
	const struct conf_argv *v = &z->verifier.at[0];
	assert_int_equal(v->argc, 4);
	assert_string_equal(v->argv[0], "/path with/x");
	assert_string_equal(v->argv[2], "b c");
	assert_string_equal(v->argv[3], "foo:");
	assert_null(v->argv[4]);
	assert_string_equal(v->name, "x");
	conf_destroy(&c);
}

static void
unquoted_signs(void **state)
{
	(void)state;
	struct conf *c = must_load("zone: name: *.example zonefile: %s@`!&|\n"
	    "provide-xfr: 1.2.3.4&255.0.0.0 NOKEY\n"
	    "allow-notify: 1.2.3.4-1.2.3.9 BLOCKED\n"
	    "request-xfr: UDP 1.2.3.4@5353 NOKEY request-xfr: AXFR ::1 NOKEY");
	const struct conf_zone *z = zone_of(c, "*.example");
	assert_string_equal(z->file_path, "/etc/nsd-verify/*.example@`!&|");
	assert_int_equal(z->provide_xfr.at[0].range, ACL_MASK);
	assert_int_equal(z->allow_notify.at[0].range, ACL_MINMAX);
	assert_int_equal(z->allow_notify.at[0].signer, ACL_BLOCKED);
	assert_true(z->request_xfr.at[0].use_udp);
	assert_int_equal(addr_port(&z->request_xfr.at[0].addr), 5353);
	assert_true(z->request_xfr.at[1].use_axfr);
	assert_int_equal(addr_port(&z->request_xfr.at[1].addr), 53);
	conf_destroy(&c);
}

static void
errors_name_the_place(void **state)
{
	(void)state;
	must_refuse("server:\n  prot: 53\n",
	    "t:2: error: unknown option 'prot' in server:, nearest is port");
	must_refuse("server:\n  port: 53 54\n", "t:2: error: port: unexp");
	must_refuse("server:\n  port:\n", "t:2: error: port: needs a value");
	must_refuse("server:\n  port:53\n",
	    "t:2: error: 'port:53': a space is missing after the colon");
	must_refuse("server:\n  do-ip4: true\n", "'true' is not yes or no");
	must_refuse("server:\n port: 65536", "65536 is out of range");
	must_refuse("server:\n port: 0", "0 is out of range");
	must_refuse("server:\n port: 99999999999999999999", "not a number");
	must_refuse("server:\n port: 5x", "'5x' is not a number");
	must_refuse("server:\n  identity: \"no end\n\n", "t:2: error: a quote");
	must_refuse("port: 53", "stands before any section");
	must_refuse("server: zonefile: a", "unknown option 'zonefile' in");
	must_refuse("sever:\n port: 53", "nearest is server");
	must_refuse("zone: zonefile: a", "zone: has no name");
	must_refuse("zone: name: a..b zonefile: a", "not a domain name");
	must_refuse("zone: name: a\nzone: name: A.", "t:2: error: zone A.: "
	    "defined again, first at t:1");
	must_refuse("pattern: name: p pattern: name: p", "defined again");
	must_refuse("pattern: name: \"a b\"", "space");
	must_refuse("include: /etc/passwd", "not possible here");
	must_refuse("server:\n ip-address: 1.2.3.4.5.6.7.8.9",
	    "is not an address");
	must_refuse("verify: ip-address: lo", "is not an address");
}

static void
errors_of_neighbours(void **state)
{
	(void)state;
	must_refuse("zone: name: a notify: 1.2.3.4/8 NOKEY", "is a range");
	must_refuse("zone: name: a request-xfr: 1.2.3.4 BLOCKED", "BLOCKED");
	must_refuse("zone: name: a notify: 1.2.3.4", "key name or NOKEY");
	must_refuse("zone: name: a\n\n notify: 1.2.3.4 k",
	    "t:3: error: a: notify 1.2.3.4: key 'k' is not defined");
	must_refuse("zone: name: a provide-xfr: 1.2.3.4/33 NOKEY", "1.2.3.4/");
	must_refuse("zone: name: a provide-xfr: 1.2.3.4-::1 NOKEY", "range");
	must_refuse("zone: name: a provide-xfr: 1.2.3.4@x NOKEY", "number");
	must_refuse("zone: name: a request-xfr: UDP ::1 NOKEY t",
	    "unexpected 't'");
	must_refuse("zone: name: a allow-notify: 1.2.3.4 NOKEY t",
	    "unexpected 't'");
	must_refuse("zone: name: a outgoing-interface: 1.2.3.4 NOKEY",
	    "unexpected 'NOKEY'");
}

static void
errors_of_keys(void **state)
{
	(void)state;
	must_refuse("key: name: k", "key: k has no secret");
	must_refuse("key: secret: AAAA", "has no name");
	must_refuse("key: name: k secret: AAA", "is not base64");
	must_refuse("key: name: k secret: \"AA=A\"", "is not base64");
	must_refuse("key: name: k algorithm: x secret: AAAA", "unknown");
	must_refuse("key: name: a..b secret: AAAA", "not a domain name");
	must_refuse("key: name: k secret: AAAA key: name: k secret: AAAA",
	    "defined again");
	must_refuse("tls-auth: name: k", "has no auth-domain-name");
}

static void
several_errors_in_one_run(void **state)
{
	(void)state;
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	const char text[] = "server:\n prt: 1\n port: x\nzone:\n nme: b\n";
	assert_int_not_equal(conf_load_octets("t", (const uint8_t *)text,
	    strlen(text), &r, &c), OK);
	assert_int_equal(r.errors, 3);
	conf_report_end(&r);
}

static void
key_may_come_after_its_use(void **state)
{
	(void)state;
	struct conf *c = must_load("zone: name: a notify: 1.2.3.4 k\n"
	    "key: name: k algorithm: hmac-sha512 secret: \"aGVsbG8=\"");
	const struct conf_key *k = zone_of(c, "a")->notify.at[0].key;
	assert_non_null(k);
	assert_int_equal(k->tsig.alg, TSIG_HMAC_SHA512);
	assert_int_equal(k->tsig.secret_len, 5);
	assert_memory_equal(k->tsig.secret, "hello", 5);
	conf_destroy(&c);
}

static void
yaml_gets_a_hint(void **state)
{
	(void)state;
	must_refuse("server:\n  ip-address: [::1]\n",
	    "t:2: error: ip-address: '[::1]' looks like YAML");
	must_refuse("zone:\n name: a\n notify:\n  - 1.2.3.4 NOKEY",
	    "begins with the line ---");
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	char all[4096];
	const char text[] = "verify: verifier: [ -f x ]";
	assert_int_equal(conf_load_octets("t", (const uint8_t *)text,
	    strlen(text), &r, &c), OK);
	messages_of(&r, all, sizeof(all));
	assert_non_null(strstr(all, "t:1: notice: verifier: '['"));
	conf_report_end(&r);
	conf_destroy(&c);
}

static void
missing_space_is_an_error(void **state)
{
	(void)state;
	must_refuse("server: ip-address:::1@53 port: 5", "space is missing");
}

static void
keywords_in_any_case(void **state)
{
	(void)state;
	struct conf *c = must_load("SERVER: Port: 54\nZone: NAME: a "
	    "Zonefile: x request-xfr: axfr 1.2.3.4 NOKEY");
	assert_int_equal(c->server.port, 54);
	assert_true(zone_of(c, "a")->request_xfr.at[0].use_axfr);
	conf_destroy(&c);
	must_refuse("server: ip-transparent: YES", "not yes or no");
	must_refuse("zone: name: a notify: 1.2.3.4 nokey", "not defined");
}

static void
defaults_are_ours(void **state)
{
	(void)state;
	struct conf *c = must_load("zone: name: a zonefile: b");
	const struct conf_zone *z = zone_of(c, "a");
	assert_int_equal(z->verifier_timeout, 14400);
	assert_true(z->store_ixfr);
	assert_int_equal(z->ixfr_number, 100);
	assert_int_equal(z->ixfr_size, -1);
	assert_int_equal(z->size_limit_xfr, -1);
	assert_true(z->verify_zone);
	assert_false(z->is_verified);
	assert_int_equal(z->verifier_feed, FEED_ZONE);
	assert_int_equal(z->verifier_output, 1048576);
	assert_int_equal(c->verify.ip_address.n, 2);
	assert_int_equal(c->verify.ip_address.at[0].port, 5347);
	assert_true(c->verify.verifier_count_is_unset);
	assert_true(c->verify.verifier_count >= 4);
	assert_string_equal(c->server.state_dir,
	    "/var/lib/nsd-verify/xfrd.state.d");
	assert_false(c->remote.control_enable);
	conf_destroy(&c);
	c = must_load("server: xfrdfile: /x/y verify: verifier-count: 2");
	assert_string_equal(c->server.state_dir, "/x/y.d");
	assert_false(c->verify.verifier_count_is_unset);
	assert_int_equal(c->verify.verifier_count, 2);
	conf_destroy(&c);
}

static void
kinds_of_answers_and_secrets_are_checked(void **state)
{
	(void)state;
	must_refuse("zone: name: a zonefile: x rrl-whitelist: nxdomian\n",
	    "unknown kind of answer \"nxdomian\"");
	must_refuse("pattern: name: p rrl-whitelist: any rrl-whitelist: x\n",
	    "unknown kind of answer \"x\"");
	must_refuse("server: cookie-secret: 0011\n", "32 hexadecimal digits");
	struct conf *c = must_load("zone: name: a zonefile: x "
	    "rrl-whitelist: nxdomain rrl-whitelist: all\n");
	assert_int_equal(c->zones[0].rrl_whitelist.n, 2);
	assert_int_equal(c->server.rrl_ratelimit, 200);
	assert_int_equal(c->server.rrl_whitelist_ratelimit, 2000);
	conf_destroy(&c);
	c = must_load("server: cookie-staging-secret: "
	    "00112233445566778899aabbccddeeff\n");
	struct conf_report r = { 0 };
	char all[65536];
	assert_true(conf_check(c, &r));
	messages_of(&r, all, sizeof(all));
	assert_non_null(strstr(all, "no effect without cookie-secret"));
	conf_report_end(&r);
	conf_destroy(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_comments),
		cmocka_unit_test(second_name_holds),
		cmocka_unit_test(addresses_end_in_colons),
		cmocka_unit_test(verifier_is_an_argument_vector),
		cmocka_unit_test(unquoted_signs),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(errors_of_neighbours),
		cmocka_unit_test(errors_of_keys),
		cmocka_unit_test(several_errors_in_one_run),
		cmocka_unit_test(key_may_come_after_its_use),
		cmocka_unit_test(yaml_gets_a_hint),
		cmocka_unit_test(missing_space_is_an_error),
		cmocka_unit_test(keywords_in_any_case),
		cmocka_unit_test(defaults_are_ours),
		cmocka_unit_test(kinds_of_answers_and_secrets_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

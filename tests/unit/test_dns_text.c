/* test_dns_text.c - presentation format: records out and in, zone files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "dns/rdata.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "dns/text_code.h"

static struct rr
rr_of(const struct octets *o)
{
	struct buf b = buf_reading(o->at, o->len);
	struct rr rr;
	assert_true(rr_take(&b, &rr));
	assert_int_equal(buf_left(&b), 0);
	return rr;
}

static void
read_line(const char *line, struct octets *o)
{
	struct name origin;
	assert_true(name_from_text("Example", &origin));
	o->len = 0;
	if (text_rr_from_line(line, origin.octets, o) != OK)
		fail_msg("%s", line);
}

/* Each line as it is read and as it is written; null: the same. */
static const struct { const char *in, *out; } lines[] = {
	{ "a.\t1\tIN\tA\t192.0.2.1", NULL },
	{ "a 1 A 192.0.2.1", "a.Example.\t1\tIN\tA\t192.0.2.1" },
	{ "@ 1h30m IN A 192.0.2.1", "Example.\t5400\tIN\tA\t192.0.2.1" },
	{ "@ IN 5 A \\# 4 c0 000201", "Example.\t5\tIN\tA\t192.0.2.1" },
	{ "a. IN CH 1 NS b", NULL },
	{ "a.\t1\tIN\tAAAA\t2001:db8::1", NULL },
	{ "a.\t1\tIN\tAAAA\t::ffff:192.0.2.1", NULL },
	{ "A.b.\t1\tIN\tNS\tNs.B.", NULL },
	{ "*.b.\t1\tIN\tCNAME\ta\\.b\\000.c.", NULL },
	{ "a.\t1\tIN\tPTR\t.", NULL },
	{ "a.\t1\tIN\tMX\t10 Mail.x.", NULL },
	{ "a. 1 SOA ns host 4294967295 2h 3 4 ( 5 ; minimum\n )",
	    "a.\t1\tIN\tSOA\tns.Example. host.Example. 4294967295 7200 3 4 5" },
	{ "a.\t1\tIN\tTXT\t\"a;b\" \"\" \"\\\"q\\\\\" \"\\000\\255\"", NULL },
	{ "a. 1 TXT plain a\\;b a\\032b \"t\tt\"",
	    "a.\t1\tIN\tTXT\t\"plain\" \"a;b\" \"a b\" \"t\\009t\"" },
	{ "a.\t1\tIN\tHINFO\t\"pc\" \"os\"", NULL },
	{ "a.\t1\tIN\tRP\tMe.x. Txt.x.", NULL },
	{ "a.\t1\tIN\tSRV\t1 2 3 T.x.", NULL },
	{ "a.\t1\tIN\tNAPTR\t1 2 \"s\" \"\" \"!^.*$!x!\" .", NULL },
	{ "a.\t1\tIN\tKX\t1 K.x.", NULL },
	{ "a.\t1\tIN\tDNAME\tD.x.", NULL },
	{ "a. 1 DS 1 RSASHA256 2 AB CD", "a.\t1\tIN\tDS\t1 8 2 abcd" },
	{ "a.\t1\tIN\tCDS\t0 0 0 00", NULL },
	{ "a.\t1\tIN\tSSHFP\t1 2 abcd", NULL },
	{ "a. 1 DNSKEY 257 3 13 A QI D", "a.\t1\tIN\tDNSKEY\t257 3 13 AQID" },
	{ "a.\t1\tIN\tCDNSKEY\t0 3 0 AA==", NULL },
	{ "a.\t1\tIN\tRRSIG\tTYPE65280 8 2 3600 20380119031408 19700101000000 "
	    "7 X.y. AQI=", NULL },
	{ "a.\t1\tIN\tRRSIG\tA 8 2 3600 21060207062815 20240229235959 7 . AQ==",
	    NULL },
	{ "a.\t1\tIN\tNSEC\tB.x. A MX RRSIG NSEC TYPE1234", NULL },
	{ "a.\t1\tIN\tNSEC\t\\000.x. NS URI CAA TYPE65535", NULL },
	{ "a. 1 NSEC3 1 1 12 AABBCCDD 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
	    "a.\t1\tIN\tNSEC3\t1 1 12 aabbccdd "
	    "2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG" },
	{ "a.\t1\tIN\tNSEC3\t1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s", NULL },
	{ "a.\t1\tIN\tNSEC3PARAM\t1 0 0 -", NULL },
	{ "a.\t1\tIN\tNSEC3PARAM\t1 0 65535 ab", NULL },
	{ "a.\t1\tIN\tTLSA\t3 1 1 abcd", NULL },
	{ "a. 1 CERT PGP 0 RSASHA1 AAAA", "a.\t1\tIN\tCERT\t3 0 5 AAAA" },
	{ "a.\t1\tIN\tCSYNC\t66 3 A NS AAAA", NULL },
	{ "a.\t1\tIN\tZONEMD\t1 1 1 abcdef", NULL },
	{ "a.\t1\tIN\tCAA\t128 issue \"ca.x; p=\\\"1\\\"\"", NULL },
	{ "a.\t1\tIN\tURI\t10 1 \"ftp://x/\"", NULL },
	{ "a.\t1\tIN\tNID\t10 0014:4fff:ff20:ee64", NULL },
	{ "a. 1 NID 10 14:4fff:ff20:e",
	    "a.\t1\tIN\tNID\t10 0014:4fff:ff20:000e" },
	{ "a.\t1\tIN\tL32\t10 192.0.2.1", NULL },
	{ "a.\t1\tIN\tLP\t10 L.x.", NULL },
	{ "a.\t1\tIN\tEUI48\t00-00-5e-00-53-2a", NULL },
	{ "a.\t1\tIN\tEUI64\t00-00-5e-ef-10-00-00-2a", NULL },
	{ "a. 1 HTTPS 1 Target.X. alpn=\"h2,h3\" port=443",
	    "a.\t1\tIN\tHTTPS\t1 Target.X. alpn=h2,h3 port=443" },
	{ "a.\t1\tIN\tSVCB\t0 Foo.x.", NULL },
	{ "a. 1 HTTPS 1 foo", "a.\t1\tIN\tHTTPS\t1 foo.Example." },
	{ "a. 1 APL 1:192.168.32.0/21 !2:2001:db8::/32",
	    "a.\t1\tIN\tAPL\t1:192.168.32.0/21 "
	    "!2:2001:0db8:0000:0000:0000:0000:0000:0000/32" },
	{ "a.\t1\tIN\tIPSECKEY\t10 3 2 Gate.x. AQID", NULL },
	{ "a. 1 AMTRELAY 10 0 1 203.0.113.15",
	    "a.\t1\tIN\tTYPE260\t\\# 6 0a01cb00710f" },
	{ "a. 1 TYPE260 \\# 2 0a00", "a.\t1\tIN\tTYPE260\t\\# 2 0a00" },
	{ "a. 1 WALLET x y", "a.\t1\tIN\tTYPE262\t\\# 4 01780179" },
	{ "a.\t1\tIN\tTYPE65280\t\\# 0", NULL },
	{ "a.\t1\tIN\tTYPE65280\t\\# 3 abcdef", NULL },
	{ "a. 1 CLASS3 A 1.2.3.4", "a.\t1\tCH\tA\t1.2.3.4" },
	{ "a.\t1\tCLASS9\tNS\tb.", NULL },
	{ "  \t", NULL },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const char *want = lines[i].out;
		struct octets o = { 0 }, text = { 0 }, back = { 0 };
		struct name origin;
		assert_true(name_from_text("Example", &origin));
		if (want == NULL)
			want = lines[i].in;
		if (strchr(want, '\t') == NULL || want[0] == ' ') {
			assert_int_equal(text_rr_from_line(want,
			    origin.octets, &o), ERR_INPUT_SYNTAX);
			assert_int_equal(o.len, 0);
			continue;
		}
		read_line(lines[i].in, &o);
		struct rr rr = rr_of(&o);
		assert_true(text_put_rr(&text, &rr));
		assert_true(octets_add(&text, "", 1));
		assert_string_equal((char *)text.at, want);
		read_line((char *)text.at, &back);
		assert_int_equal(o.len, back.len);
		assert_memory_equal(o.at, back.at, o.len);
		octets_free(&o);
		octets_free(&text);
		octets_free(&back);
	}
}

static void
test_bad_lines(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "; nothing", "a.", "a. 1",
		"a. 1 IN", "a. 1 A", "a. 1 A 1.2.3", "a. 1 A 1.2.3.4 5",
		"a. 1 A 1.2.3.256", "a. 2147483648 A 1.2.3.4",
		"a. 1 AAAA 1.2.3.4", "a..b 1 A 1.2.3.4", "a. 1 NOTYPE x",
		"a. 1 TYPE65280 x", "a. 1 TYPE65280 \\# 2 ab",
		"a. 1 TYPE65280 \\# 1 abc", "a. 1 A \\# 3 010203",
		"a. 1 TXT \"open", "a. 1 TXT ( a", "a. 1 TXT a )",
		"a. 1 TXT \\", "a. 1 TXT \\256", "a. 1 TXT",
		"a. 1 MX 65536 a.", "a. 1 MX -1 a.", "a. 1 NSEC b. NOTYPE",
		"a. 1 DS 1 8 2 abc", "a. 1 DS 1 8 2", "a. 1 DS 1 NOALG 2 ab",
		"a. 1 DNSKEY 257 3 8 A", "a. 1 DNSKEY 257 3 8 AB==",
		"a. 1 RRSIG A 8 2 1 20241301000000 2 7 . AQ==",
		"a. 1 NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3w",
		"a. 1 NSEC3 1 0 0 - - A", "a. 1 OPT \\# 0", "a. 1 AXFR \\# 0",
		"a. 1 EUI48 00-00-5e-00-53", "a. 1 NID 1 1:2:3",
		"a. 1 HTTPS 1 . port=x", "a. 1 HTTPS 1 . port=443 port=443",
		/* RFC 9460 D.3 */
		"a. 1 SVCB 1 b. ( key123=abc key123=def )",
		"a. 1 SVCB 1 b. mandatory", "a. 1 SVCB 1 b. alpn",
		"a. 1 SVCB 1 b. port", "a. 1 SVCB 1 b. ipv4hint",
		"a. 1 SVCB 1 b. ipv6hint",
		"a. 1 SVCB 1 b. no-default-alpn=abc",
		"a. 1 SVCB 1 b. ( mandatory=mandatory )",
		"a. 1 SVCB 1 b. ( mandatory=key123,key123 key123=abc )",
		"a. 1 SVCB 1 b. key65535=x", "a. 1 SVCB 1 b. keyx=1",
		"a. 1 SVCB 1 b. ipv4hint=1.2.3.4,", "a. 1 SVCB 1 b. ech=A",
		"a. 1 CAA 0 \"\" x", "a. 1 A 1.2.3.4\nb. 1 A 1.2.3.4",
		"\"a\" 1 A 1.2.3.4", "a. 1 LOC x" };
	struct octets o = { 0 };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (text_rr_from_line(bad[i], NULL, &o) != ERR_INPUT_SYNTAX)
			fail_msg("%s", bad[i]);
	assert_int_equal(o.len, 0);
	/* A string of 255 octets is the longest. */
	char line[600] = "a. 1 TXT ";
	memset(line + 9, 'x', 255);
	assert_int_equal(text_rr_from_line(line, NULL, &o), OK);
	line[9 + 255] = 'x';
	assert_int_equal(text_rr_from_line(line, NULL, &o), ERR_INPUT_SYNTAX);
	octets_free(&o);
}

/* RFC 9460 D.2 and what is beside it: the rdata as text of RFC 3597. */
static void
test_svcb(void **state)
{
	(void)state;
	static const struct { const char *in, *same; } svcb[] = {
		{ "0 foo.", "\\# 7 000003666f6f00" },
		{ "1 .", "\\# 3 000100" },
		{ "16 foo. port=53", "\\# 13 001003666f6f00000300020035" },
		{ "1 . key667=hello", "\\# 12 000100029b000568656c6c6f" },
		{ "1 . key667=\"hello\\210qoo\"",
		    "\\# 16 000100029b000968656c6c6fd2716f6f" },
		{ "1 . ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
		    "\\# 39 00010000060020"
		    "20010db8000000000000000000000001"
		    "20010db8000000000000000000530001" },
		{ "16 . ( alpn=h2,h3-19 mandatory=ipv4hint,alpn "
		    "ipv4hint=192.0.2.1 )", "\\# 32 001000"
		    "0000000400010004" "000100090268320568332d3139"
		    "00040004c0000201" },
		{ "16 . alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
		    "\\# 19 0010000001000c08665c6f6f2c626172026832" },
		{ "16 . alpn=f\\\\\\092oo\\092,bar,h2",
		    "\\# 19 0010000001000c08665c6f6f2c626172026832" },
		{ "1 . no-default-alpn alpn=x",
		    "\\# 13 0001000001000201780002" "0000" },
		{ "1 . dohpath=/q{?dns} ech=AAAA",
		    "\\# 22 00010000050003000000" "00070008"
		    "2f717b3f646e737d" },
		{ "1 . key2", "\\# 7 00010000020000" },
	};
	for (size_t i = 0; i < sizeof svcb / sizeof *svcb; i++) {
		char line[300];
		struct octets a = { 0 }, b = { 0 };
		snprintf(line, sizeof line, "a. 1 SVCB %s", svcb[i].in);
		read_line(line, &a);
		snprintf(line, sizeof line, "a. 1 SVCB %s", svcb[i].same);
		read_line(line, &b);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.at, b.at, a.len);
		octets_free(&a);
		octets_free(&b);
	}
}

/* Whatever is valid rdata comes back from its text octet by octet. */
static void
test_random_round_trip(void **state)
{
	(void)state;
	srand(11);
	struct octets text = { 0 }, back = { 0 };
	unsigned good = 0;
	for (int i = 0; i < 40000; i++) {
		uint8_t r[40], owner[5] = { 3, 'A', 0, 0, 0 };
		uint16_t type = (uint16_t)(1 + rand() % 263);
		size_t len = (size_t)(rand() % 40);
		for (size_t j = 0; j < len; j++)
			r[j] = (uint8_t)(rand() % 4 ? rand() % 4 : rand());
		if (!rdata_is_valid(type, r, (uint16_t)len) ||
		    rrtype_is_meta(type))
			continue;
		owner[2] = (uint8_t)rand();
		owner[3] = (uint8_t)rand();
		struct rr rr = { .owner = owner, .type = type,
			.class = CLASS_IN, .ttl = (uint32_t)rand(),
			.rdata = r, .rdata_len = (uint16_t)len };
		text.len = back.len = 0;
		assert_true(text_put_rr(&text, &rr));
		assert_true(octets_add(&text, "", 1));
		if (text_rr_from_line((char *)text.at, NULL, &back) != OK)
			fail_msg("%s", (char *)text.at);
		struct rr again = rr_of(&back);
		if (again.type != type || again.ttl != rr.ttl ||
		    !name_identical(again.owner, owner) ||
		    again.rdata_len != len ||
		    (len > 0 && memcmp(again.rdata, r, len) != 0))
			fail_msg("%s", (char *)text.at);
		good++;
	}
	assert_true(good > 4000);
	octets_free(&text);
	octets_free(&back);
}

static void
test_longest(void **state)
{
	(void)state;
	/* Rdata of 65535 octets, each of them \DDD. */
	static uint8_t r[65535];
	uint8_t root[1] = { 0 };
	struct octets text = { 0 }, back = { 0 };
	for (size_t i = 0; i < sizeof r; i += 256)
		r[i] = i + 256 <= sizeof r ? 255 : (uint8_t)(sizeof r - i - 1);
	struct rr rr = { .owner = root, .type = TYPE_TXT, .class = CLASS_IN,
		.rdata = r, .rdata_len = sizeof r };
	assert_true(text_put_rr(&text, &rr));
	assert_true(octets_add(&text, "", 1));
	assert_int_equal(text_rr_from_line((char *)text.at, NULL, &back), OK);
	assert_int_equal(back.len, 11 + sizeof r);
	assert_memory_equal(back.at + 11, r, sizeof r);
	/* A bitmap with every type. */
	size_t len = 1;
	memset(r, 0xff, sizeof r);
	r[0] = 0;
	for (unsigned window = 0; window < 256; window++) {
		r[len] = (uint8_t)window;
		r[len + 1] = 32;
		len += 34;
	}
	rr.type = TYPE_NSEC;
	rr.rdata_len = (uint16_t)len;
	text.len = back.len = 0;
	assert_true(text_put_rr(&text, &rr));
	assert_true(octets_add(&text, "", 1));
	assert_int_equal(text_rr_from_line((char *)text.at, NULL, &back), OK);
	assert_int_equal(back.len, 11 + len);
	assert_memory_equal(back.at + 11, r, len);
	octets_free(&text);
	octets_free(&back);
}

static void
write_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fputs(content, f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

struct dir {
	char path[64], main[96], sub[96];
};

static int
setup(void **state)
{
	struct dir *d = calloc(1, sizeof *d);
	strcpy(d->path, "/tmp/test_dns_text.XXXXXX");
	if (mkdtemp(d->path) == NULL)
		return -1;
	snprintf(d->main, sizeof d->main, "%s/main.zone", d->path);
	snprintf(d->sub, sizeof d->sub, "%s/sub.zone", d->path);
	*state = d;
	return 0;
}

static int
teardown(void **state)
{
	struct dir *d = *state;
	unlink(d->main);
	unlink(d->sub);
	int e = rmdir(d->path);
	free(d);
	return e;
}

static struct zone_text *
open_zone(const char *path)
{
	struct name apex;
	struct zone_text *z;
	assert_true(name_from_text("Example", &apex));
	assert_int_equal(zone_text_open(path, apex.octets, &z), OK);
	return z;
}

/* The next record as text must be this. */
static void
expect(struct zone_text *z, const char *want)
{
	struct rr rr;
	struct zone_text_error e = { 0 };
	struct octets text = { 0 };
	enum err err = zone_text_next(z, &rr, &e);
	if (err != OK)
		fail_msg("%s:%u: %s", e.file, e.line, e.what);
	assert_true(text_put_rr(&text, &rr));
	assert_true(octets_add(&text, "", 1));
	assert_string_equal((char *)text.at, want);
	octets_free(&text);
}

static void
expect_error(struct zone_text *z, const char *file, unsigned line,
    const char *what)
{
	struct rr rr;
	struct zone_text_error e = { 0 };
	assert_int_equal(zone_text_next(z, &rr, &e), ERR_INPUT_SYNTAX);
	assert_string_equal(e.file, file);
	assert_int_equal(e.line, line);
	if (strstr(e.what, what) == NULL)
		fail_msg("%s: %s", what, e.what);
}

static void
expect_end(struct zone_text *z)
{
	struct rr rr;
	struct zone_text_error e;
	assert_int_equal(zone_text_next(z, &rr, &e), ERR_NOT_FOUND);
	assert_int_equal(zone_text_next(z, &rr, &e), ERR_NOT_FOUND);
	zone_text_close(&z);
	assert_null(z);
}

static void
test_zone(void **state)
{
	struct dir *d = *state;
	char content[2048];
	snprintf(content, sizeof content,
	    "; a comment\r\n"
	    "\n"
	    "@ SOA ns host ( 1 2\n"
	    "\t3 ; retry\n"
	    "  4 7 )\r\n"
	    "   NS ns\n"
	    "$TTL 1h\n"
	    "Ns A 192.0.2.1\n"
	    "   60 IN AAAA 2001:db8::1\n"
	    "$ORIGIN Sub\n"
	    "a  NS ns.other.\n"
	    "$INCLUDE \"%s\" inc.example.\n"
	    "   TXT after\n"
	    "@  TXT \"x\"", d->sub);
	write_file(d->main, content);
	write_file(d->sub, "b A 192.0.2.2\n$ORIGIN deep\nc A 192.0.2.3\n"
	    "\n$TTL 5\n  A 192.0.2.4\n");
	struct zone_text *z = open_zone(d->main);
	expect(z, "Example.\t7\tIN\tSOA\tns.Example. host.Example. 1 2 3 4 7");
	expect(z, "Example.\t7\tIN\tNS\tns.Example.");
	expect(z, "Ns.Example.\t3600\tIN\tA\t192.0.2.1");
	expect(z, "Ns.Example.\t60\tIN\tAAAA\t2001:db8::1");
	expect(z, "a.Sub.Example.\t3600\tIN\tNS\tns.other.");
	expect(z, "b.inc.example.\t3600\tIN\tA\t192.0.2.2");
	expect(z, "c.deep.inc.example.\t3600\tIN\tA\t192.0.2.3");
	expect(z, "c.deep.inc.example.\t5\tIN\tA\t192.0.2.4");
	expect(z, "a.Sub.Example.\t5\tIN\tTXT\t\"after\"");
	expect(z, "Sub.Example.\t5\tIN\tTXT\t\"x\"");
	expect_end(z);
}

static void
test_zone_errors(void **state)
{
	struct dir *d = *state;
	char content[2048];
	snprintf(content, sizeof content,
	    " A 192.0.2.1\n"
	    "a A 192.0.2\n"
	    "b A 192.0.2.1\n"
	    "$INCLUDE %s\n"
	    "$TTL x\n"
	    "$ORIGIN\n"
	    "$GENERATE 1-2 a A 192.0.2.1\n"
	    "$INCLUDE /nonexistent/file\n"
	    "c ( A\n"
	    "  192.0.2.999 )\n"
	    "d TXT \"open\n"
	    "e CH A 192.0.2.1\n"
	    "f A 192.0.2.1\n"
	    "$INCLUDE %s\n"
	    "g ( A", d->sub, d->main);
	write_file(d->main, content);
	write_file(d->sub, "\n\nx NOTYPE\ny A 192.0.2.9\n");
	struct zone_text *z = open_zone(d->main);
	expect_error(z, d->main, 1, "no owner");
	expect_error(z, d->main, 2, "malformed rdata: a");
	expect(z, "b.Example.\t3600\tIN\tA\t192.0.2.1");
	expect_error(z, d->sub, 3, "unknown type");
	expect(z, "y.Example.\t3600\tIN\tA\t192.0.2.9");
	expect_error(z, d->main, 5, "$TTL");
	expect_error(z, d->main, 6, "$ORIGIN");
	expect_error(z, d->main, 7, "not supported: $GENERATE");
	expect_error(z, d->main, 8, "No such file");
	expect_error(z, d->main, 9, "malformed rdata: c");
	expect_error(z, d->main, 11, "quoted string without end");
	expect_error(z, d->main, 12, "class is not IN");
	expect(z, "f.Example.\t3600\tIN\tA\t192.0.2.1");
	/* A file that includes itself ends at the depth limit. */
	struct rr rr;
	struct zone_text_error e;
	unsigned n = 0;
	bool too_deep = false, unclosed = false;
	for (enum err err; (err = zone_text_next(z, &rr, &e)) !=
	    ERR_NOT_FOUND; n++) {
		assert_true(n < 1000);
		if (err == OK)
			continue;
		assert_int_equal(err, ERR_INPUT_SYNTAX);
		too_deep |= strstr(e.what, "nested too deeply") != NULL;
		unclosed |= strstr(e.what, "parenthesis without end") != NULL;
	}
	assert_true(too_deep && unclosed);
	zone_text_close(&z);
}

static void
test_zone_not_there(void **state)
{
	struct dir *d = *state;
	struct name apex;
	struct zone_text *z = NULL;
	assert_true(name_from_text("x", &apex));
	assert_int_equal(zone_text_open(d->main, apex.octets, &z), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(zone_text_open(d->path, apex.octets, &z),
	    ERR_INPUT_FILE);
	/* Nobody writes into it. */
	assert_int_equal(mkfifo(d->main, 0600), 0);
	assert_int_equal(zone_text_open(d->main, apex.octets, &z),
	    ERR_INPUT_FILE);
	assert_int_equal(zone_text_open("/dev/zero", apex.octets, &z),
	    ERR_INPUT_FILE);
	assert_null(z);
	zone_text_close(&z);
}

static void
test_times(void **state)
{
	(void)state;
	char text[16];
	uint32_t v;
	static const struct { uint32_t at; const char *text; } times[] = {
		{ 0, "19700101000000" }, { 951827696, "20000229123456" },
		{ 1709251199, "20240229235959" },
		{ 4107542400u, "21000301000000" },
		{ UINT32_MAX, "21060207062815" } };
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		*text_put_time(text, times[i].at) = '\0';
		assert_string_equal(text, times[i].text);
		assert_true(text_read_time(text, 14, &v));
		assert_int_equal(v, times[i].at);
	}
	for (uint64_t t = 0; t <= UINT32_MAX; t += 86399) {
		text_put_time(text, (uint32_t)t);
		assert_true(text_read_time(text, 14, &v));
		assert_int_equal(v, t);
	}
	assert_true(text_read_time("12345", 5, &v));
	assert_int_equal(v, 12345);
	assert_true(text_read_ttl("1w2d3h4m5s", 10, &v));
	assert_int_equal(v, 788645);
	assert_false(text_read_ttl("h", 1, &v));
	assert_false(text_read_ttl("", 0, &v));
	assert_false(text_read_ttl("4294967296", 10, &v));
	assert_false(text_read_ttl("9999w", 5, &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_svcb),
		cmocka_unit_test(test_random_round_trip),
		cmocka_unit_test(test_longest),
		cmocka_unit_test_setup_teardown(test_zone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zone_errors, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_zone_not_there, setup,
		    teardown),
		cmocka_unit_test(test_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dns_rdata.c - record octets, rdata by type, order, types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/rr.h"
#include "dns/rrtype.h"
#include "dns/serial.h"

#define OCTETS(...) (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct { uint16_t type; const uint8_t *rdata; size_t len; }
valid[] = {
	{ TYPE_A, OCTETS(1, 2, 3, 4) },
	{ TYPE_NS, OCTETS(0) },
	{ TYPE_NS, OCTETS(1, 'a', 0) },
	{ TYPE_MX, OCTETS(0, 1, 1, 'a', 0) },
	{ TYPE_SOA, OCTETS(0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0,
	    4, 0, 0, 0, 5) },
	{ TYPE_TXT, OCTETS(0) },
	{ TYPE_TXT, OCTETS(2, 'a', 'b', 0, 1, 'c') },
	{ TYPE_HINFO, OCTETS(1, 'a', 0) },
	{ 20, OCTETS(1, '1') },
	{ 20, OCTETS(1, '1', 1, '2') },
	{ TYPE_SRV, OCTETS(0, 1, 0, 2, 0, 3, 0) },
	{ TYPE_NAPTR, OCTETS(0, 1, 0, 2, 1, 's', 1, 't', 0, 0) },
	{ TYPE_DS, OCTETS(0, 1, 8, 2, 0xab) },
	{ TYPE_CDS, OCTETS(0, 0, 0, 0, 0) },
	{ TYPE_DNSKEY, OCTETS(1, 1, 3, 8, 0xab) },
	{ TYPE_KEY, OCTETS(1, 1, 3, 8) },
	{ TYPE_RRSIG, OCTETS(0, 1, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0,
	    9, 1, 'a', 0, 0xff) },
	{ TYPE_NSEC, OCTETS(1, 'a', 0, 0, 1, 0x40) },
	{ TYPE_NSEC, OCTETS(1, 'a', 0) },
	{ TYPE_NSEC, OCTETS(0, 0, 1, 0x40, 1, 1, 0x80) },
	{ TYPE_NSEC3, OCTETS(1, 0, 0, 1, 0, 2, 9, 9) },
	{ TYPE_NSEC3, OCTETS(1, 0, 0, 1, 1, 7, 2, 9, 9, 0, 1, 0x40) },
	{ TYPE_NSEC3PARAM, OCTETS(1, 0, 0, 1, 0) },
	{ TYPE_NSEC3PARAM, OCTETS(1, 0, 0, 1, 1, 7) },
	{ TYPE_CAA, OCTETS(0, 1, 'x', 'y') },
	{ TYPE_CAA, OCTETS(0, 1, 'x') },
	{ TYPE_APL, OCTETS(0, 1, 21, 0x83, 192, 168, 32) },
	{ TYPE_SVCB, OCTETS(0, 1, 0) },
	{ TYPE_HTTPS, OCTETS(0, 1, 0, 0, 1, 0, 3, 2, 'h', '2', 0, 3, 0, 2, 1,
	    187) },
	{ TYPE_HIP, OCTETS(1, 2, 0, 1, 5, 6, 1, 'a', 0) },
	{ TYPE_IPSECKEY, OCTETS(1, 1, 2, 1, 2, 3, 4, 5) },
	{ TYPE_IPSECKEY, OCTETS(1, 3, 2, 1, 'g', 0, 5) },
	{ 260, OCTETS(1, 0x81, 1, 2, 3, 4) },
	{ TYPE_EUI48, OCTETS(1, 2, 3, 4, 5, 6) },
	{ 65280, OCTETS(0xff) },
	{ TYPE_NULL, OCTETS(1) },
};

static const struct { uint16_t type; const uint8_t *rdata; size_t len; }
malformed[] = {
	{ TYPE_A, OCTETS(1, 2, 3) },
	{ TYPE_A, OCTETS(1, 2, 3, 4, 5) },
	{ TYPE_AAAA, OCTETS(1, 2, 3, 4) },
	{ TYPE_NS, OCTETS(0, 0) },
	{ TYPE_NS, OCTETS(1, 'a') },
	{ TYPE_NS, OCTETS(0xc0, 0) },
	{ TYPE_MX, OCTETS(0, 1) },
	{ TYPE_SOA, OCTETS(0, 0, 0, 0, 0, 1) },
	{ TYPE_TXT, OCTETS(2, 'a') },
	{ TYPE_TXT, OCTETS(1, 'a', 5) },
	{ TYPE_HINFO, OCTETS(1, 'a') },
	{ 20, OCTETS(1, '1', 1, '2', 0) },
	{ TYPE_DS, OCTETS(0, 1, 8, 2) },
	{ TYPE_DNSKEY, OCTETS(1, 1, 3, 8) },
	{ TYPE_DNSKEY, OCTETS(1, 1, 3) },
	{ TYPE_RRSIG, OCTETS(0, 1, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3,
	    0, 9, 1, 'a', 0) },
	{ TYPE_NSEC, OCTETS(0, 0, 0) },			/* empty window */
	{ TYPE_NSEC, OCTETS(0, 0, 1, 0) },		/* trailing zero */
	{ TYPE_NSEC, OCTETS(0, 1, 1, 0x80, 0, 1, 0x40) }, /* order */
	{ TYPE_NSEC, OCTETS(0, 0, 1, 0x40, 0, 1, 0x40) }, /* twice */
	{ TYPE_NSEC, OCTETS(0, 0, 2, 0x40) },		/* overrun */
	{ TYPE_NSEC, OCTETS(0, 0) },
	{ TYPE_NSEC, OCTETS(0, 0, 33, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1) },
	{ TYPE_NSEC3, OCTETS(1, 0, 0, 1, 0, 0) },	/* no hash */
	{ TYPE_NSEC3, OCTETS(1, 0, 0, 1, 0, 3, 9, 9) },
	{ TYPE_NSEC3, OCTETS(1, 0, 0, 1, 9, 3, 9, 9) },
	{ TYPE_NSEC3PARAM, OCTETS(1, 0, 0, 1) },
	{ TYPE_NSEC3PARAM, OCTETS(1, 0, 0, 1, 0, 0) },
	{ TYPE_CAA, OCTETS(0, 0, 'y') },
	{ TYPE_APL, OCTETS(0, 1, 33, 1, 192) },
	{ TYPE_APL, OCTETS(0, 1, 21, 3, 192) },
	{ TYPE_SVCB, OCTETS(0, 1, 0, 0, 3, 0, 2, 1, 187, 0, 1, 0, 3, 2, 'h',
	    '2') },					/* order */
	{ TYPE_SVCB, OCTETS(0, 1, 0, 0, 3, 0, 3, 1, 187, 0) },
	{ TYPE_SVCB, OCTETS(0, 1, 0, 0, 1, 0, 2, 2, 'h') },
	{ TYPE_SVCB, OCTETS(0, 1, 0, 0, 1, 0, 1, 0) },
	{ TYPE_SVCB, OCTETS(0, 1, 0, 0, 0, 0, 4, 0, 3, 0, 1) },
	{ TYPE_SVCB, OCTETS(0, 1, 0, 0, 3) },
	{ TYPE_HIP, OCTETS(1, 2, 0, 1, 5) },
	{ TYPE_IPSECKEY, OCTETS(1, 1, 2, 1, 2) },
	{ TYPE_IPSECKEY, OCTETS(1, 9, 2, 1) },
	{ 260, OCTETS(1, 1, 1, 2, 3, 4, 5) },
	{ TYPE_EUI48, OCTETS(1, 2, 3, 4, 5) },
	{ TYPE_LOC, OCTETS(0, 1) },
};

/* The same answer from the wire and in place, from exact heap memory so that
 * the sanitizer sees each octet read beyond. */
static enum err
both_ways(uint16_t type, const uint8_t *rdata, size_t len)
{
	uint8_t *exact = malloc(len + 1), out[600];
	memcpy(exact, rdata, len);
	struct buf b = buf_of(exact, len), o = buf_of(out, sizeof out);
	bool good = rdata_is_valid(type, exact, (uint16_t)len);
	enum err e = rdata_from_wire(&b, type, (uint16_t)len, &o);
	assert_int_equal(good, e == OK);
	assert_int_equal(b.at, good ? len : 0);
	assert_int_equal(o.at, good ? len : 0);
	if (good)
		assert_memory_equal(out, rdata, len);
	free(exact);
	return e;
}

static void
test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
		if (both_ways(valid[i].type, valid[i].rdata,
		    valid[i].len) != OK)
			fail_msg("row %zu", i);
	for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
		if (both_ways(malformed[i].type, malformed[i].rdata,
		    malformed[i].len) != ERR_PEER_FORMAT)
			fail_msg("row %zu", i);
	assert_int_equal(both_ways(TYPE_TXT, (const uint8_t *)"", 0),
	    ERR_PEER_FORMAT);
	assert_int_equal(both_ways(65280, (const uint8_t *)"", 0), OK);
}

/* Random octets in every type: both ways agree, nothing is read beyond, the
 * names found lie inside. */
static void
test_random(void **state)
{
	(void)state;
	srand(7);
	for (int i = 0; i < 200000; i++) {
		uint8_t r[40];
		uint16_t type = (uint16_t)(rand() % 264), at[4];
		size_t len = (size_t)(rand() % 40);
		for (size_t j = 0; j < len; j++)
			r[j] = (uint8_t)((rand() % 3 ? rand() % 4 :
			    rand()) & 0xbf);	/* no pointers */
		enum err e = both_ways(type, r, len);
		uint8_t *exact = malloc(len + 1);
		memcpy(exact, r, len);
		unsigned n = rdata_caseless_names(type, exact, (uint16_t)len,
		    at);
		for (unsigned k = 0; k < n; k++)
			assert_true(at[k] < len);
		if (e == OK)
			rdata_canonical(type, exact, (uint16_t)len);
		assert_int_equal(e == OK ? rdata_compare(type, r,
		    (uint16_t)len, exact, (uint16_t)len) : 0, 0);
		free(exact);
	}
}

static void
test_decompress(void **state)
{
	(void)state;
	/* "a." at 0; SRV with a pointer to it is read, DNAME is not. */
	uint8_t m[] = { 1, 'a', 0, 0, 1, 0, 2, 0, 3, 0xc0, 0, 7 }, out[300];
	struct buf b = buf_of(m, sizeof m), o = buf_of(out, sizeof out);
	b.at = 3;
	assert_int_equal(rdata_from_wire(&b, TYPE_SRV, 8, &o), OK);
	assert_int_equal(b.at, 11);
	assert_int_equal(o.at, 9);
	assert_memory_equal(out + 6, m, 3);
	b.at = 9;
	o.at = 0;
	static const uint16_t no[] = { TYPE_DNAME, TYPE_NSEC, 58 };
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_int_equal(rdata_from_wire(&b, no[i], 2, &o),
		    ERR_PEER_FORMAT);
	static const uint16_t yes[] = { TYPE_NS, TYPE_CNAME, TYPE_PTR,
		TYPE_MB };
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		b.at = 9;
		o.at = 0;
		assert_int_equal(rdata_from_wire(&b, yes[i], 2, &o), OK);
		assert_int_equal(o.at, 3);
	}
	/* The name must end with the rdata, not behind it. */
	b.at = 9;
	assert_int_equal(rdata_from_wire(&b, TYPE_NS, 1, &o), ERR_PEER_FORMAT);
	assert_int_equal(rdata_from_wire(&b, TYPE_NS, 3, &o), ERR_PEER_FORMAT);
	assert_int_equal(rdata_from_wire(&b, TYPE_NS, 4, &o), ERR_PEER_FORMAT);
	assert_int_equal(b.limit, sizeof m);
	/* No room. */
	struct buf small = buf_of(out, 2);
	assert_int_equal(rdata_from_wire(&b, TYPE_NS, 2, &small),
	    ERR_PEER_FORMAT);
	assert_int_equal(small.at, 0);
}

static void
test_names(void **state)
{
	(void)state;
	uint8_t soa[] = { 1, 'A', 0, 2, 'B', 'c', 0, 0, 0, 0, 1, 0, 0, 0, 2, 0,
		0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 'X' };
	uint16_t at[4];
	assert_int_equal(rdata_compressible_names(TYPE_SOA, soa, sizeof soa,
	    at), 2);
	assert_int_equal(at[0], 0);
	assert_int_equal(at[1], 3);
	rdata_canonical(TYPE_SOA, soa, sizeof soa);
	assert_int_equal(soa[1], 'a');
	assert_int_equal(soa[4], 'b');
	assert_int_equal(soa[26], 'X');
	static const struct { uint16_t type; bool caseless, compressed; }
	types[] = {
		{ TYPE_NS, true, true }, { TYPE_DNAME, true, false },
		{ TYPE_NSEC, false, false }, { 58, false, false },
	};
	static const uint8_t name[] = { 1, 'A', 0, 0 };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		assert_int_equal(rdata_caseless_names(types[i].type, name, 3,
		    at), types[i].caseless);
		assert_int_equal(rdata_compressible_names(types[i].type, name,
		    3, at), types[i].compressed);
	}
}

static void
test_compare(void **state)
{
	(void)state;
	static const uint8_t a[] = { 0, 1, 1, 'a', 0 },
	    b[] = { 0, 1, 1, 'A', 0 }, c[] = { 0, 1, 1, 'b', 0 },
	    d[] = { 0, 1, 2, 'a', 'a', 0 };
	assert_int_equal(rdata_compare(TYPE_MX, a, 5, b, 5), 0);
	assert_true(rdata_compare(65280, a, 5, b, 5) > 0);
	/* SVCB: names with their case. */
	assert_true(rdata_compare(TYPE_SVCB, a, 5, b, 5) > 0);
	assert_true(rdata_compare(TYPE_MX, b, 5, c, 5) < 0);
	assert_true(rdata_compare(TYPE_MX, c, 5, d, 6) < 0);
	assert_true(rdata_compare(TYPE_MX, d, 6, c, 5) > 0);
	assert_true(rdata_compare(65280, a, 3, a, 5) < 0);
	assert_int_equal(rdata_compare(65280, NULL, 0, NULL, 0), 0);
	/* RRSIG: the signer without case, the signature with. */
	uint8_t s[] = { 0, 1, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 9,
		1, 'a', 0, 'q' }, t[sizeof s];
	memcpy(t, s, sizeof s);
	t[19] = 'A';
	assert_int_equal(rdata_compare(TYPE_RRSIG, s, sizeof s, t, sizeof t),
	    0);
	t[21] = 'Q';
	assert_true(rdata_compare(TYPE_RRSIG, s, sizeof s, t, sizeof t) > 0);
}

static void
test_bitmap(void **state)
{
	(void)state;
	/* RFC 4034 4.3: A MX RRSIG NSEC TYPE1234 */
	static const uint8_t bitmap[] = { 0, 6, 0x40, 1, 0, 0, 0, 3, 4, 27,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0x20 };
	unsigned n = 0;
	for (unsigned type = 0; type < 65536; type++)
		n += rdata_bitmap_has(bitmap, sizeof bitmap, (uint16_t)type);
	assert_int_equal(n, 5);
	assert_true(rdata_bitmap_has(bitmap, sizeof bitmap, TYPE_A));
	assert_true(rdata_bitmap_has(bitmap, sizeof bitmap, TYPE_MX));
	assert_true(rdata_bitmap_has(bitmap, sizeof bitmap, TYPE_RRSIG));
	assert_true(rdata_bitmap_has(bitmap, sizeof bitmap, TYPE_NSEC));
	assert_true(rdata_bitmap_has(bitmap, sizeof bitmap, 1234));
}

static void
test_rr(void **state)
{
	(void)state;
	struct name owner, upper;
	assert_true(name_from_text("a.example", &owner));
	assert_true(name_from_text("A.example", &upper));
	static const uint8_t rdata[] = { 1, 'n', 0 }, other[] = { 1, 'N', 0 };
	struct rr rr = { .owner = owner.octets, .type = TYPE_NS,
		.class = CLASS_IN, .ttl = 0x01020304, .rdata = rdata,
		.rdata_len = 3 }, back;
	struct octets o = { 0 };
	assert_true(rr_add(&o, &rr));
	assert_int_equal(o.len, rr_len(&rr));
	assert_int_equal(o.len, 11 + 10 + 3);
	uint8_t put[64];
	for (size_t room = 0; room <= o.len; room++) {
		struct buf b = buf_of(put, room);
		assert_int_equal(rr_put(&b, &rr), room == o.len);
		assert_int_equal(b.at, room == o.len ? room : 0);
		b = buf_of(o.at, room);
		assert_int_equal(rr_take(&b, &back), room == o.len);
		assert_int_equal(b.at, room == o.len ? room : 0);
	}
	assert_memory_equal(put, o.at, o.len);
	assert_true(back.ttl == rr.ttl && back.type == rr.type &&
	    back.class == rr.class && back.rdata_len == 3);
	assert_true(rr_same(&rr, &back));
	back.owner = upper.octets;
	back.rdata = other;
	back.ttl = 0;
	assert_true(rr_same(&rr, &back));
	back.class = CLASS_CH;
	assert_false(rr_same(&rr, &back));
	octets_free(&o);
}

static void
test_soa(void **state)
{
	(void)state;
	static const uint8_t rdata[] = { 1, 'm', 0, 1, 'r', 0, 0, 0, 0, 1, 0,
		0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5 };
	struct rr rr = { .owner = rdata, .type = TYPE_SOA, .rdata = rdata,
		.rdata_len = sizeof rdata };
	struct soa soa;
	uint32_t serial;
	assert_true(rr_soa(&rr, &soa));
	assert_ptr_equal(soa.mname, rdata);
	assert_ptr_equal(soa.rname, rdata + 3);
	assert_int_equal(soa.serial, 1);
	assert_int_equal(soa.refresh, 2);
	assert_int_equal(soa.retry, 3);
	assert_int_equal(soa.expire, 4);
	assert_int_equal(soa.minimum, 5);
	assert_true(rr_soa_serial(&rr, &serial));
	assert_int_equal(serial, 1);
	rr.rdata_len--;
	assert_false(rr_soa(&rr, &soa));
	rr.rdata_len++;
	rr.type = TYPE_NS;
	assert_false(rr_soa_serial(&rr, &serial));
}

static void
test_types(void **state)
{
	(void)state;
	char text[16];
	uint16_t type;
	for (unsigned i = 0; i < 65536; i++) {
		assert_true(rrtype_from_text(rrtype_text((uint16_t)i, text),
		    &type));
		assert_int_equal(type, i);
	}
	assert_string_equal(rrtype_text(TYPE_NSEC3PARAM, text), "NSEC3PARAM");
	assert_string_equal(rrtype_text(65280, text), "TYPE65280");
	assert_true(rrtype_from_text("aaaa", &type));
	assert_int_equal(type, TYPE_AAAA);
	assert_true(rrtype_from_text("type1", &type));
	assert_int_equal(type, TYPE_A);
	assert_false(rrtype_from_text("TYPE", &type));
	assert_false(rrtype_from_text("TYPE65536", &type));
	assert_false(rrtype_from_text("TYPE-1", &type));
	assert_false(rrtype_from_text("AAAAA", &type));
	assert_false(rrtype_from_text("", &type));
	assert_true(rrtype_is_meta(TYPE_OPT) && rrtype_is_meta(TYPE_TSIG) &&
	    rrtype_is_meta(TYPE_ANY) && rrtype_is_meta(TYPE_AXFR));
	assert_false(rrtype_is_meta(TYPE_A) || rrtype_is_meta(TYPE_URI));
	assert_string_equal(rcode_text(RCODE_REFUSED, text), "REFUSED");
	assert_string_equal(rcode_text(12, text), "RCODE12");
	assert_string_equal(rcode_text(4095, text), "RCODE4095");
	assert_true(serial_newer(1, 0) && serial_newer(0, 0xffffffff));
	assert_false(serial_newer(0, 0) || serial_newer(0x80000000, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_decompress),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_rr),
		cmocka_unit_test(test_soa),
		cmocka_unit_test(test_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

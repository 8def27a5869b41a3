/* test_dns_name.c - names: order, parts, wire and text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/name.h"
#include "dns/siphash.h"

static struct name
n(const char *text)
{
	struct name name;
	assert_true(name_from_text(text, &name));
	return name;
}

static void
test_text(void **state)
{
	(void)state;
	static const char *const same[] = { ".", "a.", "example.com.",
		"A.eXample.CoM.", "*.x.", "a\\.b.c.", "\\000\\032\\255.x.",
		"a\\;b\\(\\).", "0/25.2.0.192.in-addr.arpa.", "_tcp.x.",
		"\\@.x.", "\\$.x.", "a\\\\b." };
	char text[NAME_TEXT_MAX];
	struct name name;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		assert_true(name_from_text(same[i], &name));
		assert_string_equal(name_text(name.octets, text), same[i]);
	}
	assert_string_equal(name_text_plain(n("a.b").octets, text), "a.b");
	assert_string_equal(name_text_plain(n(".").octets, text), ".");
	assert_int_equal(name_len(n("a\\.b.c").octets), 7);
	static const char *const bad[] = { "", "..", ".a", "a..b", "a\\",
		"a\\25", "a\\256", "a\\2x5",
		("a123456789012345678901234567890123456789012345678901234567890"
		"123.x") };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(name_from_text(bad[i], &name));
}

static void
test_text_limits(void **state)
{
	(void)state;
	char text[2048] = "", back[NAME_TEXT_MAX];
	struct name name;
	/* 127 labels of one octet: exactly 255 octets. */
	for (int i = 0; i < 127; i++)
		strcat(text, "x.");
	assert_true(name_from_text(text, &name));
	assert_int_equal(name_len(name.octets), 255);
	assert_int_equal(name_labels(name.octets), 127);
	assert_string_equal(name_text(name.octets, back), text);
	strcat(text, "x.");
	assert_false(name_from_text(text, &name));
	text[strlen(text) - 1] = '\0';
	assert_false(name_from_text(text, &name));
	/* The longest text: every octet escaped. */
	text[0] = '\0';
	for (int i = 0; i < 250; i++) {
		strcat(text, "\\001");
		if (i % 63 == 62)
			strcat(text, ".");
	}
	strcat(text, ".");
	assert_true(name_from_text(text, &name));
	assert_int_equal(name_len(name.octets), 255);
	assert_string_equal(name_text(name.octets, back), text);
}

static void
test_order(void **state)
{
	(void)state;
	/* RFC 4034 6.1 */
	static const char *const sorted[] = { "example", "a.example",
		"yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE",
		"z.example", "\\001.z.example", "*.z.example",
		"\\200.z.example" };
	size_t count = sizeof sorted / sizeof *sorted;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int c = name_compare(n(sorted[i]).octets,
			    n(sorted[j]).octets);
			assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
		}
	assert_int_equal(name_compare(n("ABC.de").octets, n("abc.DE").octets),
	    0);
	assert_true(name_compare(n(".").octets, n("a").octets) < 0);
	assert_true(name_compare(n("ab.x").octets, n("abc.x").octets) < 0);
}

static void
test_parts(void **state)
{
	(void)state;
	struct name a = n("www.Example.com"), out;
	assert_true(name_equal(a.octets, n("WWW.example.COM").octets));
	assert_false(name_identical(a.octets, n("WWW.example.COM").octets));
	assert_true(name_identical(a.octets, n("www.Example.com").octets));
	assert_false(name_equal(a.octets, n("example.com").octets));
	assert_false(name_equal(n("a.b").octets, n("a\\.b").octets));
	assert_false(name_equal(n("a").octets, n("a.b").octets));
	assert_true(name_is_at_or_below(a.octets, n("eXAMPLE.com").octets));
	assert_true(name_is_at_or_below(a.octets, a.octets));
	assert_true(name_is_at_or_below(a.octets, n(".").octets));
	assert_false(name_is_at_or_below(a.octets, n("ample.com").octets));
	assert_false(name_is_at_or_below(n("com").octets, a.octets));
	assert_int_equal(name_common_labels(a.octets,
	    n("x.EXAMPLE.com").octets), 2);
	assert_int_equal(name_common_labels(a.octets, n("org").octets), 0);
	assert_int_equal(name_labels(a.octets), 3);
	assert_ptr_equal(name_strip(a.octets, 1), a.octets + 4);
	assert_true(name_is_root(name_strip(a.octets, 3)));
	assert_true(name_wildcard_of(a.octets, &out));
	assert_true(name_is_wildcard(out.octets));
	assert_true(name_identical(out.octets, n("*.www.Example.com").octets));
	assert_false(name_is_wildcard(n("*a.b").octets));
	assert_true(name_join(a.octets, 1, n("net").octets, &out));
	assert_true(name_identical(out.octets, n("www.net").octets));
	struct name low = a;
	name_lower(low.octets);
	assert_true(name_identical(low.octets, n("www.example.com").octets));
	assert_true(name_hash(low.octets) == name_hash(a.octets));
	assert_true(name_hash(low.octets) != name_hash(n("www").octets));
	name_copy(&out, a.octets);
	assert_true(name_identical(out.octets, a.octets));
}

static void
test_join_too_long(void **state)
{
	(void)state;
	char text[512] = "";
	struct name out;
	for (int i = 0; i < 127; i++)
		strcat(text, "x.");
	struct name longest = n(text);
	assert_false(name_wildcard_of(longest.octets, &out));
	assert_false(name_join(longest.octets, 127, n("y").octets, &out));
	assert_true(name_join(longest.octets, 126, n("y").octets, &out));
	assert_int_equal(name_len(out.octets), 255);
}

static void
test_wire(void **state)
{
	(void)state;
	/* RFC 1035 4.1.4: F.ISI.ARPA at 2, FOO. -> 2, ARPA, root */
	uint8_t m[] = { 0, 0, 1, 'F', 3, 'I', 'S', 'I', 4, 'A', 'R', 'P', 'A',
		0, 3, 'F', 'O', 'O', 0xc0, 2, 0xc0, 8, 0, 9 };
	struct buf b = buf_of(m, sizeof m);
	struct name out;
	b.at = 2;
	assert_true(name_from_wire(&b, &out));
	assert_int_equal(b.at, 14);
	assert_true(name_identical(out.octets, n("F.ISI.ARPA").octets));
	assert_true(name_from_wire(&b, &out));
	assert_int_equal(b.at, 20);
	assert_true(name_identical(out.octets, n("FOO.F.ISI.ARPA").octets));
	assert_true(name_from_wire(&b, &out));
	assert_int_equal(b.at, 22);
	assert_true(name_identical(out.octets, n("ARPA").octets));
	assert_true(name_from_wire(&b, &out));
	assert_int_equal(b.at, 23);
	assert_true(name_is_root(out.octets));
	assert_false(name_from_wire(&b, &out));
	assert_int_equal(b.at, 23);
	const uint8_t *p;
	b.at = 2;
	assert_true(name_take(&b, &p));
	assert_ptr_equal(p, m + 2);
	assert_int_equal(b.at, 14);
	assert_false(name_take(&b, &p));	/* a pointer */
	assert_int_equal(b.at, 14);
}

static void
test_wire_bad(void **state)
{
	(void)state;
	static const struct { uint8_t octets[8]; uint8_t len, at; } bad[] = {
		{ { 0xc0, 0 }, 2, 0 },			/* to itself */
		{ { 0xc0, 2, 0xc0, 0 }, 4, 0 },		/* forwards */
		{ { 1, 'a', 0xc0, 0 }, 4, 0 },		/* into itself */
		{ { 0x40, 'a', 0 }, 3, 0 },		/* label type 01 */
		{ { 0x80, 'a', 0 }, 3, 0 },		/* label type 10 */
		{ { 2, 'a' }, 2, 0 },
		{ { 1, 'a' }, 2, 0 },			/* no root */
		{ { 0, 0xc0 }, 2, 1 },			/* half a pointer */
		{ { 0 }, 0, 0 },
	};
	struct name out;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint8_t *m = malloc(bad[i].len + 1u);
		memcpy(m, bad[i].octets, bad[i].len);
		struct buf b = buf_of(m, bad[i].len);
		b.at = bad[i].at;
		assert_false(name_from_wire(&b, &out));
		assert_int_equal(b.at, bad[i].at);
		free(m);
	}
}

static void
test_wire_long(void **state)
{
	(void)state;
	/* 64 labels in a row then a pointer back to them: 257 octets. */
	uint8_t m[600];
	size_t len = 0;
	for (int i = 0; i < 64; i++) {
		m[len++] = 1;
		m[len++] = 'a';
	}
	m[len++] = 0;
	size_t second = len;
	for (int i = 0; i < 64; i++) {
		m[len++] = 1;
		m[len++] = 'b';
	}
	m[len++] = 0xc0;
	m[len++] = 2;		/* 63 labels: 128 + 127 = 255 */
	struct buf b = buf_of(m, len);
	struct name out;
	b.at = second;
	assert_true(name_from_wire(&b, &out));
	assert_int_equal(name_len(out.octets), 255);
	m[len - 1] = 0;
	b.at = second;
	assert_false(name_from_wire(&b, &out));
	/* Pointers to pointers without end in sight. */
	uint8_t chain[400] = { 0 };
	for (size_t i = 1; i + 1 < sizeof chain; i += 2) {
		size_t to = i == 1 ? 0 : i - 2;
		chain[i] = (uint8_t)(0xc0 | to >> 8);
		chain[i + 1] = (uint8_t)to;
	}
	b = buf_of(chain, sizeof chain);
	b.at = 397;
	assert_false(name_from_wire(&b, &out));
	b.at = 101;
	assert_true(name_from_wire(&b, &out));
	assert_int_equal(b.at, 103);
}

static void
test_take_long(void **state)
{
	(void)state;
	uint8_t m[300];
	for (size_t i = 0; i < sizeof m; i += 2) {
		m[i] = 1;
		m[i + 1] = 'x';
	}
	m[254] = 0;
	struct buf b = buf_of(m, sizeof m);
	const uint8_t *p;
	assert_true(name_take(&b, &p));
	assert_int_equal(b.at, 255);
	m[254] = 1;
	m[256] = 0;
	b.at = 0;
	assert_false(name_take(&b, &p));
}

/* The authors' vectors: key 00..0f, input 00..(n-1). */
static void
test_siphash(void **state)
{
	(void)state;
	uint8_t key[16], in[64], out[16], pieces[16];
	for (unsigned i = 0; i < 64; i++)
		in[i] = (uint8_t)i;
	memcpy(key, in, 16);
	assert_true(siphash_64(key, in, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash_64(key, in, 15) == UINT64_C(0xa129ca6149be45e5));
	static const uint8_t empty[16] = { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25,
		0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 };
	static const uint8_t one[16] = { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99,
		0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 };
	siphash_128(key, in, 0, out);
	assert_memory_equal(out, empty, 16);
	siphash_128(key, in, 1, out);
	assert_memory_equal(out, one, 16);
	for (size_t len = 0; len <= 64; len++)
		for (size_t cut = 0; cut <= len; cut++) {
			struct siphash s;
			siphash_init(&s, key);
			siphash_update(&s, in, cut);
			siphash_update(&s, in + cut, len - cut);
			siphash_final(&s, pieces);
			siphash_128(key, in, len, out);
			assert_memory_equal(out, pieces, 16);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_limits),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_join_too_long),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_wire_bad),
		cmocka_unit_test(test_wire_long),
		cmocka_unit_test(test_take_long),
		cmocka_unit_test(test_siphash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

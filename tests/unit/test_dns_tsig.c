/* test_dns_tsig.c - RFC 8945 against messages signed by dnspython, and each
 * way in which a signature can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/message.h"
#include "dns/rrtype.h"
#include "dns/tsig.h"
#include "dns/tsig_wire.h"
#include "tsig_vectors.h"

#define NOW 1700000000

static uint8_t secret[32];
static uint8_t m[4096];

static struct tsig_key
key_of(const char *name, enum tsig_alg alg)
{
	struct tsig_key key = { .alg = alg, .secret = secret,
		.secret_len = sizeof secret };
	for (unsigned i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)(i + 1);
	assert_true(name_from_text(name, &key.name));
	return key;
}

static size_t
load(const uint8_t *from, size_t len)
{
	memcpy(m, from, len);
	return len;
}
#define LOAD(vector) load(vector, sizeof vector)

/* A SOA query or answer; returns its length. */
static size_t
plain(uint16_t id, uint16_t flags, const char *qname)
{
	struct msg_writer w;
	struct name name;
	assert_true(name_from_text(qname, &name));
	msg_write(&w, m, sizeof m, id, flags);
	assert_true(msg_put_question(&w, name.octets, TYPE_SOA, CLASS_IN));
	msg_finish(&w);
	return w.len;
}

static const struct {
	enum tsig_alg alg;
	const uint8_t *request, *answer;
	size_t request_len, answer_len;
} vectors[] = {
#define V(alg, name) { alg, name##_request, name##_answer, \
	sizeof name##_request, sizeof name##_answer }
	V(TSIG_HMAC_MD5, md5), V(TSIG_HMAC_SHA1, sha1),
	V(TSIG_HMAC_SHA224, sha224), V(TSIG_HMAC_SHA256, sha256),
	V(TSIG_HMAC_SHA384, sha384), V(TSIG_HMAC_SHA512, sha512)
};

/* dnspython's request is accepted by the server side; our own request has
 * the same octets; dnspython's answer to it is accepted. */
static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		struct tsig_key key = key_of("test-key.EXAMPLE",
		    vectors[i].alg);
		const struct tsig_key *keys[] = { &key };
		struct tsig server, client;
		size_t len = load(vectors[i].request, vectors[i].request_len);
		assert_int_equal(tsig_check_request(&server, keys, 1, m, &len,
		    NOW + 300), OK);
		assert_ptr_equal(server.key, &key);
		assert_int_equal(octets_u16(m + 10), 0);
		assert_int_equal(len, 12 + 13 + 4);
		key = key_of("Test-Key.example", vectors[i].alg);
		assert_int_equal(tsig_sign_request(&client, &key, m, &len,
		    sizeof m, NOW), OK);
		assert_int_equal(len, vectors[i].request_len);
		/* All but the case of the key's name, which dnspython keeps
		 * out of the digest as we do. */
		assert_memory_equal(m + 46, vectors[i].request + 46, len - 46);
		assert_true(len <= 29 + tsig_room(&key));
		len = load(vectors[i].answer, vectors[i].answer_len);
		assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
		assert_true(tsig_answer_is_complete(&client));
		/* What we sign as server comes out as dnspython's answer. */
		assert_int_equal(tsig_sign_answer(&server, m, &len, sizeof m,
		    NOW), OK);
		assert_int_equal(len, vectors[i].answer_len);
		assert_memory_equal(server.mac, client.mac, client.mac_len);
		tsig_end(&server);
		tsig_end(&client);
	}
}

static void
test_transfer(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	struct tsig server, client;
	size_t len = LOAD(axfr_request);
	assert_int_equal(tsig_check_request(&server, keys, 1, m, &len, NOW),
	    OK);
	assert_int_equal(tsig_sign_request(&client, &key, m, &len, sizeof m,
	    NOW), OK);
	assert_false(tsig_answer_is_complete(&client));
	len = LOAD(axfr_0);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	assert_int_equal(tsig_sign_answer(&server, m, &len, sizeof m, NOW),
	    OK);
	assert_memory_equal(server.mac, client.mac, 32);
	len = LOAD(axfr_1);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	assert_int_equal(tsig_sign_answer(&server, m, &len, sizeof m, NOW),
	    OK);
	assert_memory_equal(server.mac, client.mac, 32);
	assert_int_equal(len, sizeof axfr_1);
	len = LOAD(axfr_2);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	assert_false(tsig_answer_is_complete(&client));
	len = LOAD(axfr_3);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	assert_true(tsig_answer_is_complete(&client));
	/* Again the same one: replayed. */
	len = LOAD(axfr_3);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW),
	    ERR_PEER_TSIG);
	assert_int_equal(client.error, RCODE_BADSIG);
	tsig_end(&client);
	tsig_end(&server);
}

static void
test_unsigned_between(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	struct tsig client;
	size_t len = LOAD(axfr_2);
	client = (struct tsig){ .key = &key, .is_first = true };
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW),
	    ERR_PEER_TSIG);
	client = (struct tsig){ .key = &key };
	for (int i = 0; i < 99; i++)
		assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW),
	    ERR_PEER_TSIG);
	tsig_end(&client);
	/* Left out altogether: the next signature no longer fits. */
	len = LOAD(axfr_request);
	len = plain(0x4343, 0, "Example.com");
	octets_set_u16(m + len - 4, TYPE_AXFR);
	assert_int_equal(tsig_sign_request(&client, &key, m, &len, sizeof m,
	    NOW), OK);
	len = LOAD(axfr_0);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	len = LOAD(axfr_1);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW), OK);
	len = LOAD(axfr_3);
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW),
	    ERR_PEER_TSIG);
	tsig_end(&client);
}

/* Every octet that is changed makes the request bad. */
static void
test_each_octet_counts(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	for (size_t i = 0; i < sizeof sha256_request; i++) {
		struct tsig t;
		size_t len = LOAD(sha256_request);
		m[i] ^= 0x80;
		enum err e = tsig_check_request(&t, keys, 1, m, &len, NOW);
		/* The id: the original one is digested. Case of names in the
		 * record is not tested by 0x80. */
		assert_true(i < 2 ? e == OK : e != OK || t.key == NULL);
		tsig_end(&t);
	}
}

static void
test_bad_key(void **state)
{
	(void)state;
	struct tsig_key other = key_of("other.example", TSIG_HMAC_SHA256);
	struct tsig_key wrong_alg = key_of("Test-Key.example",
	    TSIG_HMAC_SHA512);
	const struct tsig_key *keys[] = { &other, &wrong_alg };
	struct tsig t, client;
	struct tsig_rr rr;
	size_t len = LOAD(sha256_request);
	assert_int_equal(tsig_check_request(&t, keys, 2, m, &len, NOW),
	    ERR_PEER_TSIG);
	assert_int_equal(t.error, RCODE_BADKEY);
	assert_null(t.key);
	assert_int_equal(len, sizeof sha256_request);
	len = plain(0x4242, 0x8009, "Example.com");
	assert_int_equal(tsig_sign_error(&t, m, &len, sizeof m, NOW), OK);
	assert_int_equal(tsig_rr_find(m, len, &rr), OK);
	assert_true(rr.is_present);
	assert_int_equal(rr.mac_len, 0);
	assert_int_equal(rr.error, RCODE_BADKEY);
	assert_int_equal(rr.original_id, 0x4242);
	assert_true(name_equal(rr.key.octets, wrong_alg.name.octets));
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	client = (struct tsig){ .key = &key, .is_first = true };
	assert_int_equal(tsig_check_answer(&client, m, &len, NOW),
	    ERR_PEER_TSIG);
	assert_int_equal(client.error, RCODE_BADKEY);
	assert_false(tsig_answer_is_complete(&client));
}

static void
test_bad_sig(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	struct tsig t;
	struct tsig_rr rr;
	size_t len = LOAD(sha256_request);
	m[14] ^= 0x20;
	assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW),
	    ERR_PEER_TSIG);
	assert_int_equal(t.error, RCODE_BADSIG);
	assert_null(t.key);
	len = plain(1, 0x8009, "x");
	assert_int_equal(tsig_sign_error(&t, m, &len, sizeof m, NOW), OK);
	assert_int_equal(tsig_rr_find(m, len, &rr), OK);
	assert_int_equal(rr.mac_len, 0);
	assert_int_equal(rr.error, RCODE_BADSIG);
}

static void
test_bad_time(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	static const int64_t off[] = { 301, -301, 1000000 };
	for (size_t i = 0; i < 3; i++) {
		struct tsig t, client;
		struct tsig_rr rr;
		int64_t now = NOW + off[i];
		size_t len = plain(0x4242, 0, "Example.com");
		assert_int_equal(tsig_sign_request(&client, &key, m, &len,
		    sizeof m, NOW), OK);
		assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, now),
		    ERR_PEER_TSIG);
		assert_int_equal(t.error, RCODE_BADTIME);
		len = plain(0x4242, 0x8009, "Example.com");
		assert_int_equal(tsig_sign_error(&t, m, &len, sizeof m, now),
		    OK);
		assert_int_equal(tsig_rr_find(m, len, &rr), OK);
		assert_int_equal(rr.mac_len, 32);
		assert_int_equal(rr.time_s, NOW);
		assert_int_equal(rr.other_len, 6);
		assert_int_equal(octets_u32(rr.other + 2), now);
		assert_true(len <= 29 + tsig_room(&key));
		/* The client can tell that it is genuine. */
		assert_int_equal(tsig_check_answer(&client, m, &len, NOW),
		    ERR_PEER_TSIG);
		assert_int_equal(client.error, RCODE_BADTIME);
		tsig_end(&t);
		tsig_end(&client);
	}
}

/* Cuts the MAC of the request in m to so many octets. */
static size_t
truncate_mac(size_t len, size_t keep)
{
	struct tsig_rr rr;
	uint8_t mac[64];
	assert_int_equal(tsig_rr_find(m, len, &rr), OK);
	memcpy(mac, rr.mac, rr.mac_len);
	rr.mac = mac;
	rr.mac_len = (uint16_t)keep;
	len = rr.start;
	octets_set_u16(m + 10, 0);
	assert_true(tsig_rr_put(m, &len, sizeof m, &rr));
	return len;
}

static void
test_truncated(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	struct tsig t;
	for (size_t keep = 0; keep <= 33; keep++) {
		size_t len = LOAD(sha256_request);
		len = truncate_mac(len, keep);
		enum err e = tsig_check_request(&t, keys, 1, m, &len, NOW);
		assert_int_equal(e, keep >= 16 && keep <= 32 ? OK :
		    ERR_PEER_FORMAT);
		assert_int_equal(t.key != NULL, e == OK);
		if (e == OK)
			assert_int_equal(t.mac_len, keep);
		tsig_end(&t);
	}
	key = key_of("Test-Key.example", TSIG_HMAC_MD5);
	for (size_t keep = 8; keep <= 16; keep++) {
		size_t len = LOAD(md5_request);
		len = truncate_mac(len, keep);
		assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW),
		    keep >= 10 ? OK : ERR_PEER_FORMAT);
		tsig_end(&t);
	}
}

static void
test_place(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA256);
	const struct tsig_key *keys[] = { &key };
	struct tsig t;
	/* No TSIG at all. */
	size_t len = plain(1, 0, "x");
	assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW), OK);
	assert_null(t.key);
	/* Twice. */
	struct tsig_rr rr;
	len = LOAD(sha256_request);
	assert_int_equal(tsig_rr_find(m, len, &rr), OK);
	size_t rr_octets = len - rr.start;
	memcpy(m + len, m + rr.start, rr_octets);
	octets_set_u16(m + 10, 2);
	len += rr_octets;
	assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW),
	    ERR_PEER_FORMAT);
	/* Not last. */
	static const uint8_t opt[] = { 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0 };
	len = LOAD(sha256_request);
	memcpy(m + len, opt, sizeof opt);
	octets_set_u16(m + 10, 2);
	len += sizeof opt;
	assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW),
	    ERR_PEER_FORMAT);
	/* In the answer section: last of its section, but not additional. */
	len = LOAD(sha256_request);
	octets_set_u16(m + 6, 1);
	octets_set_u16(m + 10, 0);
	assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW),
	    ERR_PEER_FORMAT);
	/* Octets behind it. */
	len = LOAD(sha256_request) + 1;
	assert_int_equal(tsig_check_request(&t, keys, 1, m, &len, NOW),
	    ERR_PEER_FORMAT);
	/* Cut off anywhere: never accepted, never read beyond. */
	for (size_t cut = 0; cut < sizeof sha256_request; cut++) {
		uint8_t *exact = malloc(cut + 1);
		memcpy(exact, sha256_request, cut);
		len = cut;
		assert_int_equal(tsig_check_request(&t, keys, 1, exact, &len,
		    NOW), ERR_PEER_FORMAT);
		free(exact);
	}
}

static void
test_no_key(void **state)
{
	(void)state;
	struct tsig t;
	size_t len = plain(1, 0, "x"), before = len;
	assert_int_equal(tsig_sign_request(&t, NULL, m, &len, sizeof m, NOW),
	    OK);
	assert_int_equal(len, before);
	assert_int_equal(tsig_check_answer(&t, m, &len, NOW), OK);
	assert_true(tsig_answer_is_complete(&t));
	assert_int_equal(tsig_sign_answer(&t, m, &len, sizeof m, NOW), OK);
	assert_int_equal(len, before);
	len = LOAD(sha256_answer);
	assert_int_equal(tsig_check_answer(&t, m, &len, NOW), ERR_PEER_TSIG);
	assert_int_equal(tsig_room(NULL), 0);
}

static void
test_room(void **state)
{
	(void)state;
	struct tsig_key key = key_of("Test-Key.example", TSIG_HMAC_SHA512);
	struct tsig t;
	size_t start = plain(1, 0, "x");
	for (size_t room = start; room < start + tsig_room(&key); room++) {
		size_t len = start;
		uint8_t beyond = m[room] = 0xee;
		enum err e = tsig_sign_request(&t, &key, m, &len, room, NOW);
		assert_int_equal(e, room < start + tsig_room(&key) - 6 ?
		    ERR_FULL : OK);
		assert_int_equal(m[room], beyond);
		if (e == OK)
			octets_set_u16(m + 10, 0);
		else
			assert_int_equal(len, start);
		tsig_end(&t);
	}
}

static void
test_alg_text(void **state)
{
	(void)state;
	static const struct { const char *text; int alg; } good[] = {
		{ "hmac-md5", TSIG_HMAC_MD5 }, { "MD5", TSIG_HMAC_MD5 },
		{ "hmac-md5.sig-alg.reg.int", TSIG_HMAC_MD5 },
		{ "HMAC-MD5.SIG-ALG.REG.INT.", TSIG_HMAC_MD5 },
		{ "sha1", TSIG_HMAC_SHA1 }, { "hmac-sha224", TSIG_HMAC_SHA224 },
		{ "Hmac-Sha256.", TSIG_HMAC_SHA256 },
		{ "sha384", TSIG_HMAC_SHA384 }, { "sha512", TSIG_HMAC_SHA512 } };
	static const char *const bad[] = { "", ".", "hmac-", "hmac-sha",
		"sha2566", "hmac-sha2", "gss-tsig", "hmac-sha256.." };
	enum tsig_alg alg;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(tsig_alg_from_text(good[i].text, &alg));
		assert_int_equal(alg, good[i].alg);
		enum tsig_alg back;
		assert_true(tsig_alg_from_text(tsig_alg_text(alg), &back));
		assert_int_equal(alg, back);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(tsig_alg_from_text(bad[i], &alg));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_unsigned_between),
		cmocka_unit_test(test_each_octet_counts),
		cmocka_unit_test(test_bad_key),
		cmocka_unit_test(test_bad_sig),
		cmocka_unit_test(test_bad_time),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_alg_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tsig.c - transaction signatures (RFC 8945): what is digested, in which
 * order it is checked, what an error answer says.
 * Runs in: workers (server side), xfrd (client side). No I/O; the time is
 * given. Refuse by default: a message counts as signed only after its MAC was
 * compared in constant time, over its full received length. */
#include "dns/tsig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <strings.h>

#include "base/buf.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "dns/tsig_wire.h"

#define FUDGE_S 300		/* RFC 8945 10 */
#define MAC_LEAST 10		/* RFC 8945 5.2.2.1 */
#define UNSIGNED_RUN_MAX 99	/* RFC 8945 5.3.1 */

static const struct {
	const char *text;	/* for people and configuration */
	const char *digest;	/* for OpenSSL */
	uint8_t mac_len;
	const char *wire;	/* the name, in wire format */
} algs[] = {
	[TSIG_HMAC_MD5] = { "hmac-md5", "MD5", 16,
		"\10hmac-md5\7sig-alg\3reg\3int" },
	[TSIG_HMAC_SHA1] = { "hmac-sha1", "SHA1", 20, "\11hmac-sha1" },
	[TSIG_HMAC_SHA224] = { "hmac-sha224", "SHA224", 28, "\13hmac-sha224" },
	[TSIG_HMAC_SHA256] = { "hmac-sha256", "SHA256", 32, "\13hmac-sha256" },
	[TSIG_HMAC_SHA384] = { "hmac-sha384", "SHA384", 48, "\13hmac-sha384" },
	[TSIG_HMAC_SHA512] = { "hmac-sha512", "SHA512", 64, "\13hmac-sha512" }
};
#define ALGS (sizeof algs / sizeof *algs)

static const uint8_t *
alg_name(enum tsig_alg alg)
{
	return (const uint8_t *)algs[alg].wire;
}

/* With or without "hmac-" and the final dot; len is without the dot. */
static bool
alg_is_called(enum tsig_alg alg, const char *text, size_t len)
{
	const char *name = algs[alg].text, *digest = name + strlen("hmac-");
	return (len == strlen(name) && strncasecmp(text, name, len) == 0) ||
	    (len == strlen(digest) && strncasecmp(text, digest, len) == 0);
}

bool
tsig_alg_from_text(const char *text, enum tsig_alg *alg)
{
	static const char old_md5[] = "hmac-md5.sig-alg.reg.int";
	size_t len = strlen(text);
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == strlen(old_md5) && strncasecmp(text, old_md5, len) == 0) {
		*alg = TSIG_HMAC_MD5;
		return true;
	}
	for (unsigned i = 0; i < ALGS; i++)
		if (alg_is_called(i, text, len)) {
			*alg = i;
			return true;
		}
	return false;
}

const char *
tsig_alg_text(enum tsig_alg alg)
{
	return algs[alg].text;
}

size_t
tsig_room(const struct tsig_key *key)
{
	if (key == NULL)
		return 0;
	return name_len(key->name.octets) + 10 + name_len(alg_name(key->alg)) +
	    16 + algs[key->alg].mac_len + 6;
}

/* A digest begun with the key. */
static EVP_MAC_CTX *
digest_new(const struct tsig_key *key)
{
	static EVP_MAC *hmac;	/* fetched once; forks share it */
	if (hmac == NULL)
		hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *d = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
	/* OpenSSL does not write into it, its type says otherwise. */
	union { const char *in; char *out; } name = { algs[key->alg].digest };
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		    name.out, 0),
		OSSL_PARAM_construct_end()
	};
	if (d != NULL && EVP_MAC_init(d, key->secret, key->secret_len,
	    params) == 1)
		return d;
	EVP_MAC_CTX_free(d);
	return NULL;
}

/* A MAC of an earlier message, length first. */
static bool
digest_mac(EVP_MAC_CTX *d, const uint8_t *mac, size_t len)
{
	uint8_t prefix[2];
	octets_set_u16(prefix, (uint16_t)len);
	return EVP_MAC_update(d, prefix, 2) && EVP_MAC_update(d, mac, len);
}

/* The message as it was before the TSIG record was put: original id, ARCOUNT
 * without it (RFC 8945 4.3.2). */
static bool
digest_message(EVP_MAC_CTX *d, const uint8_t *octets, size_t len,
    uint16_t original_id, bool carries_tsig)
{
	uint8_t header[MSG_HEADER_OCTETS];
	memcpy(header, octets, sizeof header);
	octets_set_u16(header, original_id);
	if (carries_tsig)
		octets_set_u16(header + 10,
		    (uint16_t)(octets_u16(header + 10) - 1));
	return EVP_MAC_update(d, header, sizeof header) &&
	    EVP_MAC_update(d, octets + sizeof header, len - sizeof header);
}

static void
put_timers(struct buf *b, const struct tsig_rr *t)
{
	bool fits = buf_put_u16(b, (uint16_t)(t->time_s >> 32)) &&
	    buf_put_u32(b, (uint32_t)t->time_s) &&
	    buf_put_u16(b, t->fudge_s);
	ASSERT(fits);
}

/* RFC 8945 4.3.3: all variables, names in canonical form; from the second
 * message of an answer on only the timers (5.3.1). */
static bool
digest_variables(EVP_MAC_CTX *d, const struct tsig_rr *t, bool only_timers)
{
	uint8_t octets[2 * NAME_MAX_OCTETS + 32];
	struct buf b = buf_of(octets, sizeof octets);
	if (only_timers) {
		put_timers(&b, t);
		return EVP_MAC_update(d, octets, b.at);
	}
	struct name key = t->key, alg = t->alg;
	name_lower(key.octets);
	name_lower(alg.octets);
	bool fits = buf_put(&b, key.octets, name_len(key.octets)) &&
	    buf_put_u16(&b, CLASS_ANY) && buf_put_u32(&b, 0) &&
	    buf_put(&b, alg.octets, name_len(alg.octets));
	ASSERT(fits);
	put_timers(&b, t);
	fits = buf_put_u16(&b, t->error) && buf_put_u16(&b, t->other_len);
	ASSERT(fits);
	return EVP_MAC_update(d, octets, b.at) &&
	    EVP_MAC_update(d, t->other, t->other_len);
}

/* What follows the last MAC in the digest; begun when first needed, freed
 * when it was used. */
static EVP_MAC_CTX *
running_digest(struct tsig *t)
{
	EVP_MAC_CTX *d = t->running;
	if (d == NULL) {
		d = digest_new(t->key);
		if (d != NULL && t->mac_len > 0 &&
		    !digest_mac(d, t->mac, t->mac_len)) {
			EVP_MAC_CTX_free(d);
			d = NULL;
		}
		t->running = d;
	}
	return d;
}

void
tsig_end(struct tsig *t)
{
	EVP_MAC_CTX_free(t->running);
	t->running = NULL;
}

/* The MAC of a message of len octets (TSIG not counted). */
static enum err
compute(struct tsig *t, const uint8_t *octets, size_t len,
    const struct tsig_rr *rr, uint8_t mac[TSIG_MAC_MAX])
{
	size_t put = 0;
	EVP_MAC_CTX *d = running_digest(t);
	bool good = d != NULL &&
	    digest_message(d, octets, len, rr->original_id, rr->is_present) &&
	    digest_variables(d, rr, !t->is_first) &&
	    EVP_MAC_final(d, mac, &put, TSIG_MAC_MAX) == 1 &&
	    put == algs[t->key->alg].mac_len;
	tsig_end(t);
	return good ? OK : ERR_CRYPTO;
}

/* The record that we would send now, without its MAC. */
static struct tsig_rr
record_of(const struct tsig_key *key, const uint8_t *octets, int64_t now_s)
{
	struct tsig_rr rr = { .time_s = (uint64_t)now_s, .fudge_s = FUDGE_S,
		.original_id = octets_u16(octets) };
	name_copy(&rr.key, key->name.octets);
	name_copy(&rr.alg, alg_name(key->alg));
	return rr;
}

static enum err
sign(struct tsig *t, struct tsig_rr *rr, uint8_t *octets, size_t *len,
    size_t room)
{
	uint8_t mac[TSIG_MAC_MAX];
	enum err e = compute(t, octets, *len, rr, mac);
	if (e != OK)
		return e;
	rr->mac = mac;
	rr->mac_len = algs[t->key->alg].mac_len;
	if (!tsig_rr_put(octets, len, room, rr))
		return ERR_FULL;
	memcpy(t->mac, mac, rr->mac_len);
	t->mac_len = rr->mac_len;
	return OK;
}

enum err
tsig_sign_request(struct tsig *t, const struct tsig_key *key, uint8_t *octets,
    size_t *len, size_t room, int64_t now_s)
{
	*t = (struct tsig){ .key = key, .is_first = true };
	if (key == NULL)
		return OK;
	ASSERT(*len >= MSG_HEADER_OCTETS);
	struct tsig_rr rr = record_of(key, octets, now_s);
	t->request_time_s = rr.time_s;
	return sign(t, &rr, octets, len, room);
}

enum err
tsig_sign_answer(struct tsig *t, uint8_t *octets, size_t *len, size_t room,
    int64_t now_s)
{
	if (t->key == NULL)
		return OK;
	ASSERT(*len >= MSG_HEADER_OCTETS);
	struct tsig_rr rr = record_of(t->key, octets, now_s);
	enum err e = sign(t, &rr, octets, len, room);
	if (e == OK)
		t->is_first = false;
	return e;
}

enum err
tsig_sign_error(struct tsig *t, uint8_t *octets, size_t *len, size_t room,
    int64_t now_s)
{
	uint8_t server_time[6];
	if (t->error == 0)
		return tsig_sign_answer(t, octets, len, room, now_s);
	ASSERT(*len >= MSG_HEADER_OCTETS);
	struct tsig_rr rr = { .key = t->peer_key, .alg = t->peer_alg,
		.time_s = (uint64_t)now_s, .fudge_s = FUDGE_S,
		.original_id = octets_u16(octets), .error = t->error };
	if (t->key == NULL)
		return tsig_rr_put(octets, len, room, &rr) ? OK : ERR_FULL;
	if (t->error == RCODE_BADTIME) {
		rr.time_s = t->request_time_s;
		octets_set_u16(server_time, (uint16_t)(now_s >> 32));
		octets_set_u32(server_time + 2, (uint32_t)now_s);
		rr.other = server_time;
		rr.other_len = sizeof server_time;
	}
	return sign(t, &rr, octets, len, room);
}

/* RFC 8945 5.2.2.1. */
static bool
mac_len_is_legal(const struct tsig_key *key, size_t mac_len)
{
	size_t whole = algs[key->alg].mac_len;
	size_t least = whole / 2 > MAC_LEAST ? whole / 2 : MAC_LEAST;
	return mac_len >= least && mac_len <= whole;
}

static bool
time_is_near(const struct tsig_rr *rr, int64_t now_s)
{
	uint64_t now = (uint64_t)now_s;
	uint64_t apart = now > rr->time_s ? now - rr->time_s : rr->time_s - now;
	return apart <= rr->fudge_s;
}

static bool
key_matches(const struct tsig_key *key, const struct tsig_rr *rr)
{
	return name_equal(key->name.octets, rr->key.octets) &&
	    name_equal(alg_name(key->alg), rr->alg.octets);
}

/* Key and MAC are right, and only then the time is looked at (RFC 8945 5.2).
 * On success the MAC is the one that the next digest starts with. */
static enum err
verify(struct tsig *t, const uint8_t *octets, const struct tsig_rr *rr,
    int64_t now_s)
{
	uint8_t mac[TSIG_MAC_MAX];
	enum err e = compute(t, octets, rr->start, rr, mac);
	if (e != OK)
		return e;
	if (CRYPTO_memcmp(mac, rr->mac, rr->mac_len) != 0) {
		t->error = RCODE_BADSIG;
		return ERR_PEER_TSIG;
	}
	memcpy(t->mac, rr->mac, rr->mac_len);
	t->mac_len = rr->mac_len;
	if (!time_is_near(rr, now_s)) {
		t->error = RCODE_BADTIME;
		return ERR_PEER_TSIG;
	}
	return OK;
}

static void
strip(uint8_t *octets, size_t *len, const struct tsig_rr *rr)
{
	*len = rr->start;
	octets_set_u16(octets + 10, (uint16_t)(octets_u16(octets + 10) - 1));
}

enum err
tsig_check_request(struct tsig *t, const struct tsig_key *const *keys,
    size_t n, uint8_t *octets, size_t *len, int64_t now_s)
{
	struct tsig_rr rr;
	*t = (struct tsig){ .is_first = true };
	enum err e = tsig_rr_find(octets, *len, &rr);
	if (e != OK || !rr.is_present)
		return e;
	t->peer_key = rr.key;
	t->peer_alg = rr.alg;
	t->request_time_s = rr.time_s;
	t->error = RCODE_BADKEY;
	for (size_t i = 0; i < n && t->key == NULL; i++)
		if (key_matches(keys[i], &rr))
			t->key = keys[i];
	if (t->key == NULL)
		return ERR_PEER_TSIG;
	t->error = 0;
	e = ERR_PEER_FORMAT;
	if (mac_len_is_legal(t->key, rr.mac_len))
		e = verify(t, octets, &rr, now_s);
	/* Only a BADTIME answer is signed. */
	if (e != OK && t->error != RCODE_BADTIME)
		t->key = NULL;
	if (e == OK)
		strip(octets, len, &rr);
	return e;
}

/* A message without TSIG counts only between signed ones. */
static enum err
take_unsigned(struct tsig *t, const uint8_t *octets, size_t len)
{
	if (t->is_first || t->unsigned_run >= UNSIGNED_RUN_MAX)
		return ERR_PEER_TSIG;
	EVP_MAC_CTX *d = running_digest(t);
	if (d == NULL || EVP_MAC_update(d, octets, len) != 1)
		return ERR_CRYPTO;
	t->unsigned_run++;
	return OK;
}

enum err
tsig_check_answer(struct tsig *t, uint8_t *octets, size_t *len, int64_t now_s)
{
	struct tsig_rr rr;
	enum err e = tsig_rr_find(octets, *len, &rr);
	if (e != OK)
		return e;
	if (t->key == NULL)
		return rr.is_present ? ERR_PEER_TSIG : OK;
	if (!rr.is_present)
		return take_unsigned(t, octets, *len);
	if (!key_matches(t->key, &rr)) {
		t->error = RCODE_BADKEY;
		return ERR_PEER_TSIG;
	}
	if (rr.mac_len == 0 && rr.error != 0) {	/* RFC 8945 5.3.2 */
		t->error = rr.error;
		return ERR_PEER_TSIG;
	}
	if (!mac_len_is_legal(t->key, rr.mac_len)) {
		t->error = RCODE_BADTRUNC;
		return ERR_PEER_TSIG;
	}
	if ((e = verify(t, octets, &rr, now_s)) != OK)
		return e;
	if (rr.error != 0) {
		t->error = rr.error;
		return ERR_PEER_TSIG;
	}
	strip(octets, len, &rr);
	t->is_first = false;
	t->unsigned_run = 0;
	return OK;
}

bool
tsig_answer_is_complete(const struct tsig *t)
{
	return t->key == NULL || (!t->is_first && t->unsigned_run == 0);
}

/* tsig.h - transaction signatures (RFC 8945). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

enum tsig_alg {
	TSIG_HMAC_MD5, TSIG_HMAC_SHA1, TSIG_HMAC_SHA224, TSIG_HMAC_SHA256,
	TSIG_HMAC_SHA384, TSIG_HMAC_SHA512
};
#define TSIG_MAC_MAX 64

struct tsig_key {
	struct name name;
	enum tsig_alg alg;
	const uint8_t *secret;
	size_t secret_len;
};

/* "hmac-sha256", "sha256", "hmac-md5.sig-alg.reg.int"; case-insensitive. */
MUST_CHECK bool tsig_alg_from_text(const char *text, enum tsig_alg *alg);
const char *tsig_alg_text(enum tsig_alg alg);	/* "hmac-sha256" */

/* State of one signed exchange: the request's MAC and, over several messages,
 * the running digest (RFC 8945 5.3.1). */
struct tsig {
	const struct tsig_key *key;	/* null: the exchange is unsigned */
	uint8_t mac[TSIG_MAC_MAX];	/* last MAC sent or accepted */
	size_t mac_len;
	uint16_t error;			/* BADKEY, BADSIG, BADTIME ... or 0 */
	uint64_t request_time_s;	/* for the BADTIME reply */
	unsigned unsigned_run;		/* messages since the last signed one */
	bool is_first;			/* none answered or accepted yet */
	void *running;			/* digest under way (EVP_MAC_CTX) */
	struct name peer_key, peer_alg;	/* as in the request, for errors */
};

/* Octets that signing with this key adds to a message at most; null: 0. */
size_t tsig_room(const struct tsig_key *key);

/* Client: sign the request in octets[0..*len), room octets; starts t. */
MUST_CHECK enum err tsig_sign_request(struct tsig *t,
    const struct tsig_key *key, uint8_t *octets, size_t *len, size_t room,
    int64_t now_s);
/* Client: check one answer message. Unsigned messages are accepted between
 * signed ones (at most 99), never as the first; must_be_signed for the last.
 * On success *len is shortened by the TSIG record and ARCOUNT is lowered.
 * ERR_PEER_TSIG otherwise (t->error says how; also when the peer reports an
 * error). With a null key: a message that carries TSIG is refused. */
MUST_CHECK enum err tsig_check_answer(struct tsig *t, uint8_t *octets,
    size_t *len, int64_t now_s);
/* After the last message: true if it was signed (or no key is used). */
bool tsig_answer_is_complete(const struct tsig *t);

/* Server: find the key that signed the request. keys: n pointers. Result OK:
 * unsigned (t->key null) or verified (t->key set; *len shortened, ARCOUNT
 * lowered). ERR_PEER_TSIG: t->error set, answer with NOTAUTH and
 * tsig_sign_error. ERR_PEER_FORMAT: TSIG not last, or twice, or
 * its MAC longer than the algorithm's or shorter than half of it or 10 octets
 * (RFC 8945 5.2.2.1): FORMERR. Starts t whatever stood in it (tsig_end first
 * when it was used before). */
MUST_CHECK enum err tsig_check_request(struct tsig *t,
    const struct tsig_key *const *keys, size_t n, uint8_t *octets,
    size_t *len, int64_t now_s);
/* Server: sign one answer message (each message of a transfer). */
MUST_CHECK enum err tsig_sign_answer(struct tsig *t, uint8_t *octets,
    size_t *len, size_t room, int64_t now_s);
/* Server: the TSIG record of an error answer (RFC 8945 5.2, 5.3.2): unsigned
 * for BADKEY and BADSIG; for BADTIME signed, with the client's time as the
 * time signed and the server's in Other Data. The key name and algorithm of
 * the request are echoed. Without an error it is tsig_sign_answer. */
MUST_CHECK enum err tsig_sign_error(struct tsig *t, uint8_t *octets,
    size_t *len, size_t room, int64_t now_s);
/* Frees the running digest; the rest may be used again. */
void tsig_end(struct tsig *t);

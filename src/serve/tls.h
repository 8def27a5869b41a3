/* tls.h - the TLS service of a process (RFC 7858, RFC 8310) and one connection
 * of it. What it is made of comes as octets, so that a process without any
 * privilege can make it.
 * Runs in: worker; also wherever the files are checked (tls_files.h).
 *
 * Nothing here blocks: a connection says what it waits for. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tls_service;
struct tls_conn;

/* Of what the service is made: in this order, each with its length in four
 * octets in front. */
enum tls_part {
	TLS_CHAIN,	/* certificate, then intermediate ones: PEM */
	TLS_KEY,	/* its private key, without a passphrase: PEM */
	TLS_OCSP,	/* an OCSP response to staple: DER, or nothing */
	TLS_PARTS
};

#define TLS_WHY_MAX 160
struct tls_trouble {
	enum tls_part part;
	char why[TLS_WHY_MAX];
};

/* The octets are not needed afterwards. Otherwise *t says what is wrong. */
MUST_CHECK enum err tls_service_create(const uint8_t *octets, size_t len,
    struct tls_service **out, struct tls_trouble *t);
/* Is today outside the time for which the certificate holds? Then why says it.
 */
bool tls_service_is_out_of_date(const struct tls_service *s,
    char why[TLS_WHY_MAX]);
/* Its connections go on; null is accepted. */
void tls_service_destroy(struct tls_service **s);

/* With the same key every process can resume what another began (RFC 8446
 * section 2.2); before that only this one. */
#define TLS_TICKET_KEY_OCTETS 80
void tls_service_set_ticket_key(struct tls_service *s,
    const uint8_t key[TLS_TICKET_KEY_OCTETS]);

enum tls_result {
	TLS_DONE,
	TLS_WANTS_READ,		/* again when the socket is readable */
	TLS_WANTS_WRITE,	/* again when it is writable */
	TLS_ENDED,		/* the peer sends no more */
	TLS_FAILED		/* for good */
};

/* On a connected, non-blocking socket, which stays the caller's. Null when
 * memory is out. */
struct tls_conn *tls_conn_new(struct tls_service *s, int fd);
/* Says close_notify if that is possible at once, then frees and clears; null
 * is accepted. */
void tls_conn_end(struct tls_conn **c);

enum tls_result tls_handshake(struct tls_conn *c);
/* Has anything been read? */
bool tls_has_begun(const struct tls_conn *c);
/* *n: how many octets, at least one, when DONE. */
enum tls_result tls_read(struct tls_conn *c, uint8_t *octets, size_t room,
    size_t *n);
/* *n: how many of them were taken, at least one, when DONE. After WANTS_ the
 * same octets must come again, wherever they are then. */
enum tls_result tls_write(struct tls_conn *c, const uint8_t *octets,
    size_t len, size_t *n);
/* Was more read from the socket than was given out? Then waiting for the
 * socket may be in vain. */
bool tls_has_more(const struct tls_conn *c);

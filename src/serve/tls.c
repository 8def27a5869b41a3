/* tls.c - the TLS service of a process and one connection of it.
 * Runs in: worker; also wherever the files are checked. TLS 1.2 with forward
 * secrecy and authenticated encryption, or 1.3; no renegotiation, no
 * compression, no early data (RFC 9325). */
#include "serve/tls.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define CIPHERS_OF_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define TICKET_LIFETIME_S 3600

struct tls_service {
	SSL_CTX *context;
	unsigned users;		/* its connections, and its owner */
	uint8_t *ocsp;		/* to staple, or null */
	size_t ocsp_len;
};

struct tls_conn {
	struct tls_service *service;
	SSL *ssl;
	bool is_broken;		/* nothing more may be said on it */
};

static enum err
trouble(struct tls_trouble *t, enum tls_part part, const char *why)
{
	t->part = part;
	snprintf(t->why, sizeof(t->why), "%s", why);
	ERR_clear_error();
	return ERR_INPUT_SYNTAX;
}

/* What OpenSSL says, in its words. */
static enum err
trouble_of_library(struct tls_trouble *t, enum tls_part part,
    const char *what)
{
	char why[TLS_WHY_MAX];
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	snprintf(why, sizeof(why), "%s: %s", what, reason != NULL ? reason :
	    "no reason known");
	return trouble(t, part, why);
}

/* RFC 7301 section 3.2: who offers protocols, but not ours, is refused. */
static int
select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	static const uint8_t ours[] = { 3, 'd', 'o', 't' };
	unsigned char *found;
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&found, out_len, ours, sizeof(ours), in,
	    in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

static int
staple(SSL *ssl, void *arg)
{
	const struct tls_service *s = arg;
	if (s->ocsp == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	uint8_t *copy = OPENSSL_memdup(s->ocsp, s->ocsp_len);
	if (copy == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->ocsp_len);
	return SSL_TLSEXT_ERR_OK;
}

static int
no_passphrase(char *text, int room, int is_writing, void *arg)
{
	(void)text;
	(void)room;
	(void)is_writing;
	(void)arg;
	return -1;
}

static SSL_CTX *
context_new(struct tls_service *s)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	if (c == NULL)
		return NULL;
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c, CIPHERS_OF_1_2) != 1) {
		SSL_CTX_free(c);
		return NULL;
	}
	/* A peer that just closes is no error: a message that is not whole is
	 * not answered anyway. */
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* Sessions are kept by those who resume them. */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(c, TICKET_LIFETIME_S);
	SSL_CTX_set_num_tickets(c, 1);
	SSL_CTX_set_alpn_select_cb(c, select_protocol, NULL);
	SSL_CTX_set_tlsext_status_cb(c, staple);
	SSL_CTX_set_tlsext_status_arg(c, s);
	return c;
}

static BIO *
bio_of(const struct buf *b)
{
	return BIO_new_mem_buf(b->octets, (int)b->limit);
}

static bool
add_certificate(SSL_CTX *c, X509 *x, bool is_first)
{
	bool is_good = is_first ? SSL_CTX_use_certificate(c, x) == 1 :
	    SSL_CTX_add1_chain_cert(c, x) == 1;
	X509_free(x);
	return is_good;
}

static bool
is_end_of_pem(void)
{
	unsigned long e = ERR_peek_last_error();
	return ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static enum err
take_chain(SSL_CTX *c, const struct buf *b, struct tls_trouble *t)
{
	BIO *bio = bio_of(b);
	enum err e = OK;
	unsigned n = 0;
	X509 *x;
	if (bio == NULL)
		return trouble(t, TLS_CHAIN, "no memory");
	while (e == OK &&
	    (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
		if (!add_certificate(c, x, n++ == 0))
			e = trouble_of_library(t, TLS_CHAIN,
			    "a certificate is not taken");
	if (e == OK && (n == 0 || !is_end_of_pem()))
		e = trouble_of_library(t, TLS_CHAIN, n == 0 ?
		    "there is no certificate in it" :
		    "a certificate cannot be read");
	ERR_clear_error();
	BIO_free(bio);
	return e;
}

static enum err
take_key(SSL_CTX *c, const struct buf *b, struct tls_trouble *t)
{
	BIO *bio = bio_of(b);
	if (bio == NULL)
		return trouble(t, TLS_KEY, "no memory");
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
	    NULL);
	BIO_free(bio);
	if (key == NULL)
		return trouble_of_library(t, TLS_KEY, "there is no private "
		    "key in it that needs no passphrase");
	bool is_good = SSL_CTX_use_PrivateKey(c, key) == 1 &&
	    SSL_CTX_check_private_key(c) == 1;
	EVP_PKEY_free(key);
	return is_good ? OK : trouble_of_library(t, TLS_KEY,
	    "it does not belong to the certificate");
}

static enum err
take_ocsp(struct tls_service *s, const struct buf *b, struct tls_trouble *t)
{
	const uint8_t *at = b->octets;
	if (b->limit == 0)
		return OK;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)b->limit);
	if (r == NULL || at != b->octets + b->limit) {
		OCSP_RESPONSE_free(r);
		return trouble(t, TLS_OCSP,
		    "it is no OCSP response (DER, as openssl ocsp -respout "
		    "writes it)");
	}
	OCSP_RESPONSE_free(r);
	s->ocsp = malloc(b->limit);
	if (s->ocsp == NULL)
		return trouble(t, TLS_OCSP, "no memory");
	memcpy(s->ocsp, b->octets, b->limit);
	s->ocsp_len = b->limit;
	return OK;
}

static bool
split(const uint8_t *octets, size_t len, struct buf parts[TLS_PARTS])
{
	struct buf b = buf_reading(octets, len);
	for (unsigned i = 0; i < TLS_PARTS; i++) {
		const uint8_t *at;
		uint32_t n;
		if (!buf_take_u32(&b, &n) || n > INT32_MAX ||
		    !buf_take(&b, n, &at))
			return false;
		parts[i] = buf_reading(at, n);
	}
	return buf_left(&b) == 0;
}

enum err
tls_service_create(const uint8_t *octets, size_t len,
    struct tls_service **out, struct tls_trouble *t)
{
	struct buf parts[TLS_PARTS];
	struct tls_service *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return trouble(t, TLS_CHAIN, "no memory");
	s->users = 1;
	ERR_clear_error();
	enum err e = OK;
	if (!split(octets, len, parts))
		e = trouble(t, TLS_CHAIN, "its parts are not whole");
	else if ((s->context = context_new(s)) == NULL)
		e = trouble_of_library(t, TLS_CHAIN, "TLS cannot be set up");
	else
		e = take_chain(s->context, &parts[TLS_CHAIN], t);
	if (e == OK)
		e = take_key(s->context, &parts[TLS_KEY], t);
	if (e == OK)
		e = take_ocsp(s, &parts[TLS_OCSP], t);
	if (e != OK)
		tls_service_destroy(&s);
	else
		*out = s;
	return e;
}

static void
date_text(const ASN1_TIME *t, char text[32])
{
	struct tm tm;
	text[0] = '\0';
	if (ASN1_TIME_to_tm(t, &tm) == 1)
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

bool
tls_service_is_out_of_date(const struct tls_service *s,
    char why[TLS_WHY_MAX])
{
	const X509 *x = SSL_CTX_get0_certificate(s->context);
	char date[32];
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0) {
		date_text(X509_get0_notAfter(x), date);
		snprintf(why, TLS_WHY_MAX, "the certificate has expired at %s",
		    date);
		return true;
	}
	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0) {
		date_text(X509_get0_notBefore(x), date);
		snprintf(why, TLS_WHY_MAX, "the certificate holds only from "
		    "%s on", date);
		return true;
	}
	return false;
}

static void
service_let_go(struct tls_service *s)
{
	if (--s->users > 0)
		return;
	SSL_CTX_free(s->context);
	free(s->ocsp);
	free(s);
}

void
tls_service_destroy(struct tls_service **s)
{
	if (*s != NULL)
		service_let_go(*s);
	*s = NULL;
}

void
tls_service_set_ticket_key(struct tls_service *s,
    const uint8_t key[TLS_TICKET_KEY_OCTETS])
{
	uint8_t copy[TLS_TICKET_KEY_OCTETS];
	memcpy(copy, key, sizeof(copy));
	/* It would say false only if its idea of the length were another. */
	bool is_taken = SSL_CTX_set_tlsext_ticket_keys(s->context, copy,
	    sizeof(copy)) == 1;
	ASSERT(is_taken);
	OPENSSL_cleanse(copy, sizeof(copy));
}

struct tls_conn *
tls_conn_new(struct tls_service *s, int fd)
{
	struct tls_conn *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->ssl = SSL_new(s->context);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1) {
		SSL_free(c->ssl);
		free(c);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_accept_state(c->ssl);
	c->service = s;
	s->users++;
	return c;
}

void
tls_conn_end(struct tls_conn **out)
{
	struct tls_conn *c = *out;
	if (c == NULL)
		return;
	ERR_clear_error();
	if (!c->is_broken && SSL_is_init_finished(c->ssl))
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	service_let_go(c->service);
	free(c);
	*out = NULL;
}

static enum tls_result
result_of(struct tls_conn *c, int ret)
{
	if (ret == 1)
		return TLS_DONE;
	int error = SSL_get_error(c->ssl, ret);
	ERR_clear_error();
	switch (error) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANTS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	default:
		c->is_broken = true;
		return TLS_FAILED;
	}
}

enum tls_result
tls_handshake(struct tls_conn *c)
{
	ERR_clear_error();
	return result_of(c, SSL_do_handshake(c->ssl));
}

bool
tls_has_begun(const struct tls_conn *c)
{
	return BIO_number_read(SSL_get_rbio(c->ssl)) > 0;
}

enum tls_result
tls_read(struct tls_conn *c, uint8_t *octets, size_t room, size_t *n)
{
	ERR_clear_error();
	return result_of(c, SSL_read_ex(c->ssl, octets, room, n));
}

enum tls_result
tls_write(struct tls_conn *c, const uint8_t *octets, size_t len, size_t *n)
{
	ERR_clear_error();
	return result_of(c, SSL_write_ex(c->ssl, octets, len, n));
}

bool
tls_has_more(const struct tls_conn *c)
{
	return SSL_has_pending(c->ssl) == 1;
}

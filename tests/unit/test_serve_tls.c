/* test_serve_tls.c - the TLS service: what it is made of, handshakes, queries
 * and transfers, retirement, resumption. */
#include "tcp_kit.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include "serve/tls.h"

/* A key and a certificate for it, as the service takes them. */
struct identity {
	char *key, *chain;	/* PEM */
	X509 *x;
};

static char *
pem_text(BIO *bio)
{
	char *at, *text;
	long n = BIO_get_mem_data(bio, &at);
	text = strndup(at, (size_t)n);
	BIO_free(bio);
	return text;
}

static struct identity
identity_create(const char *name)
{
	struct identity id;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	assert_non_null(key);
	id.x = X509_new();
	ASN1_INTEGER_set(X509_get_serialNumber(id.x), 1);
	X509_gmtime_adj(X509_getm_notBefore(id.x), -60);
	X509_gmtime_adj(X509_getm_notAfter(id.x), 3600);
	X509_set_pubkey(id.x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(id.x), "CN",
	    MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(id.x, X509_get_subject_name(id.x));
	assert_true(X509_sign(id.x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0,
	    NULL, NULL), 1);
	id.key = pem_text(bio);
	bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(bio, id.x), 1);
	id.chain = pem_text(bio);
	EVP_PKEY_free(key);
	return id;
}

static void
identity_end(struct identity *id)
{
	free(id->key);
	free(id->chain);
	X509_free(id->x);
}

static void
add_part(struct octets *o, const void *octets, size_t len)
{
	uint8_t head[4];
	octets_set_u32(head, (uint32_t)len);
	assert_true(octets_add(o, head, 4) && octets_add(o, octets, len));
}

static struct octets
parts_of(const char *chain, const char *key, const void *ocsp,
    size_t ocsp_len)
{
	struct octets o = { 0 };
	add_part(&o, chain, strlen(chain));
	add_part(&o, key, strlen(key));
	add_part(&o, ocsp, ocsp_len);
	return o;
}

static struct tls_service *
service_of(const struct identity *id)
{
	struct octets o = parts_of(id->chain, id->key, "", 0);
	struct tls_service *s;
	struct tls_trouble t;
	assert_int_equal(tls_service_create(o.at, o.len, &s, &t), OK);
	octets_free(&o);
	return s;
}

/* ---- a world with TLS ---- */

static struct world *
tls_world_create(const struct identity *id)
{
	struct world *w = world_create();
	w->hooks.hand_over = hand_over;
	assert_int_equal(serve_tcp_create(w->base, &w->kit->serve,
	    &w->limits, &w->hooks, &w->tcp), OK);
	serve_tcp_set_tls(w->tcp, service_of(id));
	assert_int_equal(serve_tcp_listen_tls(w->tcp, w->listener), OK);
	return w;
}

static SSL_CTX *
client_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	assert_non_null(c);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT);
	return c;
}

static bool
shakes_hands(struct client *c)
{
	return SSL_do_handshake(c->ssl) == 1;
}

/* Nothing is sent yet. */
static struct client *
tls_client(struct world *w, SSL_CTX *context)
{
	struct client *c = client_connect(w);
	c->ssl = SSL_new(context);
	assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
	SSL_set_connect_state(c->ssl);
	return c;
}

static struct client *
tls_connect(struct world *w, SSL_CTX *context)
{
	struct client *c = tls_client(w, context);
	UNTIL(w, shakes_hands(c));
	return c;
}

static void
expect_ended_properly(struct world *w, struct client *c)
{
	uint8_t octet;
	UNTIL(w, client_sees_end(c));
	assert_false(c->is_reset);
	assert_true((SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
	/* FIN behind close_notify. */
	ssize_t n = -1;
	UNTIL(w, (n = recv(c->fd, &octet, 1, 0)) != -1 || errno != EAGAIN);
	assert_int_equal(n, 0);
}

/* ---- tests ---- */

static void
refuses(const char *chain, const char *key, const char *ocsp,
    enum tls_part part, const char *why)
{
	struct octets o = parts_of(chain, key, ocsp, strlen(ocsp));
	struct tls_service *s = NULL;
	struct tls_trouble t;
	assert_int_equal(tls_service_create(o.at, o.len, &s, &t),
	    ERR_INPUT_SYNTAX);
	assert_null(s);
	assert_int_equal(t.part, part);
	if (strstr(t.why, why) == NULL)
		fail_msg("%s", t.why);
	octets_free(&o);
}

static void
what_does_not_fit_is_refused(void **state)
{
	struct identity a = identity_create("a"), b = identity_create("b");
	struct tls_service *s = NULL;
	struct tls_trouble t;
	char *both;
	(void)state;
	refuses("", a.key, "", TLS_CHAIN, "no certificate");
	refuses("x", a.key, "", TLS_CHAIN, "no certificate");
	refuses(a.key, a.key, "", TLS_CHAIN, "no certificate");
	refuses(a.chain, "", "", TLS_KEY, "no private key");
	refuses(a.chain, a.chain, "", TLS_KEY, "no private key");
	refuses(a.chain, b.key, "", TLS_KEY, "does not belong");
	refuses(a.chain, a.key, "x", TLS_OCSP, "no OCSP response");
	assert_true(asprintf(&both, "%s%.*s\n", a.chain,
	    (int)strlen(b.chain) - 60, b.chain) > 0);
	refuses(both, a.key, "", TLS_CHAIN, "cannot be read");
	free(both);
	/* Intermediate certificates stand behind the first. */
	assert_true(asprintf(&both, "%s%s", a.chain, b.chain) > 0);
	struct octets o = parts_of(both, a.key, "", 0);
	free(both);
	assert_int_equal(tls_service_create(o.at, o.len, &s, &t), OK);
	tls_service_destroy(&s);
	/* Whatever is cut off, or too much. */
	for (size_t n = 0; n < o.len; n += n < 12 ? 1 : 97)
		assert_int_equal(tls_service_create(o.at, n, &s, &t),
		    ERR_INPUT_SYNTAX);
	assert_true(octets_add(&o, "x", 1));
	assert_int_equal(tls_service_create(o.at, o.len, &s, &t),
	    ERR_INPUT_SYNTAX);
	octets_free(&o);
	identity_end(&a);
	identity_end(&b);
}

static void
queries_are_answered(void **state)
{
	struct identity id = identity_create("a");
	struct world *w = tls_world_create(&id);
	SSL_CTX *context = client_context();
	struct client *c = tls_connect(w, context);
	uint8_t octets[3000];
	size_t len = 0;
	(void)state;
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	assert_int_equal(w->tcp->query.transport, SERVE_TLS);
	assert_int_equal(w->tcp->query.idle_timeout_100ms, 300);
	for (uint16_t i = 2; i < 52; i++)
		len += framed(octets + len, "web.example.", TYPE_A, i);
	client_send(c, octets, len);
	for (uint16_t i = 2; i < 52; i++)
		expect_answer(w, c, i);
	/* Octets in records of their own. */
	len = framed(octets, "web.example.", TYPE_A, 99);
	for (size_t i = 0; i < len; i++)
		client_send(c, octets + i, 1);
	expect_answer(w, c, 99);
	/* The end that the peer says is answered with ours. */
	assert_int_equal(SSL_shutdown(c->ssl), 0);
	expect_ended_properly(w, c);
	assert_int_equal(serve_tcp_count(w->tcp), 0);
	client_close(c);
	SSL_CTX_free(context);
	world_destroy(w);
	identity_end(&id);
}

static void
a_transfer_goes_to_a_slow_reader(void **state)
{
	struct identity id = identity_create("a");
	struct world *w = tls_world_create(&id);
	SSL_CTX *context = client_context();
	unsigned others;
	(void)state;
	load_large(w->kit);
	struct client *c = tls_connect(w, context);
	client_ask(c, "large.", TYPE_AXFR, 7);
	for (unsigned i = 0; i < 20; i++)
		turn(w);
	client_ask(c, "web.example.", TYPE_A, 8);
	client_ask(c, "web.example.", TYPE_A, 9);
	/* It does not move; it is finished, then ended. */
	UNTIL(w, client_read(c, 1));
	assert_int_equal(w->tcp->conns->transfer_count, 1);
	for (unsigned i = 0; i < 1000; i++) {
		client_read(c, 100);
		turn(w);
	}
	serve_tcp_retire(w->tcp);
	assert_int_equal(read_transfer(w, c, 7, &others), LARGE_RECORDS + 2);
	assert_in_range(others, 0, 2);
	expect_ended_properly(w, c);
	UNTIL(w, w->ended > 0);
	assert_int_equal(w->over.calls, 0);
	client_close(c);
	SSL_CTX_free(context);
	world_destroy(w);
	identity_end(&id);
}

static void
at_retirement_each_ends_in_its_way(void **state)
{
	struct identity id = identity_create("a");
	struct world *w = tls_world_create(&id);
	SSL_CTX *context = client_context();
	(void)state;
	struct client *idle = tls_connect(w, context);
	struct client *half = tls_connect(w, context);
	struct client *asked = tls_connect(w, context);
	struct client *fresh = tls_client(w, context);
	struct client *begun = tls_client(w, context);
	client_ask(idle, "web.example.", TYPE_A, 1);
	expect_answer(w, idle, 1);
	client_send(half, "\0", 1);
	assert_false(shakes_hands(begun));
	UNTIL(w, serve_tcp_count(w->tcp) == 5);
	for (unsigned i = 0; i < 10; i++)
		turn(w);
	client_ask(asked, "web.example.", TYPE_A, 2);
	poll(NULL, 0, 5);
	serve_tcp_retire(w->tcp);
	/* What nobody has read a word of moves. */
	assert_int_equal(w->over.calls, 1);
	assert_true(w->over.p.has_tls);
	assert_in_range(w->over.p.left_ms, 8000, 10000);
	expect_answer(w, asked, 2);
	expect_ended_properly(w, idle);
	expect_ended_properly(w, half);
	expect_ended_properly(w, asked);
	/* Its time has begun; it ends as if it had come to ask. */
	UNTIL(w, shakes_hands(begun));
	expect_ended_properly(w, begun);
	UNTIL(w, w->ended > 0);
	serve_tcp_destroy(&w->tcp);
	world_start(w);
	serve_tcp_set_tls(w->tcp, service_of(&id));
	adopt_given(w, &w->over);
	UNTIL(w, shakes_hands(fresh));
	client_ask(fresh, "web.example.", TYPE_A, 3);
	expect_answer(w, fresh, 3);
	client_close(idle);
	client_close(half);
	client_close(asked);
	client_close(fresh);
	client_close(begun);
	SSL_CTX_free(context);
	world_destroy(w);
	identity_end(&id);
}

static void
a_handshake_has_its_time(void **state)
{
	struct identity id = identity_create("a");
	struct world *w;
	SSL_CTX *context = client_context();
	(void)state;
	w = tls_world_create(&id);
	w->tcp->limits.timeout_s = 1;
	struct client *silent = tls_client(w, context);
	struct client *begun = tls_client(w, context);
	struct client *garbage = client_connect(w);
	assert_false(shakes_hands(begun));
	/* A hello of the server. */
	client_send(garbage, "\x16\3\1\0\4\2\0\0\0", 9);
	int64_t start_ms = clock_mono_ms();
	/* An alert, and no reset that may overtake it. */
	UNTIL(w, client_sees_end(garbage));
	assert_false(garbage->is_reset);
	assert_in_range(garbage->len, 7, 100);
	assert_int_equal(garbage->in[0], SSL3_RT_ALERT);
	UNTIL(w, serve_tcp_count(w->tcp) == 0);
	assert_in_range(clock_mono_ms() - start_ms, 900, 4000);
	client_close(silent);
	client_close(begun);
	client_close(garbage);
	SSL_CTX_free(context);
	world_destroy(w);
	identity_end(&id);
}

static void
expect_name(struct client *c, const struct identity *id)
{
	X509 *x = SSL_get1_peer_certificate(c->ssl);
	assert_int_equal(X509_cmp(x, id->x), 0);
	X509_free(x);
}

static void
a_new_certificate_is_for_new_connections(void **state)
{
	struct identity a = identity_create("a"), b = identity_create("b");
	struct world *w = tls_world_create(&a);
	SSL_CTX *context = client_context();
	(void)state;
	struct client *old = tls_connect(w, context);
	expect_name(old, &a);
	serve_tcp_set_tls(w->tcp, service_of(&b));
	struct client *new = tls_connect(w, context);
	expect_name(new, &b);
	client_ask(old, "web.example.", TYPE_A, 1);
	expect_answer(w, old, 1);
	client_ask(new, "web.example.", TYPE_A, 2);
	expect_answer(w, new, 2);
	client_close(old);
	client_close(new);
	SSL_CTX_free(context);
	world_destroy(w);
	identity_end(&a);
	identity_end(&b);
}

/* The session of a connection that was of use. */
static SSL_SESSION *
session_of(struct world *w, SSL_CTX *context)
{
	struct client *c = tls_connect(w, context);
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	SSL_SESSION *s = SSL_get1_session(c->ssl);
	assert_true(SSL_SESSION_is_resumable(s));
	SSL_shutdown(c->ssl);
	client_close(c);
	return s;
}

static bool
is_resumed(struct world *w, SSL_CTX *context, SSL_SESSION *s)
{
	struct client *c = tls_client(w, context);
	assert_int_equal(SSL_set_session(c->ssl, s), 1);
	UNTIL(w, shakes_hands(c));
	bool is_reused = SSL_session_reused(c->ssl) == 1;
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	client_close(c);
	return is_reused;
}

static void
who_has_the_ticket_key_resumes(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct identity id = identity_create("a");
	struct world *w = tls_world_create(&id);
	uint8_t key[TLS_TICKET_KEY_OCTETS] = { 1, 2, 3 };
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		SSL_CTX *context = client_context();
		SSL_CTX_set_min_proto_version(context, versions[i]);
		SSL_CTX_set_max_proto_version(context, versions[i]);
		struct tls_service *first = service_of(&id);
		key[0] = 1;
		tls_service_set_ticket_key(first, key);
		serve_tcp_set_tls(w->tcp, first);
		SSL_SESSION *s = session_of(w, context);
		struct tls_service *second = service_of(&id);
		tls_service_set_ticket_key(second, key);
		serve_tcp_set_tls(w->tcp, second);
		assert_true(is_resumed(w, context, s));
		key[0] = 2;
		tls_service_set_ticket_key(second, key);
		assert_false(is_resumed(w, context, s));
		SSL_SESSION_free(s);
		SSL_CTX_free(context);
	}
	world_destroy(w);
	identity_end(&id);
}

static void
only_our_protocol_is_agreed_on(void **state)
{
	static const uint8_t ours[] = "\2h2\3dot", other[] = "\2h2";
	struct identity id = identity_create("a");
	struct world *w = tls_world_create(&id);
	SSL_CTX *context = client_context();
	const uint8_t *name;
	unsigned len;
	(void)state;
	struct client *c = tls_client(w, context);
	SSL_set_alpn_protos(c->ssl, ours, sizeof(ours) - 1);
	UNTIL(w, shakes_hands(c));
	SSL_get0_alpn_selected(c->ssl, &name, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(name, "dot", 3);
	client_close(c);
	c = tls_client(w, context);
	SSL_set_alpn_protos(c->ssl, other, sizeof(other) - 1);
	UNTIL(w, shakes_hands(c) || SSL_get_error(c->ssl, -1) == SSL_ERROR_SSL);
	assert_false(SSL_is_init_finished(c->ssl));
	UNTIL(w, serve_tcp_count(w->tcp) == 0);
	client_close(c);
	SSL_CTX_free(context);
	world_destroy(w);
	identity_end(&id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(queries_are_answered),
		cmocka_unit_test(a_transfer_goes_to_a_slow_reader),
		cmocka_unit_test(at_retirement_each_ends_in_its_way),
		cmocka_unit_test(a_handshake_has_its_time),
		cmocka_unit_test(a_new_certificate_is_for_new_connections),
		cmocka_unit_test(who_has_the_ticket_key_resumes),
		cmocka_unit_test(only_our_protocol_is_agreed_on),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

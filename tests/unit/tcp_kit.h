/* tcp_kit.h - a TCP service and its clients in one loop on loopback, for the
 * tests of src/serve/tcp*.c and tls.c. */
#pragma once
#include "serve_kit.h"
#include "serve_zones.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/tcp.h"
#include "serve/tcp_conn.h"

#define PATIENCE_MS 10000
#define LARGE_RECORDS 60000

struct given {
	struct serve_tcp_passed p;	/* fd -1: nothing */
	uint8_t octets[SERVE_TCP_UNREAD_MAX];
	unsigned calls;
};

struct world {
	struct kit *kit;
	struct event_base *base;
	struct serve_tcp *tcp;
	int listener;
	struct addr addr;
	struct serve_tcp_limits limits;
	struct serve_tcp_hooks hooks;
	struct given over, back;
	unsigned ended;
	bool is_mine;
};

/* Reads framed messages. */
struct client {
	int fd;
	SSL *ssl;		/* null: plain */
	uint8_t in[256 * 1024];
	size_t len;
	bool is_closed, is_reset;
};

static inline void
took(struct given *g, const struct serve_tcp_passed *p)
{
	assert_int_equal(g->p.fd, -1);
	g->calls++;
	assert_true(p->len <= sizeof(g->octets));
	if (p->len > 0)
		memcpy(g->octets, p->octets, p->len);
	g->p = *p;
	g->p.octets = g->octets;
}

static inline void
hand_over(void *arg, const struct serve_tcp_passed *p)
{
	took(&((struct world *)arg)->over, p);
}

static inline void
hand_back(void *arg, const struct serve_tcp_passed *p)
{
	took(&((struct world *)arg)->back, p);
}

static inline bool
is_mine(void *arg, const uint8_t *qname, uint16_t qtype)
{
	(void)qname;
	(void)qtype;
	return ((struct world *)arg)->is_mine;
}

static inline void
ended(void *arg)
{
	((struct world *)arg)->ended++;
}

static inline void
load_large(struct kit *k)
{
	struct octets o = { 0 };
	kit_add_empty(k, 2, "large.");
	kit_lines(&o, "large. 300 IN SOA a. b. 1 2 3 4 5\n",
	    k->apexes[2].octets);
	for (unsigned i = 0; i < LARGE_RECORDS; i++) {
		char text[64];
		uint8_t rdata[16] = { 10, 0, (uint8_t)(i >> 16),
			(uint8_t)(i >> 8), (uint8_t)i };
		snprintf(text, sizeof(text), "h%06u.large.", i);
		struct name n = kit_name(text);
		kit_add_rr(&o, n.octets, TYPE_AAAA, 300, rdata, 16);
	}
	kit_commit(k, 2, &o);
	octets_free(&o);
	k->conf[2].provide_xfr = kit_acl(k, 2, "127.0.0.1", ACL_NOKEY);
}

/* Limits and hooks may be changed before world_start. */
static inline struct world *
world_create(void)
{
	struct world *w = calloc(1, sizeof(*w));
	w->kit = kit_create();
	w->kit->serve.minimal_responses = true;
	kit_add(w->kit, 1, "example.", zone_example, KIT_UNSIGNED);
	w->base = event_base_new();
	w->limits = (struct serve_tcp_limits){ .count = 10,
		.timeout_s = 30 };
	w->hooks = (struct serve_tcp_hooks){ .ended = ended, .arg = w };
	w->over.p.fd = w->back.p.fd = -1;
	assert_true(addr_parse("127.0.0.1", 0, &w->addr));
	/* Small buffers: a transfer cannot hide in the kernel. */
	struct sock_options small = { .send_octets = 65536,
		.receive_octets = 65536, .backlog = -1 };
	w->listener = sock_listen(&w->addr, &small);
	assert_true(w->listener >= 0);
	socklen_t len = sizeof(w->addr);
	assert_int_equal(getsockname(w->listener, &w->addr.sa, &len), 0);
	return w;
}

static inline void
world_start(struct world *w)
{
	assert_int_equal(serve_tcp_create(w->base, &w->kit->serve,
	    &w->limits, &w->hooks, &w->tcp), OK);
	assert_int_equal(serve_tcp_listen(w->tcp, w->listener), OK);
}

static inline void
world_destroy(struct world *w)
{
	serve_tcp_destroy(&w->tcp);
	if (w->over.p.fd != -1)
		close(w->over.p.fd);
	if (w->back.p.fd != -1)
		close(w->back.p.fd);
	close(w->listener);
	event_base_free(w->base);
	kit_destroy(&w->kit);
	free(w);
}

/* What was given goes to the service that there is now. */
static inline void
adopt_given(struct world *w, struct given *g)
{
	serve_tcp_adopt(w->tcp, &g->p);
	g->p.fd = -1;
}

static inline void
turn(struct world *w)
{
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	poll(NULL, 0, 1);
}

/* Turns the loop until the claim holds. */
#define UNTIL(w, claim)                                                        \
	do {                                                                   \
		int64_t since_ms = clock_mono_ms();                            \
		while (!(claim)) {                                             \
			assert_true(clock_mono_ms() - since_ms < PATIENCE_MS); \
			turn(w);                                               \
		}                                                              \
	} while (0)

static inline struct client *
client_of(int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	c->fd = fd;
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

static inline struct client *
client_connect(struct world *w)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 65536;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small,
	    sizeof(small)), 0);
	assert_int_equal(connect(fd, &w->addr.sa, addr_len(&w->addr)), 0);
	return client_of(fd);
}

static inline void
client_close(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static inline void
client_send(struct client *c, const void *octets, size_t len)
{
	if (c->ssl != NULL)
		assert_int_equal(SSL_write(c->ssl, octets, (int)len), len);
	else
		assert_int_equal(send(c->fd, octets, len, MSG_NOSIGNAL),
		    (ssize_t)len);
}

static inline size_t
framed(uint8_t *to, const char *name, uint16_t type, uint16_t id)
{
	size_t len = kit_question(to + 2, name, type, 0, 0);
	octets_set_u16(to, (uint16_t)len);
	octets_set_u16(to + 2, id);
	return len + 2;
}

static inline void
client_ask(struct client *c, const char *name, uint16_t type, uint16_t id)
{
	uint8_t octets[600];
	client_send(c, octets, framed(octets, name, type, id));
}

/* Reads at most so many octets. False: none came now. */
static inline bool
client_read(struct client *c, size_t most)
{
	size_t room = sizeof(c->in) - c->len;
	if (room > most)
		room = most;
	if (room == 0)
		return false;
	ssize_t n = c->ssl == NULL ? recv(c->fd, c->in + c->len, room, 0) :
	    SSL_read(c->ssl, c->in + c->len, (int)room);
	if (n > 0) {
		c->len += (size_t)n;
		return true;
	}
	if (c->ssl != NULL) {
		int error = SSL_get_error(c->ssl, (int)n);
		c->is_closed = error != SSL_ERROR_WANT_READ;
		c->is_reset = c->is_closed && error != SSL_ERROR_ZERO_RETURN;
	} else if (n == 0) {
		c->is_closed = true;
	} else if (errno != EAGAIN) {
		c->is_closed = c->is_reset = true;
	}
	return false;
}

static inline bool
client_has(struct client *c)
{
	while (client_read(c, sizeof(c->in)))
		;
	return c->len >= 2 && c->len >= 2 + (size_t)octets_u16(c->in);
}

/* Takes one message; gives its id and, in *answers, its ANCOUNT. */
static inline uint16_t
client_take(struct client *c, unsigned *answers)
{
	assert_true(client_has(c));
	size_t n = 2 + (size_t)octets_u16(c->in);
	uint16_t id = octets_u16(c->in + 2);
	*answers = octets_u16(c->in + 8);
	memmove(c->in, c->in + n, c->len - n);
	c->len -= n;
	return id;
}

static inline void
expect_answer(struct world *w, struct client *c, uint16_t id)
{
	unsigned answers;
	UNTIL(w, client_has(c));
	assert_int_equal(client_take(c, &answers), id);
	assert_int_equal(answers, 1);
}

static inline bool
client_sees_end(struct client *c)
{
	client_has(c);
	return c->is_closed;
}

/* Reads messages until the transfer with this id is whole; counts those with
 * other ids. */
static inline unsigned
read_transfer(struct world *w, struct client *c, uint16_t id,
    unsigned *others)
{
	unsigned sum = 0, answers;
	*others = 0;
	while (sum < LARGE_RECORDS + 2) {
		UNTIL(w, client_has(c));
		if (client_take(c, &answers) == id)
			sum += answers;
		else
			++*others;
	}
	return sum;
}

static inline void
expect_transfer(struct world *w, struct client *c, uint16_t id)
{
	unsigned others;
	assert_int_equal(read_transfer(w, c, id, &others), LARGE_RECORDS + 2);
	assert_int_equal(others, 0);
}

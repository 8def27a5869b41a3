/* test_serve_tcp.c - connections: framing, limits, transfers to slow readers,
 * hand-over and hand-back. Client and server share one loop on loopback. */
#include "serve_kit.h"
#include "serve_zones.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
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
	uint8_t in[256 * 1024];
	size_t len;
	bool is_closed, is_reset;
};

static void
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

static void
hand_over(void *arg, const struct serve_tcp_passed *p)
{
	took(&((struct world *)arg)->over, p);
}

static void
hand_back(void *arg, const struct serve_tcp_passed *p)
{
	took(&((struct world *)arg)->back, p);
}

static bool
is_mine(void *arg, const uint8_t *qname, uint16_t qtype)
{
	(void)qname;
	(void)qtype;
	return ((struct world *)arg)->is_mine;
}

static void
ended(void *arg)
{
	((struct world *)arg)->ended++;
}

static void
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
static struct world *
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

static void
world_start(struct world *w)
{
	assert_int_equal(serve_tcp_create(w->base, &w->kit->serve,
	    &w->limits, &w->hooks, &w->tcp), OK);
	assert_int_equal(serve_tcp_listen(w->tcp, w->listener), OK);
}

static void
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
static void
adopt_given(struct world *w, struct given *g)
{
	serve_tcp_adopt(w->tcp, &g->p);
	g->p.fd = -1;
}

static void
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

static struct client *
client_of(int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	c->fd = fd;
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

static struct client *
client_connect(struct world *w)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 65536;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small,
	    sizeof(small)), 0);
	assert_int_equal(connect(fd, &w->addr.sa, addr_len(&w->addr)), 0);
	return client_of(fd);
}

static void
client_close(struct client *c)
{
	close(c->fd);
	free(c);
}

static void
client_send(struct client *c, const void *octets, size_t len)
{
	assert_int_equal(send(c->fd, octets, len, MSG_NOSIGNAL),
	    (ssize_t)len);
}

static size_t
framed(uint8_t *to, const char *name, uint16_t type, uint16_t id)
{
	size_t len = kit_question(to + 2, name, type, 0, 0);
	octets_set_u16(to, (uint16_t)len);
	octets_set_u16(to + 2, id);
	return len + 2;
}

static void
client_ask(struct client *c, const char *name, uint16_t type, uint16_t id)
{
	uint8_t octets[600];
	client_send(c, octets, framed(octets, name, type, id));
}

static bool
client_has(struct client *c)
{
	while (c->len < sizeof(c->in)) {
		ssize_t n = recv(c->fd, c->in + c->len,
		    sizeof(c->in) - c->len, 0);
		if (n > 0) {
			c->len += (size_t)n;
			continue;
		}
		if (n == 0)
			c->is_closed = true;
		else if (errno != EAGAIN)
			c->is_closed = c->is_reset = true;
		break;
	}
	return c->len >= 2 && c->len >= 2 + (size_t)octets_u16(c->in);
}

/* Takes one message; gives its id and, in *answers, its ANCOUNT. */
static uint16_t
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

static void
expect_answer(struct world *w, struct client *c, uint16_t id)
{
	unsigned answers;
	UNTIL(w, client_has(c));
	assert_int_equal(client_take(c, &answers), id);
	assert_int_equal(answers, 1);
}

static bool
client_sees_end(struct client *c)
{
	client_has(c);
	return c->is_closed;
}

static void
queries_are_answered_in_order(void **state)
{
	struct world *w = world_create();
	uint8_t octets[2000];
	size_t len = 0;
	(void)state;
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	for (uint16_t id = 2; id < 42; id++)
		len += framed(octets + len, "web.example.", TYPE_A, id);
	client_send(c, octets, len);
	for (uint16_t id = 2; id < 42; id++)
		expect_answer(w, c, id);
	len = framed(octets, "web.example.", TYPE_A, 99);
	for (size_t i = 0; i < len; i++) {
		client_send(c, octets + i, 1);
		turn(w);
	}
	expect_answer(w, c, 99);
	assert_int_equal(serve_tcp_count(w->tcp), 1);
	assert_int_equal(w->kit->counters[COUNT_TCP], 42);
	client_close(c);
	UNTIL(w, serve_tcp_count(w->tcp) == 0);
	world_destroy(w);
}

static void
beyond_the_limit_connections_wait(void **state)
{
	struct world *w = world_create();
	struct client *c[3];
	(void)state;
	w->limits.count = 2;
	world_start(w);
	for (unsigned i = 0; i < 3; i++) {
		c[i] = client_connect(w);
		client_ask(c[i], "web.example.", TYPE_A, (uint16_t)i);
	}
	expect_answer(w, c[0], 0);
	expect_answer(w, c[1], 1);
	for (unsigned i = 0; i < 20; i++)
		turn(w);
	assert_false(client_has(c[2]));
	client_close(c[0]);
	expect_answer(w, c[2], 2);
	client_close(c[1]);
	client_close(c[2]);
	world_destroy(w);
}

static void
or_are_rejected(void **state)
{
	struct world *w = world_create();
	(void)state;
	w->limits.count = 1;
	w->limits.reject_overflow = true;
	world_start(w);
	struct client *a = client_connect(w);
	client_ask(a, "web.example.", TYPE_A, 1);
	expect_answer(w, a, 1);
	struct client *b = client_connect(w);
	UNTIL(w, client_sees_end(b));
	client_close(b);
	client_close(a);
	world_destroy(w);
}

static void
a_connection_ends_after_its_queries(void **state)
{
	struct world *w = world_create();
	uint8_t octets[200];
	(void)state;
	w->limits.query_count = 2;
	world_start(w);
	struct client *c = client_connect(w);
	size_t len = framed(octets, "web.example.", TYPE_A, 1);
	len += framed(octets + len, "web.example.", TYPE_A, 2);
	len += framed(octets + len, "web.example.", TYPE_A, 3);
	client_send(c, octets, len);
	expect_answer(w, c, 1);
	expect_answer(w, c, 2);
	UNTIL(w, client_sees_end(c));
	assert_false(c->is_reset);
	assert_int_equal(c->len, 0);
	client_close(c);
	UNTIL(w, serve_tcp_count(w->tcp) == 0);
	world_destroy(w);
}

static void
idle_connections_are_closed(void **state)
{
	struct world *w = world_create();
	(void)state;
	w->limits.timeout_s = 1;
	world_start(w);
	struct client *c = client_connect(w);
	client_send(c, "\0", 1);
	int64_t start_ms = clock_mono_ms();
	UNTIL(w, client_sees_end(c));
	assert_true(clock_mono_ms() - start_ms >= 900);
	client_close(c);
	world_destroy(w);
}

/* Reads messages until the transfer with this id is whole; counts those with
 * other ids. */
static unsigned
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

static void
expect_transfer(struct world *w, struct client *c, uint16_t id)
{
	unsigned others;
	assert_int_equal(read_transfer(w, c, id, &others), LARGE_RECORDS + 2);
	assert_int_equal(others, 0);
}

static void
a_slow_reader_delays_nobody(void **state)
{
	struct world *w = world_create();
	(void)state;
	load_large(w->kit);
	world_start(w);
	struct client *slow = client_connect(w);
	struct client *other = client_connect(w);
	client_ask(slow, "large.", TYPE_AXFR, 7);
	for (unsigned i = 0; i < 20; i++)
		turn(w);
	client_ask(other, "web.example.", TYPE_A, 1);
	expect_answer(w, other, 1);
	expect_transfer(w, slow, 7);
	client_close(slow);
	client_close(other);
	world_destroy(w);
}

/* RFC 7766 section 6.2.1.1: a transfer holds up nothing. */
static void
queries_are_answered_within_a_transfer(void **state)
{
	struct world *w = world_create();
	unsigned others;
	(void)state;
	load_large(w->kit);
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "large.", TYPE_AXFR, 7);
	UNTIL(w, client_has(c));
	client_ask(c, "web.example.", TYPE_A, 8);
	client_ask(c, "web.example.", TYPE_A, 9);
	assert_int_equal(read_transfer(w, c, 7, &others), LARGE_RECORDS + 2);
	assert_int_equal(others, 2);
	/* One that comes with it is answered before its end, too. */
	uint8_t octets[200];
	size_t len = framed(octets, "large.", TYPE_AXFR, 10);
	len += framed(octets + len, "web.example.", TYPE_A, 11);
	client_send(c, octets, len);
	assert_int_equal(read_transfer(w, c, 10, &others),
	    LARGE_RECORDS + 2);
	assert_int_equal(others, 1);
	client_close(c);
	world_destroy(w);
}

static void
transfers_wait_for_each_other(void **state)
{
	struct world *w = world_create();
	uint8_t octets[4000];
	size_t len = 0;
	enum { MANY = 20 };	/* more than are begun at a time */
	(void)state;
	load_large(w->kit);
	world_start(w);
	struct client *c = client_connect(w);
	for (uint16_t id = 0; id < MANY; id++)
		len += framed(octets + len, "large.", TYPE_AXFR, id);
	len += framed(octets + len, "web.example.", TYPE_A, MANY);
	client_send(c, octets, len);
	for (uint16_t id = 0; id < MANY; id++) {
		unsigned others;
		assert_int_equal(read_transfer(w, c, id, &others),
		    LARGE_RECORDS + 2);
		/* The query is read when enough of them have ended. */
		assert_int_equal(others, id == MANY - TCP_TRANSFERS_MAX + 1);
	}
	client_close(c);
	world_destroy(w);
}

/* Whole answers stand behind the end of the peer's own sending. */
static void
a_peer_that_closes_its_half_gets_all(void **state)
{
	struct world *w = world_create();
	unsigned others;
	(void)state;
	load_large(w->kit);
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "large.", TYPE_AXFR, 7);
	client_ask(c, "web.example.", TYPE_A, 8);
	client_send(c, "\0\20half", 6);
	assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
	assert_int_equal(read_transfer(w, c, 7, &others), LARGE_RECORDS + 2);
	assert_int_equal(others, 1);
	UNTIL(w, client_sees_end(c));
	assert_false(c->is_reset);
	assert_int_equal(serve_tcp_count(w->tcp), 0);
	client_close(c);
	world_destroy(w);
}

static void
a_plain_connection_is_handed_over(void **state)
{
	struct world *w = world_create();
	uint8_t octets[200];
	(void)state;
	w->hooks.hand_over = hand_over;
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	size_t len = framed(octets, "web.example.", TYPE_A, 2);
	client_send(c, octets, 10);
	for (unsigned i = 0; i < 10; i++)
		turn(w);
	serve_tcp_retire(w->tcp);
	assert_int_equal(w->over.calls, 1);
	assert_int_equal(w->over.p.len, 10);
	assert_int_equal(w->over.p.queries, 1);
	/* Nobody gains time by a publication. */
	assert_in_range(w->over.p.left_ms, 20000, 29995);
	assert_memory_equal(w->over.octets, octets, 10);
	assert_int_equal(w->ended, 0);
	UNTIL(w, w->ended > 0);
	serve_tcp_destroy(&w->tcp);
	/* The next generation goes on where this one stopped. */
	world_start(w);
	adopt_given(w, &w->over);
	assert_int_equal(serve_tcp_count(w->tcp), 1);
	client_send(c, octets + 10, len - 10);
	expect_answer(w, c, 2);
	client_close(c);
	world_destroy(w);
}

static void
a_running_transfer_is_finished(void **state)
{
	struct world *w = world_create();
	(void)state;
	load_large(w->kit);
	w->hooks.hand_over = hand_over;
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "large.", TYPE_AXFR, 7);
	for (unsigned i = 0; i < 10; i++)
		turn(w);
	serve_tcp_retire(w->tcp);
	client_ask(c, "web.example.", TYPE_A, 8);
	assert_int_equal(serve_tcp_count(w->tcp), 1);
	expect_transfer(w, c, 7);
	UNTIL(w, client_sees_end(c));
	assert_false(c->is_reset);
	assert_int_equal(c->len, 0);
	assert_int_equal(w->over.calls, 0);
	client_close(c);
	UNTIL(w, w->ended > 0);
	assert_int_equal(serve_tcp_count(w->tcp), 0);
	world_destroy(w);
}

static void
a_retired_service_accepts_nobody(void **state)
{
	struct world *w = world_create();
	(void)state;
	world_start(w);
	serve_tcp_retire(w->tcp);
	UNTIL(w, w->ended > 0);
	struct client *c = client_connect(w);
	client_ask(c, "web.example.", TYPE_A, 1);
	for (unsigned i = 0; i < 20; i++)
		turn(w);
	assert_false(client_has(c));
	assert_int_equal(serve_tcp_count(w->tcp), 0);
	client_close(c);
	world_destroy(w);
}

static void
a_query_for_another_candidate_goes_back(void **state)
{
	struct world *w = world_create();
	uint8_t octets[200];
	(void)state;
	w->hooks.is_mine = is_mine;
	w->hooks.hand_back = hand_back;
	w->is_mine = true;
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	w->is_mine = false;
	size_t first_len = framed(octets, "web.example.", TYPE_A, 2);
	size_t len = first_len + framed(octets + first_len, "mail.example.",
	    TYPE_A, 3);
	client_send(c, octets, len);
	UNTIL(w, w->back.calls > 0);
	assert_int_equal(w->back.p.len, len);
	assert_memory_equal(w->back.octets, octets, len);
	assert_int_equal(serve_tcp_count(w->tcp), 0);
	/* Sent here again the first one is answered, whatever is_mine says;
	 * the second one goes back. */
	struct given again = w->back;
	again.p.octets = again.octets;
	w->back.p.fd = -1;
	serve_tcp_adopt(w->tcp, &again.p);
	expect_answer(w, c, 2);
	UNTIL(w, w->back.calls > 1);
	assert_int_equal(w->back.p.len, len - first_len);
	w->is_mine = true;
	adopt_given(w, &w->back);
	expect_answer(w, c, 3);
	client_close(c);
	world_destroy(w);
}

static void
the_slowest_is_ended(void **state)
{
	struct world *w = world_create();
	(void)state;
	load_large(w->kit);
	world_start(w);
	assert_false(serve_tcp_end_slowest(w->tcp));
	struct client *fast = client_connect(w), *slow = client_connect(w);
	client_ask(fast, "large.", TYPE_AXFR, 1);
	client_ask(slow, "web.example.", TYPE_A, 2);
	expect_answer(w, slow, 2);
	UNTIL(w, client_has(fast));
	assert_true(serve_tcp_end_slowest(w->tcp));
	UNTIL(w, client_sees_end(slow));
	assert_int_equal(serve_tcp_count(w->tcp), 1);
	expect_transfer(w, fast, 1);
	client_close(fast);
	client_close(slow);
	world_destroy(w);
}

static void
what_cannot_be_adopted_is_closed(void **state)
{
	struct world *w = world_create();
	int pair[2];
	uint8_t octet;
	(void)state;
	world_start(w);
	struct serve_tcp_passed p = {
		.fd = socket(AF_INET, SOCK_STREAM, 0) };
	serve_tcp_adopt(w->tcp, &p);	/* not connected */
	assert_int_equal(fcntl(p.fd, F_GETFD), -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	p = (struct serve_tcp_passed){ .fd = pair[0],
		.octets = w->over.octets, .len = SERVE_TCP_UNREAD_MAX + 1 };
	serve_tcp_adopt(w->tcp, &p);
	assert_int_equal(read(pair[1], &octet, 1), 0);
	close(pair[1]);
	assert_int_equal(serve_tcp_count(w->tcp), 0);
	world_destroy(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_are_answered_in_order),
		cmocka_unit_test(beyond_the_limit_connections_wait),
		cmocka_unit_test(or_are_rejected),
		cmocka_unit_test(a_connection_ends_after_its_queries),
		cmocka_unit_test(idle_connections_are_closed),
		cmocka_unit_test(a_slow_reader_delays_nobody),
		cmocka_unit_test(queries_are_answered_within_a_transfer),
		cmocka_unit_test(transfers_wait_for_each_other),
		cmocka_unit_test(a_peer_that_closes_its_half_gets_all),
		cmocka_unit_test(a_plain_connection_is_handed_over),
		cmocka_unit_test(a_running_transfer_is_finished),
		cmocka_unit_test(a_retired_service_accepts_nobody),
		cmocka_unit_test(a_query_for_another_candidate_goes_back),
		cmocka_unit_test(the_slowest_is_ended),
		cmocka_unit_test(what_cannot_be_adopted_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

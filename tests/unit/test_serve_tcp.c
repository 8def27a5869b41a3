/* test_serve_tcp.c - connections: framing, limits, time, transfers to slow
 * readers, hand-over and hand-back. */
#include "tcp_kit.h"

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

/* The time of those that say or take something is bounded as well. */
static void
an_octet_now_and_then_buys_no_time(void **state)
{
	struct world *w = world_create();
	(void)state;
	w->limits.timeout_s = 1;
	world_start(w);
	struct client *c = client_connect(w);
	client_send(c, "\1\0", 2);
	int64_t start_ms = clock_mono_ms(), ms = 0;
	for (unsigned i = 0; !client_sees_end(c); i++) {
		ms = clock_mono_ms() - start_ms;
		assert_true(ms < PATIENCE_MS);
		if (i % 50 == 0)
			send(c->fd, "x", 1, MSG_NOSIGNAL);
		turn(w);
	}
	assert_in_range(ms, 900, 3000);
	client_close(c);
	world_destroy(w);
}

static void
who_takes_nothing_is_let_go(void **state)
{
	struct world *w = world_create();
	(void)state;
	load_large(w->kit);
	w->limits.timeout_s = 1;
	world_start(w);
	struct client *idle = client_connect(w), *slow = client_connect(w);
	client_ask(idle, "large.", TYPE_AXFR, 1);
	client_ask(slow, "large.", TYPE_AXFR, 2);
	int64_t start_ms = clock_mono_ms();
	size_t taken = 0;
	/* One of them takes some octets at a time, for longer. */
	while (clock_mono_ms() - start_ms < 2500) {
		if (client_read(slow, 4096)) {
			taken += slow->len;
			slow->len = 0;
		}
		turn(w);
		poll(NULL, 0, 10);
	}
	assert_int_equal(serve_tcp_count(w->tcp), 1);
	assert_in_range(taken, 200000, LARGE_RECORDS * 30);
	while (client_has(idle))
		idle->len = 0;
	assert_true(idle->is_closed);
	assert_false(slow->is_closed);
	client_close(idle);
	client_close(slow);
	world_destroy(w);
}

/* NSD's rule: with more than half of the places taken, 200 ms. */
static void
while_loaded_time_is_short(void **state)
{
	struct world *w = world_create();
	struct client *c[4];
	(void)state;
	w->limits.count = 4;
	world_start(w);
	for (unsigned i = 0; i < 3; i++) {
		c[i] = client_connect(w);
		client_ask(c[i], "web.example.", TYPE_A, 1);
		expect_answer(w, c[i], 1);
		assert_int_equal(w->tcp->query.idle_timeout_100ms, 300);
	}
	c[3] = client_connect(w);
	client_ask(c[3], "web.example.", TYPE_A, 2);
	expect_answer(w, c[3], 2);
	assert_int_equal(w->tcp->query.idle_timeout_100ms, 2);
	int64_t start_ms = clock_mono_ms();
	UNTIL(w, client_sees_end(c[3]));
	assert_in_range(clock_mono_ms() - start_ms, 150, 1500);
	assert_int_equal(serve_tcp_count(w->tcp), 3);
	client_close(c[3]);
	/* Half a query gets two seconds, as one of the old ones does. */
	c[3] = client_connect(w);
	client_send(c[3], "\0", 1);
	client_ask(c[0], "web.example.", TYPE_A, 3);
	expect_answer(w, c[0], 3);
	start_ms = clock_mono_ms();
	UNTIL(w, client_sees_end(c[0]));
	assert_in_range(clock_mono_ms() - start_ms, 150, 1500);
	assert_false(client_sees_end(c[3]));
	UNTIL(w, client_sees_end(c[3]));
	assert_in_range(clock_mono_ms() - start_ms, 1500, 4000);
	assert_int_equal(serve_tcp_count(w->tcp), 2);
	for (unsigned i = 0; i < 4; i++)
		client_close(c[i]);
	world_destroy(w);
}

/* After its last answer a peer may send for two seconds, then it is cut. */
static void
draining_ends(void **state)
{
	struct world *w = world_create();
	(void)state;
	w->limits.query_count = 1;
	world_start(w);
	struct client *c = client_connect(w);
	client_ask(c, "web.example.", TYPE_A, 1);
	expect_answer(w, c, 1);
	int64_t start_ms = clock_mono_ms();
	while (serve_tcp_count(w->tcp) > 0) {
		assert_true(clock_mono_ms() - start_ms < PATIENCE_MS);
		send(c->fd, "x", 1, MSG_NOSIGNAL);
		turn(w);
		poll(NULL, 0, 100);
	}
	assert_in_range(clock_mono_ms() - start_ms, 1500, 4000);
	client_close(c);
	world_destroy(w);
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

/* What a connection has used up it has used up in the next worker too. */
static void
its_past_goes_with_a_connection(void **state)
{
	struct world *w = world_create();
	struct serve_tcp_passed p = { .left_ms = 300, .queries = 1 };
	(void)state;
	w->limits.query_count = 2;
	world_start(w);
	for (unsigned i = 0; i < 2; i++) {
		struct client *c = client_connect(w);
		while ((p.fd = accept(w->listener, NULL, NULL)) == -1)
			assert_int_equal(errno, EAGAIN);
		serve_tcp_adopt(w->tcp, &p);
		int64_t start_ms = clock_mono_ms();
		if (i == 1) {
			client_ask(c, "web.example.", TYPE_A, 1);
			expect_answer(w, c, 1);
		}
		UNTIL(w, client_sees_end(c));
		if (i == 0)
			assert_in_range(clock_mono_ms() - start_ms, 250,
			    2000);
		client_close(c);
		p.left_ms = 0;
	}
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
		cmocka_unit_test(an_octet_now_and_then_buys_no_time),
		cmocka_unit_test(who_takes_nothing_is_let_go),
		cmocka_unit_test(while_loaded_time_is_short),
		cmocka_unit_test(draining_ends),
		cmocka_unit_test(a_slow_reader_delays_nobody),
		cmocka_unit_test(queries_are_answered_within_a_transfer),
		cmocka_unit_test(transfers_wait_for_each_other),
		cmocka_unit_test(a_peer_that_closes_its_half_gets_all),
		cmocka_unit_test(a_plain_connection_is_handed_over),
		cmocka_unit_test(its_past_goes_with_a_connection),
		cmocka_unit_test(a_running_transfer_is_finished),
		cmocka_unit_test(a_retired_service_accepts_nobody),
		cmocka_unit_test(a_query_for_another_candidate_goes_back),
		cmocka_unit_test(the_slowest_is_ended),
		cmocka_unit_test(what_cannot_be_adopted_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

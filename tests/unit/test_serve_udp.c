/* test_serve_udp.c - datagrams on loopback: batches, the address that was
 * asked, what is dropped. Client and server share one loop. */
#include "serve_kit.h"
#include "serve_zones.h"

#include <event2/event.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/udp.h"

#define PATIENCE_MS 10000

struct world {
	struct kit *kit;
	struct event_base *base;
	struct serve_udp *udp;
	int server, client;
	struct addr addr;
};

static struct world *
world_create(const char *bound)
{
	struct world *w = calloc(1, sizeof(*w));
	socklen_t len = sizeof(w->addr);
	w->kit = kit_create();
	w->kit->serve.minimal_responses = true;
	kit_add(w->kit, 1, "example.", zone_example, KIT_UNSIGNED);
	w->base = event_base_new();
	assert_true(addr_parse(bound, 0, &w->addr));
	w->server = sock_udp(&w->addr, NULL);
	assert_true(w->server >= 0);
	assert_int_equal(getsockname(w->server, &w->addr.sa, &len), 0);
	assert_int_equal(serve_udp_create(w->base, &w->kit->serve, &w->udp),
	    OK);
	assert_int_equal(serve_udp_listen(w->udp, w->server), OK);
	w->client = socket(w->addr.sa.sa_family, SOCK_DGRAM, 0);
	return w;
}

static void
world_destroy(struct world *w)
{
	serve_udp_destroy(&w->udp);
	close(w->server);
	close(w->client);
	event_base_free(w->base);
	kit_destroy(&w->kit);
	free(w);
}

static void
ask(struct world *w, const char *to, uint16_t id)
{
	uint8_t octets[600];
	struct addr a;
	size_t len = kit_question(octets, "web.example.", TYPE_A, 0, 0);
	octets_set_u16(octets, id);
	assert_true(addr_parse(to, addr_port(&w->addr), &a));
	assert_int_equal(sendto(w->client, octets, len, 0, &a.sa,
	    addr_len(&a)), (ssize_t)len);
}

/* The id of the next answer, and where it came from. */
static uint16_t
take(struct world *w, char from[ADDR_TEXT_MAX])
{
	uint8_t octets[2000];
	struct addr a;
	int64_t start_ms = clock_mono_ms();
	for (;;) {
		socklen_t len = sizeof(a);
		memset(&a, 0, sizeof(a));
		ssize_t n = recvfrom(w->client, octets, sizeof(octets),
		    MSG_DONTWAIT, &a.sa, &len);
		if (n > 0) {
			assert_int_equal(octets_u16(octets + 6), 1);
			addr_text(&a, from);
			return octets_u16(octets);
		}
		assert_true(clock_mono_ms() - start_ms < PATIENCE_MS);
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
}

static void
batches_are_answered(void **state)
{
	struct world *w = world_create("127.0.0.1");
	char from[ADDR_TEXT_MAX];
	bool seen[100] = { false };
	(void)state;
	for (uint16_t id = 0; id < 100; id++)
		ask(w, "127.0.0.1", id);
	for (unsigned i = 0; i < 100; i++) {
		uint16_t id = take(w, from);
		assert_true(id < 100 && !seen[id]);
		seen[id] = true;
	}
	assert_int_equal(w->kit->counters[COUNT_UDP], 100);
	world_destroy(w);
}

static void
a_wildcard_answers_from_the_address_asked(void **state)
{
	struct world *w = world_create("0.0.0.0");
	char from[ADDR_TEXT_MAX];
	(void)state;
	ask(w, "127.0.0.9", 1);
	assert_int_equal(take(w, from), 1);
	assert_string_equal(from, "127.0.0.9");
	ask(w, "127.0.0.1", 2);
	assert_int_equal(take(w, from), 2);
	assert_string_equal(from, "127.0.0.1");
	world_destroy(w);
	w = world_create("::");
	ask(w, "::1", 3);
	assert_int_equal(take(w, from), 3);
	assert_string_equal(from, "::1");
	assert_int_equal(w->kit->counters[COUNT_UDP6], 1);
	world_destroy(w);
}

static void
oversized_and_hopeless_datagrams_are_dropped(void **state)
{
	struct world *w = world_create("127.0.0.1");
	static uint8_t large[5000];
	char from[ADDR_TEXT_MAX];
	(void)state;
	assert_int_equal(sendto(w->client, large, sizeof(large), 0,
	    &w->addr.sa, addr_len(&w->addr)), sizeof(large));
	assert_int_equal(sendto(w->client, large, 3, 0, &w->addr.sa,
	    addr_len(&w->addr)), 3);
	assert_int_equal(sendto(w->client, large, 0, 0, &w->addr.sa,
	    addr_len(&w->addr)), 0);
	ask(w, "127.0.0.1", 5);
	assert_int_equal(take(w, from), 5);
	assert_int_equal(w->kit->counters[COUNT_RX_ERROR], 1);
	assert_int_equal(w->kit->counters[COUNT_DROPPED], 2);
	world_destroy(w);
}

static void
after_stop_queries_wait_for_the_next(void **state)
{
	struct world *w = world_create("127.0.0.1");
	char from[ADDR_TEXT_MAX];
	(void)state;
	serve_udp_stop(w->udp);
	ask(w, "127.0.0.1", 6);
	for (unsigned i = 0; i < 10; i++)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->kit->counters[COUNT_QUERIES], 0);
	serve_udp_destroy(&w->udp);
	assert_int_equal(serve_udp_create(w->base, &w->kit->serve, &w->udp),
	    OK);
	assert_int_equal(serve_udp_listen(w->udp, w->server), OK);
	assert_int_equal(take(w, from), 6);
	world_destroy(w);
}

static void
one_datagram_of_another_process_is_answered(void **state)
{
	struct world *w = world_create("127.0.0.1");
	uint8_t octets[600];
	struct addr peer, local = { .sa.sa_family = AF_UNSPEC };
	char from[ADDR_TEXT_MAX];
	socklen_t len = sizeof(peer);
	(void)state;
	ask(w, "127.0.0.1", 1);
	take(w, from);	/* binds the client */
	memset(&peer, 0, sizeof(peer));
	assert_int_equal(getsockname(w->client, &peer.sa, &len), 0);
	assert_true(addr_parse("127.0.0.1", addr_port(&peer), &peer));
	size_t n = kit_question(octets, "web.example.", TYPE_A, 0, 0);
	serve_udp_one(w->udp, w->server, octets, n, &peer, &local);
	assert_int_equal(take(w, from), 0x1234);
	local = w->addr;
	n = kit_question(octets, "web.example.", TYPE_A, 0, 0);
	serve_udp_one(w->udp, w->server, octets, n, &peer, &local);
	assert_int_equal(take(w, from), 0x1234);
	world_destroy(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_are_answered),
		cmocka_unit_test(a_wildcard_answers_from_the_address_asked),
		cmocka_unit_test(oversized_and_hopeless_datagrams_are_dropped),
		cmocka_unit_test(after_stop_queries_wait_for_the_next),
		cmocka_unit_test(one_datagram_of_another_process_is_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

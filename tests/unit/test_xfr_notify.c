/* test_xfr_notify.c - NOTIFY to secondaries over loopback: what is sent, which
 * answers count, sends again, new serials, many zones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "dns/message.h"
#include "xfr/notify_out.h"
#include "xfr_kit.h"

enum part {
	PART_ANSWER,
	PART_SILENT,
	PART_WRONG_ID,		/* then nothing */
	PART_NOT_ANSWER,
	PART_QUERY_OPCODE,
	PART_OTHER_QUESTION,
	PART_NO_QUESTION,
	PART_UNSIGNED,
	PART_NOTIMP
};

/* A secondary. */
struct peer {
	enum part part;
	int fd;
	struct event *event;
	struct addr addr, from;
	unsigned notifies, drop;
	uint32_t serial;	/* the last one told */
	bool was_signed;
	const struct tsig_key *key;
};

struct test {
	struct event_base *base;
	struct notify_net *net;
	struct peer peers[20];
	char log[64];
};

static const uint8_t secret[] = "0123456789abcdef";

static size_t
make_answer(const struct peer *p, const struct msg_reader *q, uint8_t *out)
{
	struct msg_writer w;
	unsigned opcode = p->part == PART_QUERY_OPCODE ? OPCODE_QUERY :
	    OPCODE_NOTIFY;
	unsigned flags = opcode << 11 | MSG_AA |
	    (p->part == PART_NOT_ANSWER ? 0 : MSG_QR) |
	    (p->part == PART_NOTIMP ? RCODE_NOTIMP : 0);
	msg_write(&w, out, 2048, (uint16_t)(q->id ^
	    (p->part == PART_WRONG_ID)), (uint16_t)flags);
	if (p->part != PART_NO_QUESTION)
		assert_true(msg_put_question(&w, q->qname.octets,
		    p->part == PART_OTHER_QUESTION ? TYPE_NS : q->qtype,
		    CLASS_IN));
	msg_finish(&w);
	return w.len;
}

static void
read_notify(struct peer *p, struct msg_reader *q, const uint8_t *octets,
    size_t len)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	enum section section;
	struct rr rr;
	assert_int_equal(msg_read(q, octets, len, scratch), OK);
	assert_int_equal(MSG_OPCODE(q->flags), OPCODE_NOTIFY);
	assert_int_equal(q->flags & (MSG_QR | MSG_AA), MSG_AA);
	assert_int_equal(q->qtype, TYPE_SOA);
	assert_true(name_equal(q->qname.octets, apex));
	assert_int_equal(msg_take_rr(q, &section, &rr), OK);
	assert_int_equal(section, SECTION_ANSWER);
	assert_true(rr_soa_serial(&rr, &p->serial));
	assert_int_equal(msg_take_rr(q, &section, &rr), ERR_NOT_FOUND);
}

static void
on_notify(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	uint8_t octets[2048], out[2048];
	socklen_t from_len = sizeof p->from.v6;
	struct msg_reader q;
	struct tsig t;
	(void)what;
	ssize_t n = recvfrom(fd, octets, sizeof octets, 0, &p->from.sa,
	    &from_len);
	assert_true(n > 0);
	size_t len = (size_t)n;
	assert_int_equal(tsig_check_request(&t, &p->key, p->key != NULL,
	    octets, &len, clock_wall_s()), OK);
	p->was_signed = t.key != NULL;
	read_notify(p, &q, octets, len);
	p->notifies++;
	if (p->part != PART_SILENT && p->notifies > p->drop) {
		len = make_answer(p, &q, out);
		if (p->part != PART_UNSIGNED)
			assert_int_equal(tsig_sign_answer(&t, out, &len,
			    sizeof out, clock_wall_s()), OK);
		sendto(fd, out, len, 0, &p->from.sa, from_len);
	}
	tsig_end(&t);
}

static void
peer_start(struct test *t, struct peer *p, enum part part)
{
	struct sock_options o = { .backlog = -1 };
	socklen_t len = sizeof p->addr.v4;
	struct addr any;
	assert_true(addr_parse("127.0.0.1", 0, &any));
	p->part = part;
	p->fd = sock_udp(&any, &o);
	assert_true(p->fd != -1);
	assert_int_equal(getsockname(p->fd, &p->addr.sa, &len), 0);
	p->event = event_new(t->base, p->fd, EV_READ | EV_PERSIST, on_notify,
	    p);
	event_add(p->event, NULL);
}

static struct test *
begin(const struct notify_settings *s)
{
	struct test *t = calloc(1, sizeof *t);
	struct notify_settings settings = { .wait_ms = 40 };
	assert_non_null(t);
	if (s != NULL)
		settings = *s;
	strcpy(t->log, "/tmp/test_xfr_notify.XXXXXX");
	int fd = mkstemp(t->log);
	assert_true(fd != -1);
	fd_close(&fd);
	assert_int_equal(log_open(&(struct log_settings){ .ident = "test",
	    .file = t->log, .verbosity = 2 }), OK);
	t->base = event_base_new();
	t->net = notify_net_create(t->base, &settings);
	assert_non_null(t->net);
	return t;
}

static void
end(struct test *t)
{
	notify_net_destroy(&t->net);
	for (unsigned i = 0; i < 20; i++)
		if (t->peers[i].event != NULL) {
			event_free(t->peers[i].event);
			fd_close(&t->peers[i].fd);
		}
	event_base_free(t->base);
	assert_int_equal(log_open(&(struct log_settings){ .ident = "test" }),
	    OK);
	unlink(t->log);
	free(t);
}

static unsigned
log_count(const struct test *t, const char *text)
{
	char line[1024];
	unsigned n = 0;
	FILE *f = fopen(t->log, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}

static struct notify_zone *
zone_with(struct test *t, unsigned n, const struct tsig_key *key)
{
	struct notify_target targets[20];
	struct addr source;
	struct notify_zone *z = notify_zone_create(t->net, "example", apex);
	assert_non_null(z);
	assert_true(addr_parse("127.0.0.3", 0, &source));
	for (unsigned i = 0; i < n; i++)
		targets[i] = (struct notify_target){ .to = t->peers[i].addr,
			.key = key };
	assert_true(notify_zone_configure(z, targets, n, &source, 1, 3));
	return z;
}

static void
start(struct notify_zone *z, const char *word)
{
	struct made soa;
	make(&soa, word);
	notify_out_start(z, &soa.rr);
}

static void
turn(struct test *t)
{
	struct timeval step = { 0, 5000 };
	event_base_loopexit(t->base, &step);
	event_base_loop(t->base, 0);
}

/* At most 10 s. */
static void
run_until_over(struct test *t, const struct notify_zone *z)
{
	for (unsigned i = 0; i < 2000 && notify_out_is_running(z); i++)
		turn(t);
	assert_false(notify_out_is_running(z));
}

static void
test_told_and_answered(void **state)
{
	(void)state;
	char text[200], from[ADDR_TEXT_MAX];
	struct test *t = begin(NULL);
	peer_start(t, &t->peers[0], PART_ANSWER);
	peer_start(t, &t->peers[1], PART_ANSWER);
	struct notify_zone *z = zone_with(t, 2, NULL);
	assert_string_equal(notify_out_status(z, text, sizeof text), "");
	start(z, "S4000000000");
	assert_string_equal(notify_out_status(z, text, sizeof text),
	    "send 127.0.0.1 127.0.0.1 with serial 4000000000");
	run_until_over(t, z);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(t->peers[i].notifies, 1);
		assert_true(t->peers[i].serial == 4000000000u);
		assert_string_equal(addr_text(&t->peers[i].from, from),
		    "127.0.0.3");
	}
	assert_int_equal(log_count(t, "xfrd"), 0);
	notify_zone_destroy(&z);
	end(t);
}

static void
test_sent_again_then_answered(void **state)
{
	(void)state;
	struct test *t = begin(NULL);
	peer_start(t, &t->peers[0], PART_ANSWER);
	t->peers[0].drop = 2;
	struct notify_zone *z = zone_with(t, 1, NULL);
	start(z, "S1");
	run_until_over(t, z);
	assert_int_equal(t->peers[0].notifies, 3);
	assert_int_equal(log_count(t, "unreachable"), 0);
	notify_zone_destroy(&z);
	end(t);
}

/* Answers that do not count leave the sends as they are. */
static void
test_what_does_not_count(void **state)
{
	static const enum part parts[] = { PART_SILENT, PART_WRONG_ID,
		PART_NOT_ANSWER, PART_QUERY_OPCODE, PART_OTHER_QUESTION,
		PART_NO_QUESTION };
	(void)state;
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct test *t = begin(NULL);
		peer_start(t, &t->peers[0], parts[i]);
		struct notify_zone *z = zone_with(t, 1, NULL);
		start(z, "S1");
		run_until_over(t, z);
		assert_int_equal(t->peers[0].notifies, 3);
		assert_int_equal(log_count(t, "xfrd: zone example: max notify "
		    "send count reached, 127.0.0.1 unreachable"), 1);
		assert_int_equal(log_count(t, "is not believed"),
		    parts[i] == PART_SILENT ? 0 : 3);
		notify_zone_destroy(&z);
		end(t);
	}
}

static void
test_error_answer_ends_it(void **state)
{
	(void)state;
	struct test *t = begin(NULL);
	peer_start(t, &t->peers[0], PART_NOTIMP);
	struct notify_zone *z = zone_with(t, 1, NULL);
	start(z, "S1");
	run_until_over(t, z);
	assert_int_equal(t->peers[0].notifies, 1);
	assert_int_equal(log_count(t, "received notify response error "
	    "NOTIMP from 127.0.0.1"), 1);
	notify_zone_destroy(&z);
	end(t);
}

static void
test_signed(void **state)
{
	static const struct {
		enum part part;
		unsigned notifies;
	} cases[] = { { PART_ANSWER, 1 }, { PART_UNSIGNED, 3 } };
	struct tsig_key key = { .alg = TSIG_HMAC_SHA256, .secret = secret,
		.secret_len = 16 };
	(void)state;
	assert_true(name_from_text("key.example", &key.name));
	for (unsigned i = 0; i < 2; i++) {
		struct test *t = begin(NULL);
		peer_start(t, &t->peers[0], cases[i].part);
		t->peers[0].key = &key;
		struct notify_zone *z = zone_with(t, 1, &key);
		start(z, "S1");
		run_until_over(t, z);
		assert_true(t->peers[0].was_signed);
		assert_int_equal(t->peers[0].notifies, cases[i].notifies);
		notify_zone_destroy(&z);
		end(t);
	}
}

static void
test_new_serial_starts_again(void **state)
{
	(void)state;
	struct test *t = begin(NULL);
	peer_start(t, &t->peers[0], PART_ANSWER);
	peer_start(t, &t->peers[1], PART_SILENT);
	struct notify_zone *z = zone_with(t, 2, NULL);
	start(z, "S1");
	for (unsigned i = 0; i < 2000 && t->peers[1].notifies < 2; i++)
		turn(t);
	assert_int_equal(t->peers[0].notifies, 1);
	start(z, "S2");
	run_until_over(t, z);
	assert_int_equal(t->peers[0].notifies, 2);
	assert_int_equal(t->peers[0].serial, 2);
	assert_int_equal(t->peers[1].notifies, 5);
	assert_int_equal(log_count(t, "unreachable"), 1);
	notify_zone_destroy(&z);
	end(t);
}

static void
test_new_configuration_starts_again(void **state)
{
	(void)state;
	struct test *t = begin(NULL);
	peer_start(t, &t->peers[0], PART_SILENT);
	peer_start(t, &t->peers[1], PART_ANSWER);
	struct notify_zone *z = zone_with(t, 1, NULL);
	struct notify_target target = { .to = t->peers[1].addr };
	start(z, "S7");
	assert_true(notify_zone_configure(z, &target, 1, NULL, 0, 0));
	assert_true(notify_out_is_running(z));
	run_until_over(t, z);
	assert_int_equal(t->peers[1].notifies, 1);
	assert_int_equal(t->peers[1].serial, 7);
	/* Nothing runs: nothing is sent. */
	assert_true(notify_zone_configure(z, &target, 1, NULL, 0, 0));
	assert_false(notify_out_is_running(z));
	notify_zone_destroy(&z);
	end(t);
}

static void
test_no_targets(void **state)
{
	(void)state;
	struct test *t = begin(NULL);
	struct notify_zone *z = zone_with(t, 0, NULL);
	start(z, "S1");
	assert_false(notify_out_is_running(z));
	notify_zone_destroy(&z);
	end(t);
}

static void
test_limits(void **state)
{
	(void)state;
	char text[200];
	struct notify_settings s = { .max_zones = 2, .per_zone = 3,
		.wait_ms = 40 };
	struct test *t = begin(&s);
	struct notify_zone *z[5];
	for (unsigned i = 0; i < 10; i++)
		peer_start(t, &t->peers[i], PART_ANSWER);
	for (unsigned i = 0; i < 5; i++) {
		z[i] = zone_with(t, 10, NULL);
		start(z[i], "S1");
	}
	assert_string_equal(notify_out_status(z[4], text, sizeof text),
	    "waiting-for-fd");
	assert_string_equal(notify_out_status(z[0], text, sizeof text),
	    "send 127.0.0.1 127.0.0.1 127.0.0.1 with serial 1");
	assert_string_equal(notify_out_status(z[0], text, 10), "send 127.");
	/* One that waits may be stopped, or start again. */
	notify_out_stop(z[3]);
	start(z[4], "S2");
	for (unsigned i = 0; i < 5; i++)
		run_until_over(t, z[i]);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(t->peers[i].notifies, 4);
	for (unsigned i = 0; i < 5; i++)
		notify_zone_destroy(&z[i]);
	end(t);
}

static void
test_destroyed_while_sending(void **state)
{
	(void)state;
	struct notify_settings s = { .max_zones = 1, .wait_ms = 40 };
	struct test *t = begin(&s);
	peer_start(t, &t->peers[0], PART_ANSWER);
	struct notify_zone *a = zone_with(t, 1, NULL);
	struct notify_zone *b = zone_with(t, 1, NULL);
	start(a, "S1");
	start(b, "S2");
	notify_zone_destroy(&a);	/* its place goes to the other */
	run_until_over(t, b);
	assert_int_equal(t->peers[0].serial, 2);
	notify_zone_destroy(&b);
	end(t);
}

static void
test_unreachable_network(void **state)
{
	(void)state;
	struct test *t = begin(NULL);
	struct notify_target target = { 0 };
	struct addr source;
	struct notify_zone *z = notify_zone_create(t->net, "example", apex);
	/* An address that this machine does not have. */
	assert_true(addr_parse("192.0.2.77", 0, &source));
	assert_true(addr_parse("127.0.0.1", 9, &target.to));
	assert_true(notify_zone_configure(z, &target, 1, &source, 1, 3));
	start(z, "S1");
	assert_false(notify_out_is_running(z));
	assert_int_equal(log_count(t, "notify to 127.0.0.1 could not be "
	    "sent"), 1);
	notify_zone_destroy(&z);
	end(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_and_answered),
		cmocka_unit_test(test_sent_again_then_answered),
		cmocka_unit_test(test_what_does_not_count),
		cmocka_unit_test(test_error_answer_ends_it),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_new_serial_starts_again),
		cmocka_unit_test(test_new_configuration_starts_again),
		cmocka_unit_test(test_no_targets),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_destroyed_while_sending),
		cmocka_unit_test(test_unreachable_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_xfr_conn.c - exchanges over real sockets on loopback, against a peer
 * that plays a part: TCP framing, queue, timeouts, UDP and its fall-backs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "dns/message.h"
#include "xfr/xfr_conn.h"
#include "xfr_kit.h"

enum part {
	PART_ZONE,	/* S5, then messages of one record each, then S5 */
	PART_DELTA,
	PART_SOA,
	PART_DRIBBLE,	/* a zone, octet by octet */
	PART_SILENT,
	PART_CLOSE,	/* after half of a zone */
	PART_HALF_FRAME,
	PART_FORMERR_TO_EDNS,
	PART_REFUSED
};

struct peer {
	enum part part;
	unsigned records;	/* of a zone, between the SOAs */
	unsigned accepted, requests, edns_requests;
	struct addr last_from;
	struct evconnlistener *listener;
	struct event *udp_event;
	int udp;
	unsigned udp_drop;	/* datagrams not answered first */
	bool udp_wrong_id, udp_truncates;
	unsigned datagrams;
	uint16_t ports[8];	/* source ports of the datagrams */
	struct addr addr;
	uint8_t dribble[4096];
	size_t dribble_len, dribble_at;
	struct bufferevent *open[32];
	unsigned n_open;
};

struct test {
	struct event_base *base;
	struct xfr_net *net;
	struct peer peer;
	unsigned done, resets, records;
	char order[64];		/* letters of the jobs as they ended */
};

/* --- the peer --- */

static void
put_words(struct msg_writer *w, const char *words)
{
	char copy[256];
	snprintf(copy, sizeof copy, "%s", words);
	for (char *s = strtok(copy, " "); s != NULL; s = strtok(NULL, " ")) {
		struct made m;
		make(&m, s);
		assert_true(msg_put_rr(w, SECTION_ANSWER, &m.rr));
	}
}

static size_t
make_message(const struct msg_reader *q, uint8_t *out, unsigned flags,
    const char *words)
{
	struct msg_writer w;
	msg_write(&w, out, MSG_MAX_OCTETS, q->id,
	    (uint16_t)(MSG_QR | MSG_AA | flags));
	assert_true(msg_put_question(&w, q->qname.octets, q->qtype,
	    CLASS_IN));
	put_words(&w, words);
	msg_finish(&w);
	return w.len;
}

static void
send_words(struct bufferevent *be, const struct msg_reader *q,
    unsigned flags, const char *words)
{
	static uint8_t out[MSG_MAX_OCTETS + 2];
	size_t n = make_message(q, out + 2, flags, words);
	octets_set_u16(out, (uint16_t)n);
	bufferevent_write(be, out, n + 2);
}

static void
dribble_on(struct bufferevent *be, void *arg)
{
	struct peer *p = arg;
	if (p->dribble_at < p->dribble_len)
		bufferevent_write(be, p->dribble + p->dribble_at++, 1);
}

static void
start_dribble(struct peer *p, struct bufferevent *be,
    const struct msg_reader *q)
{
	static const char *const messages[] = { "S5 a", "b", "S5" };
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *at = p->dribble + p->dribble_len;
		size_t n = make_message(q, at + 2, 0, messages[i]);
		octets_set_u16(at, (uint16_t)n);
		p->dribble_len += n + 2;
	}
	bufferevent_setcb(be, NULL, dribble_on, NULL, p);
	dribble_on(be, p);
}

static void
play_zone(struct peer *p, struct bufferevent *be, const struct msg_reader *q)
{
	send_words(be, q, 0, "S5");
	for (unsigned i = 0; i < p->records; i++)
		send_words(be, q, 0, "a");
	send_words(be, q, 0, "S5");
}

static bool
has_edns(const uint8_t *request)
{
	return octets_u16(request + 10) > 0;
}

static void
play(struct peer *p, struct bufferevent *be, const uint8_t *request,
    const struct msg_reader *q)
{
	switch (p->part) {
	case PART_ZONE:
		play_zone(p, be, q);
		break;
	case PART_DELTA:
		send_words(be, q, 0, "S5 S3 a S5 b S5");
		break;
	case PART_SOA:
		send_words(be, q, 0, "S5");
		break;
	case PART_DRIBBLE:
		start_dribble(p, be, q);
		break;
	case PART_SILENT:
		break;
	case PART_CLOSE:
		send_words(be, q, 0, "S5 a b");
		bufferevent_flush(be, EV_WRITE, BEV_FLUSH);
		shutdown(bufferevent_getfd(be), SHUT_RD);
		break;
	case PART_HALF_FRAME:
		bufferevent_write(be, "\1\0half", 6);
		break;
	case PART_FORMERR_TO_EDNS:
		send_words(be, q, has_edns(request) ? RCODE_FORMERR : 0,
		    has_edns(request) ? "" : "S5 a S5");
		break;
	case PART_REFUSED:
		send_words(be, q, RCODE_REFUSED, "");
		break;
	}
}

static void
peer_drop(struct peer *p, struct bufferevent *be)
{
	for (unsigned i = 0; i < p->n_open; i++)
		if (p->open[i] == be)
			p->open[i] = p->open[--p->n_open];
	bufferevent_free(be);
}

static void
close_when_sent(struct bufferevent *be, void *arg)
{
	peer_drop(arg, be);
}

static void
on_request(struct bufferevent *be, void *arg)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	struct peer *p = arg;
	struct evbuffer *in = bufferevent_get_input(be);
	uint8_t request[2048];
	struct msg_reader q;
	if (evbuffer_get_length(in) < 2)
		return;
	evbuffer_copyout(in, request, 2);
	size_t n = octets_u16(request);
	if (evbuffer_get_length(in) < n + 2)
		return;
	assert_true(n < sizeof request - 2);
	evbuffer_remove(in, request, n + 2);
	assert_int_equal(msg_read(&q, request + 2, n, scratch), OK);
	p->requests++;
	p->edns_requests += has_edns(request + 2);
	play(p, be, request + 2, &q);
	if (p->part == PART_CLOSE || p->part == PART_HALF_FRAME)
		bufferevent_setcb(be, NULL, close_when_sent, NULL, p);
}

static void
on_end(struct bufferevent *be, short what, void *arg)
{
	(void)what;
	peer_drop(arg, be);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa,
    int len, void *arg)
{
	struct peer *p = arg;
	struct bufferevent *be = bufferevent_socket_new(
	    evconnlistener_get_base(l), fd, BEV_OPT_CLOSE_ON_FREE);
	memcpy(&p->last_from, sa, (size_t)len);
	p->accepted++;
	assert_true(p->n_open < 32);
	p->open[p->n_open++] = be;
	bufferevent_setcb(be, on_request, NULL, on_end, p);
	bufferevent_enable(be, EV_READ | EV_WRITE);
}

static void
on_datagram(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t scratch[MSG_MAX_OCTETS], out[MSG_MAX_OCTETS];
	struct peer *p = arg;
	struct sockaddr_in from;
	socklen_t from_len = sizeof from;
	uint8_t request[2048];
	struct msg_reader q;
	(void)what;
	ssize_t n = recvfrom(fd, request, sizeof request, 0,
	    (struct sockaddr *)&from, &from_len);
	assert_true(n > 0);
	assert_int_equal(msg_read(&q, request, (size_t)n, scratch), OK);
	p->ports[p->datagrams++ % 8] = ntohs(from.sin_port);
	if (p->datagrams <= p->udp_drop)
		return;
	size_t len = make_message(&q, out, p->udp_truncates ? MSG_TC : 0,
	    p->udp_truncates ? "" : "S5");
	if (p->udp_wrong_id) {
		out[0] ^= 0xff;
		sendto(fd, out, len, 0, (struct sockaddr *)&from, from_len);
		out[0] ^= 0xff;
	}
	sendto(fd, out, len, 0, (struct sockaddr *)&from, from_len);
}

static void
peer_start(struct test *t)
{
	struct peer *p = &t->peer;
	socklen_t len;
	struct addr any;
	struct sock_options o = { .backlog = -1 };
	assert_true(addr_parse("127.0.0.1", 0, &any));
	int fd = sock_listen(&any, &o);
	assert_true(fd != -1);
	len = sizeof p->addr.v4;
	assert_int_equal(getsockname(fd, &p->addr.sa, &len), 0);
	p->listener = evconnlistener_new(t->base, on_accept, p,
	    LEV_OPT_CLOSE_ON_FREE, 0, fd);
	assert_non_null(p->listener);
	p->udp = sock_udp(&p->addr, &o);
	assert_true(p->udp != -1);
	p->udp_event = event_new(t->base, p->udp, EV_READ | EV_PERSIST,
	    on_datagram, p);
	event_add(p->udp_event, NULL);
}

static void
peer_stop(struct peer *p)
{
	while (p->n_open > 0)
		peer_drop(p, p->open[0]);
	if (p->listener != NULL)
		evconnlistener_free(p->listener);
	p->listener = NULL;
	if (p->udp_event != NULL)
		event_free(p->udp_event);
	p->udp_event = NULL;
	fd_close(&p->udp);
}

/* --- jobs --- */

struct job {
	struct test *t;
	char letter;
	struct xfr_conn *conn;
	struct xfr_result result;
	bool is_done;
	struct job *cancels;	/* when this one is done */
};

static enum err
sink_zone(void *arg, uint32_t serial)
{
	(void)arg;
	(void)serial;
	return OK;
}

static enum err
sink_delta(void *arg, uint32_t from, uint32_t to)
{
	(void)arg;
	(void)from;
	(void)to;
	return OK;
}

static enum err
sink_record(void *arg, const struct rr *rr)
{
	struct job *j = arg;
	(void)rr;
	j->t->records++;
	return OK;
}

static void
sink_reset(void *arg)
{
	struct job *j = arg;
	j->t->resets++;
}

static void
on_done(void *arg, const struct xfr_result *r)
{
	struct job *j = arg;
	assert_false(j->is_done);
	j->is_done = true;
	j->result = *r;
	j->t->order[j->t->done++] = j->letter;
	if (j->cancels != NULL)
		xfr_conn_cancel(&j->cancels->conn);
	/* One's own end may be cancelled too: nothing happens. */
	xfr_conn_cancel(&j->conn);
}

static void
job_start(struct test *t, struct job *j, char letter, enum xfr_ask ask,
    bool is_udp)
{
	struct made soa;
	struct addr sources[2];
	make(&soa, "S3");
	*j = (struct job){ .t = t, .letter = letter, .cancels = j->cancels };
	assert_true(addr_parse("::1", 0, &sources[0]));
	assert_true(addr_parse("127.0.0.3", 0, &sources[1]));
	struct xfr_job x = { .zone = "example", .primary = t->peer.addr,
		.request = { .apex = apex, .ask = ask, .is_udp = is_udp,
		    .has_serial = true, .soa = &soa.rr,
		    .sink = { sink_zone, sink_delta, sink_record, sink_reset,
			j } },
		.sources = sources, .n_sources = 2,
		.done = on_done, .arg = j };
	j->conn = xfr_conn_start(t->net, &x);
	assert_non_null(j->conn);
	assert_false(j->is_done);
}

/* Turns the loop until n jobs are done, at most 10 s. */
static void
run_until(struct test *t, unsigned n)
{
	struct timeval step = { 0, 20000 };
	for (unsigned i = 0; i < 500 && t->done < n; i++) {
		event_base_loopexit(t->base, &step);
		event_base_loop(t->base, 0);
	}
	assert_int_equal(t->done, n);
}

static struct test *
begin(enum part part, unsigned tcp_max)
{
	struct test *t = calloc(1, sizeof *t);
	struct xfr_net_settings s = { .tcp_max = tcp_max, .tcp_timeout_s = 1,
		.udp_timeout_ms = 50 };
	assert_non_null(t);
	t->base = event_base_new();
	t->net = xfr_net_create(t->base, &s);
	assert_non_null(t->net);
	t->peer.part = part;
	t->peer.udp = -1;
	peer_start(t);
	return t;
}

static void
end(struct test *t)
{
	assert_int_equal(xfr_net_open(t->net), 0);
	assert_int_equal(xfr_net_waiting(t->net), 0);
	xfr_net_destroy(&t->net);
	peer_stop(&t->peer);
	event_base_free(t->base);
	free(t);
}

/* One exchange over TCP with this part. */
static struct xfr_result
one(enum part part, enum xfr_ask ask)
{
	struct test *t = begin(part, 1);
	struct job j = { 0 };
	t->peer.records = 3;
	job_start(t, &j, 'a', ask, false);
	run_until(t, 1);
	struct xfr_result r = j.result;
	end(t);
	return r;
}

/* --- tests --- */

static void
test_transfers(void **state)
{
	(void)state;
	struct xfr_result r = one(PART_ZONE, XFR_ASK_AXFR);
	assert_int_equal(r.outcome, XFR_GOT_ZONE);
	assert_int_equal(r.messages, 5);
	assert_int_equal(r.serial, 5);
	assert_int_equal(one(PART_DELTA, XFR_ASK_IXFR).outcome,
	    XFR_GOT_DELTA);
	assert_int_equal(one(PART_SOA, XFR_ASK_SOA).outcome, XFR_NEWER);
	assert_int_equal(one(PART_DRIBBLE, XFR_ASK_AXFR).outcome,
	    XFR_GOT_ZONE);
	assert_int_equal(one(PART_REFUSED, XFR_ASK_AXFR).why,
	    XFR_WHY_RCODE);
}

static void
test_no_answer(void **state)
{
	(void)state;
	assert_int_equal(one(PART_SILENT, XFR_ASK_AXFR).why,
	    XFR_WHY_TIMEOUT);
	assert_int_equal(one(PART_CLOSE, XFR_ASK_AXFR).why, XFR_WHY_CLOSED);
	assert_int_equal(one(PART_HALF_FRAME, XFR_ASK_AXFR).why,
	    XFR_WHY_CLOSED);
}

/* After ten minutes less than 1000 octets a second. */
static void
test_too_slow(void **state)
{
	(void)state;
	struct test *t = begin(PART_DRIBBLE, 1);
	struct job j = { 0 };
	clock_fake(1000, 1700000000);
	job_start(t, &j, 'a', XFR_ASK_AXFR, false);
	for (unsigned i = 0; i < 1000 && t->peer.requests == 0; i++)
		event_base_loop(t->base, EVLOOP_ONCE);
	clock_fake(1000 + 599000, 1700000000);
	for (unsigned i = 0; i < 1000 && t->records == 0; i++)
		event_base_loop(t->base, EVLOOP_ONCE);
	assert_false(j.is_done);
	clock_fake(1000 + 601000, 1700000000);
	run_until(t, 1);
	clock_real();
	assert_int_equal(j.result.outcome, XFR_REFUSED);
	assert_int_equal(j.result.why, XFR_WHY_SLOW);
	assert_int_equal(t->resets, 1);
	end(t);
}

static void
test_refused_connection(void **state)
{
	(void)state;
	char text[XFR_REASON_MAX];
	struct test *t = begin(PART_ZONE, 1);
	struct job j = { 0 };
	peer_stop(&t->peer);
	job_start(t, &j, 'a', XFR_ASK_AXFR, false);
	run_until(t, 1);
	assert_int_equal(j.result.why, XFR_WHY_CONNECT);
	assert_string_equal(xfr_result_reason(&j.result, text),
	    "could not connect: Connection refused");
	assert_false(j.result.is_checked);
	end(t);
}

static void
test_source_address(void **state)
{
	(void)state;
	char text[ADDR_TEXT_MAX];
	struct test *t = begin(PART_SOA, 1);
	struct job j = { 0 };
	job_start(t, &j, 'a', XFR_ASK_SOA, false);
	run_until(t, 1);
	assert_string_equal(addr_text(&t->peer.last_from, text),
	    "127.0.0.3");
	end(t);
}

static void
test_without_edns(void **state)
{
	(void)state;
	struct test *t = begin(PART_FORMERR_TO_EDNS, 1);
	struct job j = { 0 };
	job_start(t, &j, 'a', XFR_ASK_AXFR, false);
	run_until(t, 1);
	assert_int_equal(j.result.outcome, XFR_GOT_ZONE);
	assert_int_equal(t->peer.requests, 2);
	assert_int_equal(t->peer.edns_requests, 1);
	end(t);
}

static void
test_queue(void **state)
{
	(void)state;
	char text[XFR_STATUS_MAX];
	struct test *t = begin(PART_ZONE, 2);
	struct job j[6] = { 0 };
	t->peer.records = 50;
	for (unsigned i = 0; i < 6; i++)
		job_start(t, &j[i], (char)('a' + i), XFR_ASK_AXFR, false);
	assert_int_equal(xfr_net_open(t->net), 2);
	assert_int_equal(xfr_net_waiting(t->net), 4);
	assert_string_equal(xfr_conn_status(j[5].conn, text),
	    "waiting-for-TCP-fd");
	assert_string_equal(xfr_conn_status(j[0].conn, text),
	    "TCP connected to 127.0.0.1");
	xfr_conn_cancel(&j[3].conn);
	assert_null(j[3].conn);
	assert_int_equal(xfr_net_waiting(t->net), 3);
	run_until(t, 5);
	assert_null(strchr(t->order, 'd'));
	/* First come, first served: the last two are the last two. */
	assert_non_null(strpbrk(t->order + 3, "ef"));
	assert_int_equal(t->peer.accepted, 5);
	assert_int_equal(t->records, 5 * 51);
	end(t);
}

static void
test_cancel_frees_the_place(void **state)
{
	(void)state;
	struct test *t = begin(PART_SILENT, 1);
	struct job a = { 0 }, b = { 0 };
	job_start(t, &a, 'a', XFR_ASK_AXFR, false);
	job_start(t, &b, 'b', XFR_ASK_AXFR, false);
	for (unsigned i = 0; i < 100 && t->peer.requests == 0; i++)
		event_base_loop(t->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	t->peer.part = PART_ZONE;
	xfr_conn_cancel(&a.conn);
	run_until(t, 1);
	assert_false(a.is_done);
	assert_int_equal(b.result.outcome, XFR_GOT_ZONE);
	end(t);
}

/* Whichever ends first cancels the other, also when both have all they need
 * in the same turn of the loop. */
static void
test_cancel_another_when_done(void **state)
{
	(void)state;
	struct test *t = begin(PART_ZONE, 4);
	struct job a = { 0 }, b = { .cancels = &a };
	a.cancels = &b;
	job_start(t, &a, 'a', XFR_ASK_AXFR, false);
	job_start(t, &b, 'b', XFR_ASK_AXFR, false);
	run_until(t, 1);
	assert_true(a.is_done != b.is_done);
	assert_null(a.conn);
	assert_null(b.conn);
	end(t);
}

/* A small transfer that starts beside a big one ends long before it. */
static void
test_big_does_not_starve_small(void **state)
{
	(void)state;
	struct test *t = begin(PART_ZONE, 4);
	struct job big = { 0 }, small = { 0 };
	t->peer.records = 100000;
	job_start(t, &big, 'b', XFR_ASK_AXFR, false);
	for (unsigned i = 0; i < 1000 && t->records < 100; i++)
		event_base_loop(t->base, EVLOOP_ONCE);
	assert_in_range(t->records, 100, 90000);
	t->peer.records = 1;
	job_start(t, &small, 's', XFR_ASK_AXFR, false);
	run_until(t, 2);
	assert_string_equal(t->order, "sb");
	assert_int_equal(big.result.outcome, XFR_GOT_ZONE);
	end(t);
}

static void
test_destroy_with_all_under_way(void **state)
{
	(void)state;
	struct test *t = begin(PART_SILENT, 1);
	struct job j[3] = { 0 };
	job_start(t, &j[0], 'a', XFR_ASK_AXFR, false);
	job_start(t, &j[1], 'b', XFR_ASK_AXFR, false);
	job_start(t, &j[2], 'c', XFR_ASK_SOA, true);
	event_base_loop(t->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	xfr_net_destroy(&t->net);
	assert_null(t->net);
	peer_stop(&t->peer);
	event_base_free(t->base);
	assert_int_equal(t->done, 0);
	free(t);
}

static void
test_udp(void **state)
{
	(void)state;
	struct test *t = begin(PART_SOA, 1);
	struct job j = { 0 };
	job_start(t, &j, 'a', XFR_ASK_SOA, true);
	run_until(t, 1);
	assert_int_equal(j.result.outcome, XFR_NEWER);
	assert_int_equal(t->peer.accepted, 0);
	end(t);
}

static void
test_udp_is_sent_again(void **state)
{
	(void)state;
	struct test *t = begin(PART_SOA, 1);
	struct job j = { 0 };
	t->peer.udp_drop = 2;
	job_start(t, &j, 'a', XFR_ASK_SOA, true);
	run_until(t, 1);
	assert_int_equal(j.result.outcome, XFR_NEWER);
	assert_int_equal(t->peer.datagrams, 3);
	end(t);
}

static void
test_udp_gives_up(void **state)
{
	(void)state;
	struct test *t = begin(PART_SOA, 1);
	struct job j = { 0 };
	t->peer.udp_drop = 9;
	job_start(t, &j, 'a', XFR_ASK_SOA, true);
	run_until(t, 1);
	assert_int_equal(j.result.why, XFR_WHY_TIMEOUT);
	assert_int_equal(t->peer.datagrams, 3);
	/* Nobody at the port at all: the same. */
	t->peer.udp_drop = 0;
	peer_stop(&t->peer);
	job_start(t, &j, 'b', XFR_ASK_SOA, true);
	run_until(t, 2);
	assert_int_equal(j.result.why, XFR_WHY_TIMEOUT);
	end(t);
}

static void
test_udp_wrong_id_is_ignored(void **state)
{
	(void)state;
	struct test *t = begin(PART_SOA, 1);
	struct job j = { 0 };
	t->peer.udp_wrong_id = true;
	job_start(t, &j, 'a', XFR_ASK_SOA, true);
	run_until(t, 1);
	assert_int_equal(j.result.outcome, XFR_NEWER);
	end(t);
}

static void
test_udp_to_tcp(void **state)
{
	(void)state;
	struct test *t = begin(PART_DELTA, 1);
	struct job j = { 0 };
	/* A lone newer SOA over UDP, and TC, both mean TCP. */
	job_start(t, &j, 'a', XFR_ASK_IXFR, true);
	run_until(t, 1);
	assert_int_equal(j.result.outcome, XFR_GOT_DELTA);
	assert_int_equal(t->peer.accepted, 1);
	t->peer.udp_truncates = true;
	job_start(t, &j, 'b', XFR_ASK_IXFR, true);
	run_until(t, 2);
	assert_int_equal(j.result.outcome, XFR_GOT_DELTA);
	assert_int_equal(t->peer.accepted, 2);
	end(t);
}

static void
test_udp_ports_differ(void **state)
{
	(void)state;
	struct test *t = begin(PART_SOA, 1);
	struct job j[8] = { 0 };
	bool differs = false;
	for (unsigned i = 0; i < 8; i++)
		job_start(t, &j[i], (char)('a' + i), XFR_ASK_SOA, true);
	run_until(t, 8);
	for (unsigned i = 2; i < 8; i++)
		differs |= t->peer.ports[i] - t->peer.ports[i - 1] !=
		    t->peer.ports[i - 1] - t->peer.ports[i - 2];
	assert_true(differs);
	end(t);
}

static void
test_size_limits(void **state)
{
	const uint64_t gib = UINT64_C(1) << 30;
	(void)state;
	assert_true(xfr_size_limit(0, false, 0) == 32 * gib);
	assert_true(xfr_size_limit(0, true, 5) == 4 * gib);
	assert_true(xfr_size_limit(0, true, gib + 1) == 4 * gib + 4);
	assert_true(xfr_size_limit(0, true, UINT64_MAX) == UINT64_MAX);
	assert_true(xfr_size_limit(77, true, gib) == 77);
	assert_true(xfr_size_limit(77, false, 0) == 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transfers),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_too_slow),
		cmocka_unit_test(test_refused_connection),
		cmocka_unit_test(test_source_address),
		cmocka_unit_test(test_without_edns),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_cancel_frees_the_place),
		cmocka_unit_test(test_cancel_another_when_done),
		cmocka_unit_test(test_big_does_not_starve_small),
		cmocka_unit_test(test_destroy_with_all_under_way),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_udp_is_sent_again),
		cmocka_unit_test(test_udp_gives_up),
		cmocka_unit_test(test_udp_wrong_id_is_ignored),
		cmocka_unit_test(test_udp_to_tcp),
		cmocka_unit_test(test_udp_ports_differ),
		cmocka_unit_test(test_size_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

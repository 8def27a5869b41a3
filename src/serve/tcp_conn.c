/* tcp_conn.c - one TCP connection: what is done next on it (RFC 7766).
 * Runs in: worker, candidate's worker. Each step does one thing and says how
 * to go on; after some steps other connections have their turn. Nothing is
 * made before what was made is with the kernel. */
#include "serve/tcp_conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"

#define STEPS_PER_RUN 32
#define ANSWERS_PER_STEP 32
#define DRAIN_READS 64
#define UNSENT_OCTETS (128 * 1024)

enum step {
	STEP_ON,	/* take the next one */
	STEP_WAIT,	/* until the socket is ready */
	STEP_GIVEN,	/* it belongs to somebody else now */
	STEP_END
};

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_conn *c = arg;
	(void)fd;
	(void)what;
	c->may_read = true;
	tcp_conn_run(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_conn *c = arg;
	(void)fd;
	(void)what;
	c->armed_ms = 0;
	if (c->is_yielding)
		tcp_conn_run(c);
	else if (tcp_is_late(c) || !tcp_timer_arm(c))
		tcp_conn_end(c);
}

static bool
conn_set_up(struct tcp_conn *c, bool has_tls)
{
	struct serve_tcp *t = c->tcp;
	socklen_t local_len = sizeof(c->local);
	if (getsockname(c->fd, &c->local.sa, &local_len) == -1)
		return false;
	c->io = event_new(t->base, c->fd, EV_READ, on_ready, c);
	c->timer = event_new(t->base, -1, 0, on_timer, c);
	if (has_tls && t->tls != NULL)
		c->tls = tls_conn_new(t->tls, c->fd);
	return c->io != NULL && c->timer != NULL &&
	    (!has_tls || c->tls != NULL);
}

static void
conn_free(struct tcp_conn *c)
{
	if (c->io != NULL)
		event_free(c->io);
	if (c->timer != NULL)
		event_free(c->timer);
	while (c->transfer_count > 0)
		xfr_out_end(&c->transfers[--c->transfer_count]);
	tls_conn_end(&c->tls);
	fd_close(&c->fd);
	free(c->in);
	free(c->out);
	free(c);
}

struct tcp_conn *
tcp_conn_new(struct serve_tcp *t, const struct serve_tcp_passed *p,
    const struct addr *peer)
{
	int fd = p->fd;
	struct tcp_conn *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		fd_close(&fd);
		return NULL;
	}
	*c = (struct tcp_conn){ .tcp = t, .fd = fd, .peer = *peer,
		.phase = p->has_tls ? TCP_HANDSHAKE : TCP_SERVING,
		.queries = p->queries, .has_moved = true };
	if (!conn_set_up(c, p->has_tls) || p->len > SERVE_TCP_UNREAD_MAX ||
	    !tcp_in_reserve(c, p->len)) {
		conn_free(c);
		return NULL;
	}
	if (p->len > 0)
		memcpy(c->in, p->octets, p->len);
	c->in_len = p->len;
	if (p->left_ms > 0)
		tcp_wait_left(c, p->left_ms);
	return c;
}

void
tcp_conn_end(struct tcp_conn *c)
{
	struct serve_tcp *t = c->tcp;
	serve_tcp_conn_gone(t, c);
	conn_free(c);
}

/* Gives the descriptor away and forgets the rest. */
static enum step
conn_give(struct tcp_conn *c,
    void (*to)(void *arg, const struct serve_tcp_passed *p))
{
	struct serve_tcp_passed p = { .fd = c->fd, .octets = c->in + c->in_at,
		.len = c->in_len, .has_tls = c->phase == TCP_HANDSHAKE,
		.queries = c->queries,
		.left_ms = tcp_left_ms(c) };
	c->fd = -1;
	event_del(c->io);
	to(c->tcp->hooks.arg, &p);
	return STEP_GIVEN;
}

/* Says FIN and waits for the peer's: closing with unread input would send a
 * reset, which may overtake what we wrote. */
static enum step
start_draining(struct tcp_conn *c)
{
	c->phase = TCP_DRAINING;
	c->in_at = c->in_len = 0;
	tls_conn_end(&c->tls);
	return shutdown(c->fd, SHUT_WR) == -1 ? STEP_END : STEP_ON;
}

static enum step
step_drain(struct tcp_conn *c)
{
	ssize_t n = recv(c->fd, c->tcp->out, sizeof(c->tcp->out), 0);
	if (n == -1 && errno == EINTR)
		return STEP_ON;
	if (n == -1 && errno == EAGAIN)
		return STEP_WAIT;
	/* It may go on sending into a closed connection. */
	return n > 0 && ++c->drained < DRAIN_READS ? STEP_ON : STEP_END;
}

static enum step
step_handshake(struct tcp_conn *c)
{
	enum tls_result r = tls_handshake(c->tls);
	c->tls_wants = r == TLS_WANTS_WRITE ? EV_WRITE : 0;
	switch (r) {
	case TLS_DONE:
		c->phase = TCP_SERVING;
		c->has_moved = c->may_read = true;
		return STEP_ON;
	case TLS_WANTS_READ:
	case TLS_WANTS_WRITE:
		return STEP_WAIT;
	case TLS_ENDED:
	case TLS_FAILED:
		break;
	}
	/* An alert says why; it shall arrive. */
	return start_draining(c);
}

static enum step
after_writing(enum tcp_io r)
{
	switch (r) {
	case TCP_IO_ALL:
		return STEP_ON;
	case TCP_IO_AGAIN:
		return STEP_WAIT;
	case TCP_IO_END:
	case TCP_IO_FAILED:
		break;
	}
	return STEP_END;
}

/* The next message of the transfer that runs. */
static enum step
step_transfer(struct tcp_conn *c)
{
	uint8_t *made = c->tcp->out;
	size_t len;
	switch (xfr_out_next(c->transfers[0], clock_wall_s(), made + 2,
	    MSG_MAX_OCTETS, &len)) {
	case XFR_OUT_MORE:
		break;
	case XFR_OUT_DONE:
		xfr_out_end(&c->transfers[0]);
		c->transfer_count--;
		memmove(c->transfers, c->transfers + 1,
		    c->transfer_count * sizeof(c->transfers[0]));
		break;
	case XFR_OUT_ERROR:
		return STEP_END;
	}
	octets_set_u16(made, (uint16_t)len);
	c->is_transfers_turn = false;
	return after_writing(tcp_io_write(c, 2 + len));
}

static uint16_t
idle_100ms(const struct serve_tcp *t)
{
	int64_t n = tcp_idle_ms(t) / 100;
	return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

static void
fill_query(struct tcp_conn *c, uint8_t *answer)
{
	struct query *q = &c->tcp->query;
	q->octets = c->in + c->in_at + 2;
	q->len = octets_u16(c->in + c->in_at);
	q->peer = c->peer;
	q->local = c->local;
	q->transport = c->tls != NULL ? SERVE_TLS : SERVE_TCP;
	q->idle_timeout_100ms = idle_100ms(c->tcp);
	q->now_s = clock_wall_s();
	q->answer = answer;
	q->room = MSG_MAX_OCTETS;
}

/* What waits unsent in the kernel goes before the answer to a later query, and
 * is part of what a slow reader has tcp-timeout for. */
static enum err
start_transfer(struct tcp_conn *c)
{
	static const int unsent_octets = UNSENT_OCTETS;
	if (!c->is_queue_short)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
		    &unsent_octets, sizeof(unsent_octets));
	c->is_queue_short = true;
	enum err e = xfr_out_start(c->tcp->serve, &c->tcp->query,
	    &c->transfers[c->transfer_count]);
	c->transfer_count += e == OK;
	return e;
}

/* Answers the first query in the input; the framed answer stands behind *used
 * octets. False: a transfer could not be started. */
static bool
answer_one(struct tcp_conn *c, size_t *used)
{
	struct serve_tcp *t = c->tcp;
	uint8_t *made = t->out + *used;
	bool is_good = true;
	fill_query(c, made + 2);
	/* A TSIG that is cut off shortens q->len; the frame stays. */
	switch (query_answer(t->serve, &t->query)) {
	case QUERY_DROP:
		break;
	case QUERY_ANSWER:
		octets_set_u16(made, (uint16_t)t->query.answer_len);
		*used += 2 + t->query.answer_len;
		break;
	case QUERY_TRANSFER:
		is_good = start_transfer(c) == OK;
		break;
	}
	tcp_drop_query(c);
	c->has_moved = true;
	c->is_placed = false;
	c->queries++;
	if (t->limits.query_count > 0 && c->queries >= t->limits.query_count)
		c->is_last = true;
	return is_good;
}

/* A query that is to be looked at. */
static bool
has_task(const struct tcp_conn *c)
{
	return tcp_has_query(c) && !c->is_last && !c->tcp->is_retired &&
	    c->transfer_count < TCP_TRANSFERS_MAX;
}

/* Is the first query for another candidate's worker? */
static bool
is_foreign(const struct tcp_conn *c)
{
	const struct serve_tcp_hooks *h = &c->tcp->hooks;
	const uint8_t *at = c->in + c->in_at;
	struct name qname;
	uint16_t qtype;
	return !c->is_placed && h->is_mine != NULL && h->hand_back != NULL &&
	    query_question(at + 2, octets_u16(at), &qname, &qtype) &&
	    !h->is_mine(h->arg, qname.octets, qtype);
}

static enum step
step_answer(struct tcp_conn *c)
{
	size_t used = 0;
	for (unsigned i = 0; i < ANSWERS_PER_STEP && has_task(c) &&
	    !is_foreign(c) && used + TCP_FRAME_MAX <= TCP_OUT_OCTETS; i++)
		if (!answer_one(c, &used))
			return STEP_END;
	c->is_transfers_turn = c->transfer_count > 0;
	return used == 0 ? STEP_ON : after_writing(tcp_io_write(c, used));
}

static enum step
step_read(struct tcp_conn *c)
{
	switch (tcp_io_read(c)) {
	case TCP_IO_ALL:
	case TCP_IO_AGAIN:
		return STEP_ON;
	case TCP_IO_END:
		c->has_ended = true;
		return STEP_ON;
	case TCP_IO_FAILED:
		break;
	}
	return STEP_END;
}

/* It moves if it has one generation's TLS not begun, or none. */
static bool
may_move(const struct tcp_conn *c)
{
	return c->tcp->hooks.hand_over != NULL && !c->is_last &&
	    (c->tls == NULL || (c->phase == TCP_HANDSHAKE &&
	    !tls_has_begun(c->tls)));
}

/* Nothing is being written, nothing can be answered. */
static enum step
step_idle(struct tcp_conn *c)
{
	const struct serve_tcp *t = c->tcp;
	if (c->has_ended)
		return STEP_END;
	if (t->is_retired && may_move(c))
		return conn_give(c, t->hooks.hand_over);
	return c->is_last || t->is_retired ? start_draining(c) : STEP_WAIT;
}

static bool
wants_input(const struct tcp_conn *c)
{
	return c->may_read && !c->has_ended && !c->is_last &&
	    !c->tcp->is_retired && !tcp_has_query(c);
}

static enum step
step_serve(struct tcp_conn *c)
{
	if (c->out != NULL)
		return after_writing(tcp_io_write_rest(c));
	if (c->transfer_count > 0 && c->is_transfers_turn)
		return step_transfer(c);
	if (has_task(c) && !is_foreign(c))
		return step_answer(c);
	/* It goes back when its transfers have ended. */
	if (has_task(c) && c->transfer_count == 0)
		return conn_give(c, c->tcp->hooks.hand_back);
	if (wants_input(c))
		return step_read(c);
	return c->transfer_count > 0 ? step_transfer(c) : step_idle(c);
}

static enum step
step(struct tcp_conn *c)
{
	switch (c->phase) {
	case TCP_HANDSHAKE:
		return step_handshake(c);
	case TCP_SERVING:
		return step_serve(c);
	case TCP_DRAINING:
		return step_drain(c);
	}
	return STEP_END;
}

static enum tcp_wait
wait_of(const struct tcp_conn *c)
{
	if (c->phase == TCP_HANDSHAKE)
		return TCP_FOR_HANDSHAKE;
	if (c->phase == TCP_DRAINING)
		return TCP_FOR_END;
	if (c->out != NULL)
		return TCP_FOR_WRITING;
	return c->in_len > 0 ? TCP_FOR_REST : TCP_FOR_QUERY;
}

static bool
set_interest(struct tcp_conn *c, short what)
{
	if (what == c->interest)
		return true;
	event_del(c->io);
	c->interest = what;
	return event_assign(c->io, c->tcp->base, c->fd,
	    (short)(what | EV_PERSIST), on_ready, c) == 0 &&
	    event_add(c->io, NULL) == 0;
}

static bool
wait_for_socket(struct tcp_conn *c)
{
	enum tcp_wait w = wait_of(c);
	short what = w == TCP_FOR_WRITING ? EV_WRITE : EV_READ;
	tcp_wait_for(c, w);
	return set_interest(c, c->tls_wants != 0 ? c->tls_wants : what) &&
	    tcp_timer_arm(c);
}

/* By way of the timer, so that the loop looks at the sockets in between. */
static bool
yield(struct tcp_conn *c)
{
	static const struct timeval now = { 0, 0 };
	c->is_yielding = true;
	c->armed_ms = clock_mono_ms();
	return event_add(c->timer, &now) == 0;
}

void
tcp_conn_run(struct tcp_conn *c)
{
	enum step s = STEP_ON;
	c->is_yielding = false;
	c->tls_wants = 0;
	for (unsigned i = 0; i < STEPS_PER_RUN && s == STEP_ON; i++)
		s = step(c);
	bool goes_on = s == STEP_ON ? yield(c) : s == STEP_WAIT &&
	    wait_for_socket(c);
	if (!goes_on)
		tcp_conn_end(c);
}

void
tcp_conn_retire(struct tcp_conn *c)
{
	/* What is being written goes on and ends in step_idle. A transfer
	 * makes it the connection's last. */
	if (c->transfer_count > 0)
		c->is_last = true;
	/* A handshake that has begun comes to its end within its time, and
	 * the connection to a proper one: the client asks again at once. */
	if (c->phase == TCP_HANDSHAKE && may_move(c)) {
		(void)conn_give(c, c->tcp->hooks.hand_over);
		tcp_conn_end(c);
	} else if (c->phase == TCP_SERVING && c->out == NULL &&
	    c->transfer_count == 0)
		tcp_conn_run(c);
}

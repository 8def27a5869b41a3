/* tcp_conn.c - one TCP connection: read, answer, transfer, drain (RFC 7766).
 * Runs in: worker, candidate's worker. One message at a time: the next query
 * is looked at when the answer to the one before is with the kernel. */
#include "serve/tcp_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define IN_FIRST_OCTETS 512	/* a query fits; larger ones grow it */
#define QUERIES_PER_EVENT 32	/* then other connections have their turn */
#define MESSAGES_PER_EVENT 32	/* of a transfer */
#define DRAIN_TIMEOUT_S 2
#define DRAIN_READS 64

static void conn_ready(evutil_socket_t fd, short what, void *arg);

static bool
conn_wait(struct tcp_conn *c, enum tcp_phase phase)
{
	struct timeval tv = { .tv_sec = phase == TCP_DRAINING ?
		DRAIN_TIMEOUT_S : (time_t)c->tcp->limits.timeout_s };
	short what = phase == TCP_WRITING ? EV_WRITE : EV_READ;
	c->phase = phase;
	event_del(c->event);
	return event_assign(c->event, c->tcp->base, c->fd, what, conn_ready,
	    c) == 0 && event_add(c->event, &tv) == 0;
}

static void
conn_wait_or_end(struct tcp_conn *c, enum tcp_phase phase)
{
	if (!conn_wait(c, phase))
		tcp_conn_end(c);
}

static bool
in_reserve(struct tcp_conn *c, size_t need)
{
	size_t room = c->in_room > 0 ? c->in_room : IN_FIRST_OCTETS;
	while (room < need)
		room *= 2;
	if (room > SERVE_TCP_UNREAD_MAX)
		room = SERVE_TCP_UNREAD_MAX;
	if (room == c->in_room)
		return true;
	uint8_t *in = realloc(c->in, room);
	if (in == NULL)
		return false;
	c->in = in;
	c->in_room = room;
	return true;
}

struct tcp_conn *
tcp_conn_new(struct serve_tcp *t, int fd, const struct addr *peer,
    const uint8_t *octets, size_t len)
{
	struct tcp_conn *c = calloc(1, sizeof(*c));
	socklen_t local_len = sizeof(c->local);
	if (c == NULL)
		goto fail;
	c->tcp = t;
	c->fd = fd;
	c->peer = *peer;
	if (getsockname(fd, &c->local.sa, &local_len) == -1)
		goto fail;
	c->event = event_new(t->base, fd, EV_READ, conn_ready, c);
	if (c->event == NULL || len > SERVE_TCP_UNREAD_MAX ||
	    !in_reserve(c, len > 0 ? len : 1))
		goto fail;
	if (len > 0)
		memcpy(c->in, octets, len);
	c->in_len = len;
	return c;
fail:
	if (c != NULL && c->event != NULL)
		event_free(c->event);
	if (c != NULL)
		free(c->in);
	free(c);
	fd_close(&fd);
	return NULL;
}

void
tcp_conn_end(struct tcp_conn *c)
{
	struct serve_tcp *t = c->tcp;
	serve_tcp_conn_gone(t, c);
	event_free(c->event);
	xfr_out_end(&c->xfr);
	fd_close(&c->fd);
	free(c->in);
	free(c->out);
	free(c);
}

/* Says FIN and waits for the peer's: closing with unread input would send a
 * reset, which may overtake what we wrote. */
static void
conn_drain(struct tcp_conn *c)
{
	c->in_len = 0;
	if (shutdown(c->fd, SHUT_WR) == -1)
		tcp_conn_end(c);
	else
		conn_wait_or_end(c, TCP_DRAINING);
}

/* Gives the descriptor away and forgets the rest. */
static void
conn_give(struct tcp_conn *c, void (*to)(void *arg, int fd,
    const uint8_t *octets, size_t len))
{
	int fd = c->fd;
	c->fd = -1;
	event_del(c->event);
	to(c->tcp->hooks.arg, fd, c->in, c->in_len);
	tcp_conn_end(c);
}

static bool
has_query(const struct tcp_conn *c)
{
	return c->in_len >= 2 && c->in_len - 2 >= octets_u16(c->in);
}

static void
drop_query(struct tcp_conn *c)
{
	size_t n = 2 + (size_t)octets_u16(c->in);
	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
}

enum sent { SENT_ALL, SENT_PART, SENT_FAILED };

static enum sent
send_some(struct tcp_conn *c, const uint8_t *octets, size_t len, size_t *at)
{
	while (*at < len) {
		ssize_t n = send(c->fd, octets + *at, len - *at,
		    MSG_NOSIGNAL);
		if (n >= 0) {
			*at += (size_t)n;
			c->moved += (uint64_t)n;
		} else if (errno == EAGAIN) {
			return SENT_PART;
		} else if (errno != EINTR) {
			serve_count(c->tcp->serve, COUNT_TX_ERROR);
			return SENT_FAILED;
		}
	}
	return SENT_ALL;
}

/* Sends the message of this length that was made in the shared buffer; what
 * the kernel does not take is kept with the connection. */
static enum sent
send_made(struct tcp_conn *c, size_t message_len)
{
	uint8_t *made = c->tcp->out;
	size_t len = 2 + message_len, at = 0;
	octets_set_u16(made, (uint16_t)message_len);
	enum sent s = send_some(c, made, len, &at);
	if (s != SENT_PART)
		return s;
	c->out = malloc(len - at);
	if (c->out == NULL)
		return SENT_FAILED;
	memcpy(c->out, made + at, len - at);
	c->out_at = 0;
	c->out_len = len - at;
	return SENT_PART;
}

static enum sent
send_rest(struct tcp_conn *c)
{
	if (c->out == NULL)
		return SENT_ALL;
	enum sent s = send_some(c, c->out, c->out_len, &c->out_at);
	if (s != SENT_PART) {
		free(c->out);
		c->out = NULL;
	}
	return s;
}

/* Messages of a transfer as long as the kernel takes them. */
static enum sent
send_transfer(struct tcp_conn *c)
{
	uint8_t *made = c->tcp->out;
	for (unsigned i = 0; i < MESSAGES_PER_EVENT; i++) {
		size_t len;
		enum xfr_out_result r = xfr_out_next(c->xfr, clock_wall_s(),
		    made + 2, MSG_MAX_OCTETS, &len);
		if (r == XFR_OUT_ERROR)
			return SENT_FAILED;
		if (r == XFR_OUT_DONE)
			xfr_out_end(&c->xfr);
		enum sent s = send_made(c, len);
		if (s != SENT_ALL || c->xfr == NULL)
			return s;
	}
	return SENT_PART;
}

static uint16_t
timeout_100ms(unsigned timeout_s)
{
	return timeout_s > UINT16_MAX / 10 ? UINT16_MAX :
	    (uint16_t)(timeout_s * 10);
}

static void
fill_query(struct tcp_conn *c)
{
	struct query *q = &c->tcp->query;
	q->octets = c->in + 2;
	q->len = octets_u16(c->in);
	q->peer = c->peer;
	q->local = c->local;
	q->transport = SERVE_TCP;
	q->idle_timeout_100ms = timeout_100ms(c->tcp->limits.timeout_s);
	q->now_s = clock_wall_s();
	q->answer = c->tcp->out + 2;
	q->room = MSG_MAX_OCTETS;
}

/* Answers the first query in the input. */
static enum sent
answer_one(struct tcp_conn *c)
{
	struct serve_tcp *t = c->tcp;
	enum sent s = SENT_ALL;
	fill_query(c);
	/* A TSIG that is cut off shortens q->len; the frame stays. */
	switch (query_answer(t->serve, &t->query)) {
	case QUERY_DROP:
		break;
	case QUERY_ANSWER:
		s = send_made(c, t->query.answer_len);
		break;
	case QUERY_TRANSFER:
		if (xfr_out_start(t->serve, &t->query, &c->xfr) != OK)
			return SENT_FAILED;
		s = send_transfer(c);
		break;
	}
	drop_query(c);
	c->queries++;
	if (t->limits.query_count > 0 && c->queries >= t->limits.query_count)
		c->is_last = true;
	return s;
}

/* True: the connection belongs to somebody else now. */
static bool
is_given_back(struct tcp_conn *c)
{
	const struct serve_tcp_hooks *h = &c->tcp->hooks;
	bool is_placed = c->is_placed;
	struct name qname;
	uint16_t qtype;
	c->is_placed = false;
	if (is_placed || h->is_mine == NULL || h->hand_back == NULL ||
	    !query_question(c->in + 2, octets_u16(c->in), &qname, &qtype) ||
	    h->is_mine(h->arg, qname.octets, qtype))
		return false;
	conn_give(c, h->hand_back);
	return true;
}

/* Nothing is being written. */
static void
conn_idle(struct tcp_conn *c)
{
	struct serve_tcp *t = c->tcp;
	if (t->is_retired && t->hooks.hand_over != NULL && !c->is_last)
		conn_give(c, t->hooks.hand_over);
	else if (c->is_last || t->is_retired)
		conn_drain(c);
	else
		conn_wait_or_end(c, TCP_READING);
}

void
tcp_conn_go_on(struct tcp_conn *c)
{
	for (unsigned i = 0; has_query(c) && !c->is_last &&
	    !c->tcp->is_retired; i++) {
		if (i == QUERIES_PER_EVENT) {
			/* Comes again when others have had their turn. */
			if (!conn_wait(c, TCP_READING))
				tcp_conn_end(c);
			else
				event_active(c->event, EV_READ, 1);
			return;
		}
		if (is_given_back(c))
			return;
		switch (answer_one(c)) {
		case SENT_ALL:
			break;
		case SENT_PART:
			conn_wait_or_end(c, TCP_WRITING);
			return;
		case SENT_FAILED:
			tcp_conn_end(c);
			return;
		}
	}
	conn_idle(c);
}

static void
conn_writable(struct tcp_conn *c)
{
	enum sent s = send_rest(c);
	if (s == SENT_ALL && c->xfr != NULL)
		s = send_transfer(c);
	switch (s) {
	case SENT_ALL:
		tcp_conn_go_on(c);
		break;
	case SENT_PART:
		conn_wait_or_end(c, TCP_WRITING);
		break;
	case SENT_FAILED:
		tcp_conn_end(c);
		break;
	}
}

static void
conn_readable(struct tcp_conn *c)
{
	if (has_query(c)) {
		tcp_conn_go_on(c);
		return;
	}
	size_t need = c->in_len < 2 ? 2 : 2 + (size_t)octets_u16(c->in);
	if (!in_reserve(c, need)) {
		tcp_conn_end(c);
		return;
	}
	ssize_t n = recv(c->fd, c->in + c->in_len, c->in_room - c->in_len, 0);
	if (n > 0) {
		c->in_len += (size_t)n;
		tcp_conn_go_on(c);
	} else if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		conn_wait_or_end(c, TCP_READING);
	} else {
		if (n == -1)
			serve_count(c->tcp->serve, COUNT_RX_ERROR);
		tcp_conn_end(c);
	}
}

static void
conn_drainable(struct tcp_conn *c)
{
	for (unsigned i = 0; i < DRAIN_READS; i++) {
		ssize_t n = recv(c->fd, c->tcp->out, sizeof(c->tcp->out), 0);
		if (n > 0 || (n == -1 && errno == EINTR))
			continue;
		if (n == -1 && errno == EAGAIN)
			conn_wait_or_end(c, TCP_DRAINING);
		else
			tcp_conn_end(c);
		return;
	}
	/* It goes on sending into a closed connection. */
	tcp_conn_end(c);
}

static void
conn_ready(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_conn *c = arg;
	(void)fd;
	if ((what & EV_TIMEOUT) != 0) {
		tcp_conn_end(c);
		return;
	}
	switch (c->phase) {
	case TCP_READING:
		conn_readable(c);
		break;
	case TCP_WRITING:
		conn_writable(c);
		break;
	case TCP_DRAINING:
		conn_drainable(c);
		break;
	}
}

void
tcp_conn_retire(struct tcp_conn *c)
{
	/* What is being written goes on and ends in conn_idle. A transfer
	 * makes it the connection's last. */
	if (c->xfr != NULL)
		c->is_last = true;
	if (c->phase == TCP_READING)
		conn_idle(c);
}

/* tcp_time.c - how long a TCP connection may take for what it waits for.
 * Runs in: worker, candidate's worker. One timer for each connection, which is
 * set again only when the deadline comes closer: a query costs no timer. */
#include "base/clock.h"
#include "serve/tcp_conn.h"

#define IDLE_LOADED_MS 200
#define MESSAGE_LOADED_MS 2000
#define HANDSHAKE_MS 10000
#define END_MS 2000

/* More than half of the places are taken by others. */
static bool
is_loaded(const struct serve_tcp *t)
{
	return t->count > 1 && t->count - 1 > t->limits.count / 2;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
timeout_ms(const struct serve_tcp *t)
{
	return (int64_t)t->limits.timeout_s * 1000;
}

int64_t
tcp_idle_ms(const struct serve_tcp *t)
{
	return is_loaded(t) ? smaller(timeout_ms(t), IDLE_LOADED_MS) :
	    timeout_ms(t);
}

static int64_t
message_ms(const struct serve_tcp *t)
{
	return is_loaded(t) ? smaller(timeout_ms(t), MESSAGE_LOADED_MS) :
	    timeout_ms(t);
}

static int64_t
limit_ms(const struct tcp_conn *c, enum tcp_wait w)
{
	const struct serve_tcp *t = c->tcp;
	switch (w) {
	case TCP_FOR_HANDSHAKE:
		return smaller(message_ms(t), HANDSHAKE_MS);
	case TCP_FOR_QUERY:
		return tcp_idle_ms(t);
	case TCP_FOR_REST:
		return message_ms(t);
	case TCP_FOR_WRITING:
		return c->transfer_count > 0 ? timeout_ms(t) : message_ms(t);
	case TCP_FOR_END:
		return smaller(tcp_idle_ms(t), END_MS);
	}
	return 0;
}

void
tcp_wait_for(struct tcp_conn *c, enum tcp_wait w)
{
	if (w == c->wait && !c->has_moved)
		return;
	c->wait = w;
	c->has_moved = false;
	c->deadline_ms = clock_mono_ms() + limit_ms(c, w);
}

void
tcp_wait_left(struct tcp_conn *c, uint32_t left_ms)
{
	c->has_moved = false;
	c->wait = c->phase == TCP_HANDSHAKE ? TCP_FOR_HANDSHAKE :
	    c->in_len > 0 ? TCP_FOR_REST : TCP_FOR_QUERY;
	c->deadline_ms = clock_mono_ms() + left_ms;
}

bool
tcp_timer_arm(struct tcp_conn *c)
{
	if (c->armed_ms != 0 && c->armed_ms <= c->deadline_ms)
		return true;
	int64_t left = c->deadline_ms - clock_mono_ms();
	if (left < 0)
		left = 0;
	struct timeval tv = { .tv_sec = (time_t)(left / 1000),
		.tv_usec = (suseconds_t)(left % 1000 * 1000) };
	c->armed_ms = c->deadline_ms;
	return event_add(c->timer, &tv) == 0;
}

bool
tcp_is_late(const struct tcp_conn *c)
{
	return clock_mono_ms() >= c->deadline_ms;
}

uint32_t
tcp_left_ms(const struct tcp_conn *c)
{
	if (c->has_moved || c->wait == TCP_FOR_WRITING ||
	    c->wait == TCP_FOR_END)
		return 0;
	int64_t left = c->deadline_ms - clock_mono_ms();
	return left < 1 ? 1 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

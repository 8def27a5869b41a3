/* xfr_tcp.c - one exchange over TCP: connect, send the request, read framed
 * messages (RFC 1035 4.2.2).
 * Runs in: xfrd. Never blocks; per turn of the loop at most TURN_READS reads,
 * so that a big transfer does not starve the others. The timer runs until a
 * whole message came: an octet now and then does not keep a peer alive, nor
 * does a message now and then: as long as it lasts no other primary is asked,
 * and the zone would expire over it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "xfr/xfr_conn_inner.h"

#define TURN_READS 4
#define TURN_MESSAGES 64
/* After SLOW_AFTER_MS a transfer must have come at SLOW_OCTETS_PER_S. */
#define SLOW_AFTER_MS (10 * 60 * 1000)
#define SLOW_OCTETS_PER_S 1000

static void
on_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_fail(arg, XFR_WHY_TIMEOUT, OK);
}

static void
arm(struct xfr_conn *c)
{
	conn_set_timer(c, on_silence, c->net->settings.tcp_timeout_s * 1000u);
}

/* One whole message at the start of c->in; 0 when there is none yet. */
static size_t
frame_len(const struct xfr_conn *c, size_t at)
{
	size_t left = c->in_len - at;
	if (left < 2)
		return 0;
	size_t n = 2u + octets_u16(c->in + at);
	return left >= n ? n : 0;
}

static bool
is_too_slow(const struct xfr_conn *c)
{
	int64_t ms = clock_mono_ms() - c->started_ms;
	uint64_t octets = xfr_client_result(c->client)->octets;
	return ms > SLOW_AFTER_MS &&
	    octets < (uint64_t)(ms / 1000) * SLOW_OCTETS_PER_S;
}

/* Hands on all whole messages; false when the connection is gone. */
static bool
take_frames(struct xfr_conn *c, unsigned *messages)
{
	size_t at = 0, n;
	while ((n = frame_len(c, at)) > 0) {
		hook_at("hop-1-message", NULL);
		enum xfr_outcome outcome = xfr_client_message(c->client,
		    c->in + at + 2, n - 2, c->net->scratch, clock_wall_s());
		hook_at("hop-2-checked", NULL);
		if (!conn_took(c, outcome))
			return false;
		at += n;
		(*messages)++;
	}
	if (at > 0) {
		memmove(c->in, c->in + at, c->in_len - at);
		c->in_len -= at;
		if (is_too_slow(c)) {
			conn_fail(c, XFR_WHY_SLOW, OK);
			return false;
		}
		arm(c);
	}
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct xfr_conn *c = arg;
	unsigned messages = 0;
	(void)what;
	for (unsigned i = 0; i < TURN_READS && messages < TURN_MESSAGES; i++) {
		/* A whole message always fits, so there is room left. */
		ssize_t n = read(fd, c->in + c->in_len,
		    FRAME_MAX - c->in_len);
		if (n == 0) {
			conn_fail(c, XFR_WHY_CLOSED, OK);
			return;
		}
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1) {
			conn_fail(c, XFR_WHY_CLOSED, ERR_SYSTEM);
			return;
		}
		c->in_len += (size_t)n;
		if (!take_frames(c, &messages))
			return;
	}
}

static void
start_reading(struct xfr_conn *c)
{
	c->in = malloc(FRAME_MAX);
	if (c->in == NULL || !conn_watch(c, EV_READ, on_readable)) {
		conn_fail(c, XFR_WHY_LOCAL, ERR_MEMORY);
		return;
	}
	c->state = CONN_READING;
	arm(c);
}

/* The frame is made anew for each try of a short write: the client returns
 * the very same message. */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct xfr_conn *c = arg;
	uint8_t *frame = c->net->datagram;
	const uint8_t *request;
	size_t len;
	(void)what;
	enum err e = xfr_client_request(c->client, c->id, clock_wall_s(),
	    &request, &len);
	if (e != OK) {
		conn_fail(c, XFR_WHY_LOCAL, e);
		return;
	}
	octets_set_u16(frame, (uint16_t)len);
	memcpy(frame + 2, request, len);
	ssize_t n = send(fd, frame + c->sent, len + 2 - c->sent,
	    MSG_NOSIGNAL);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		conn_fail(c, XFR_WHY_CLOSED, ERR_SYSTEM);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent == len + 2)
		start_reading(c);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct xfr_conn *c = arg;
	int error = 0;
	socklen_t len = sizeof(error);
	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error != 0) {
		if (error != 0)
			errno = error;
		conn_fail(c, XFR_WHY_CONNECT, ERR_SYSTEM);
		return;
	}
	c->state = CONN_SENDING;
	c->started_ms = clock_mono_ms();
	conn_log_request(c);
	if (!conn_watch(c, EV_WRITE, on_writable))
		conn_fail(c, XFR_WHY_LOCAL, ERR_MEMORY);
}

void
tcp_start(struct xfr_conn *c)
{
	c->fd = sock_connect(&c->primary, c->has_source ? &c->source : NULL,
	    c->net->settings.tcp_mss);
	if (c->fd == -1) {
		conn_fail_later(c, XFR_WHY_CONNECT, ERR_SYSTEM);
		return;
	}
	if (!conn_watch(c, EV_WRITE, on_connected)) {
		conn_fail_later(c, XFR_WHY_LOCAL, ERR_MEMORY);
		return;
	}
	arm(c);
}

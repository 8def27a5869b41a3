/* xfr_udp.c - one exchange over UDP: one request, sent again with doubled
 * waits; the first answer that is believed ends it.
 * Runs in: xfrd. Never blocks. The socket is connected and its port chosen by
 * the system at random, the id is random too. What does not fit is ignored:
 * anybody may send, and the true answer may still come. */
#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "xfr/xfr_conn_inner.h"

#define TURN_DATAGRAMS 16

static void udp_send(struct xfr_conn *c, bool is_first);

static void
on_wait_over(evutil_socket_t fd, short what, void *arg)
{
	struct xfr_conn *c = arg;
	(void)fd;
	(void)what;
	if (c->tries >= c->net->settings.udp_tries)
		conn_fail(c, XFR_WHY_TIMEOUT, OK);
	else
		udp_send(c, false);
}

/* A send that fails is as good as one that is lost: it is done again. */
static void
udp_send(struct xfr_conn *c, bool is_first)
{
	const uint8_t *request;
	size_t len;
	enum err e = xfr_client_request(c->client, c->id, clock_wall_s(),
	    &request, &len);
	if (e != OK) {
		if (is_first)
			conn_fail_later(c, XFR_WHY_LOCAL, e);
		else
			conn_fail(c, XFR_WHY_LOCAL, e);
		return;
	}
	ssize_t n = send(c->fd, request, len, MSG_NOSIGNAL);
	(void)n;
	conn_set_timer(c, on_wait_over,
	    c->net->settings.udp_timeout_ms << (c->tries < 5 ? c->tries : 5));
	c->tries++;
}

static void
on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct xfr_conn *c = arg;
	(void)what;
	for (unsigned i = 0; i < TURN_DATAGRAMS; i++) {
		ssize_t n = recv(fd, c->net->datagram,
		    sizeof(c->net->datagram), 0);
		if (n == -1 && errno == ECONNREFUSED)
			continue;	/* nobody there: the timer decides */
		if (n == -1)
			return;
		enum xfr_outcome outcome = xfr_client_message(c->client,
		    c->net->datagram, (size_t)n, c->net->scratch,
		    clock_wall_s());
		if (!conn_took(c, outcome))
			return;
	}
}

void
udp_start(struct xfr_conn *c)
{
	c->fd = sock_udp_connect(&c->primary,
	    c->has_source ? &c->source : NULL);
	if (c->fd == -1) {
		conn_fail_later(c, XFR_WHY_CONNECT, ERR_SYSTEM);
		return;
	}
	if (!conn_watch(c, EV_READ, on_datagram)) {
		conn_fail_later(c, XFR_WHY_LOCAL, ERR_MEMORY);
		return;
	}
	conn_log_request(c);
	udp_send(c, true);
}

/* gate_conn.c - TCP connections to the verify addresses, from accept until
 * their first message says who answers it.
 * Runs in: gate. Bounded in number, octets and time: one that does not ask
 * makes room for those that do. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "proc/gate.h"

#define CONNECTIONS_MAX 256
#define FIRST_QUERY_MS 10000	/* a connection must ask within this time */
#define ACCEPT_AGAIN_MS 100	/* after lack of descriptors */

struct connection {
	struct connection *next;	/* the one accepted before */
	int fd;
	struct addr peer;
	struct event *event;
	int64_t deadline_ms;
	size_t len, room;
	uint8_t octets[];
};

struct listener {
	struct event_base *loop;
	struct event *event, *again;
};

static struct connection *newest;
static unsigned count;

static void
connection_remove(struct connection *c)
{
	struct connection **at = &newest;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	count--;
	event_free(c->event);
	fd_close(&c->fd);
	free(c);
}

/* The one that has not asked for the longest time. */
static bool
oldest_remove(void)
{
	struct connection *c = newest;
	if (c == NULL)
		return false;
	while (c->next != NULL)
		c = c->next;
	connection_remove(c);
	return true;
}

static bool
has_message(const struct connection *c)
{
	return c->len >= 2 && c->len - 2 >= octets_u16(c->octets);
}

static void
wait_for_query(struct connection *c)
{
	int64_t left = c->deadline_ms - clock_mono_ms();
	struct timeval t = { left > 0 ? left / 1000 : 0,
		left > 0 ? left % 1000 * 1000 : 1 };
	event_add(c->event, &t);
}

static void
set_deadline(struct connection *c)
{
	c->deadline_ms = clock_mono_ms() + FIRST_QUERY_MS;
}

/* Passes the connection on or refuses its first message. False: it is gone. */
static bool
route(struct connection *c)
{
	uint8_t answer[514];
	size_t len = octets_u16(c->octets);
	if (gate_pass(c->fd, &c->peer, c->octets, c->len)) {
		c->fd = -1;
		connection_remove(c);
		return false;
	}
	size_t n = gate_refusal(c->octets + 2, len, answer + 2, 512);
	octets_set_u16(answer, (uint16_t)n);
	if (n == 0 || send(c->fd, answer, n + 2, MSG_NOSIGNAL |
	    MSG_DONTWAIT) != (ssize_t)(n + 2)) {
		connection_remove(c);
		return false;
	}
	c->len -= 2 + len;
	memmove(c->octets, c->octets + 2 + len, c->len);
	set_deadline(c);
	return true;
}

static void
route_all(struct connection *c)
{
	while (has_message(c))
		if (!route(c))
			return;
	if (c->len == c->room)
		connection_remove(c);	/* longer than any query */
	else
		wait_for_query(c);
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	if ((what & EV_TIMEOUT) != 0) {
		connection_remove(c);
		return;
	}
	if ((what & EV_READ) != 0) {
		ssize_t n = recv(fd, c->octets + c->len, c->room - c->len,
		    MSG_DONTWAIT);
		if (n == 0 || (n == -1 && errno != EAGAIN &&
		    errno != EINTR)) {
			connection_remove(c);
			return;
		}
		c->len += n > 0 ? (size_t)n : 0;
	}
	route_all(c);
}

static struct connection *
connection_new(struct event_base *loop, int fd, size_t len)
{
	size_t room = 2 + (len > GATE_QUERY_MAX ? len : GATE_QUERY_MAX);
	struct connection *c = calloc(1, sizeof(*c) + room);
	if (c == NULL)
		return NULL;
	c->room = room;
	c->event = event_new(loop, fd, EV_READ, on_connection, c);
	if (c->event == NULL) {
		free(c);
		return NULL;
	}
	event_priority_set(c->event, GATE_PRIORITY_QUERIES);
	return c;
}

void
gate_conn_add(struct event_base *loop, int fd, const struct addr *peer,
    const uint8_t *octets, size_t len)
{
	if (count >= CONNECTIONS_MAX)
		oldest_remove();
	struct connection *c = connection_new(loop, fd, len);
	if (c == NULL) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->peer = *peer;
	c->len = len;
	if (len > 0)
		memcpy(c->octets, octets, len);
	c->next = newest;
	newest = c;
	count++;
	set_deadline(c);
	wait_for_query(c);
	/* What is there already is looked at when the loop has heard all
	 * candidates. */
	if (len > 0)
		event_active(c->event, EV_WRITE, 1);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	(void)fd;
	(void)what;
	event_add(l->event, NULL);
}

static void
on_listener(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval later = { 0, ACCEPT_AGAIN_MS * 1000 };
	struct listener *l = arg;
	struct addr peer;
	socklen_t len = sizeof(peer);
	(void)what;
	memset(&peer, 0, sizeof(peer));
	int c = accept4(fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c != -1) {
		gate_conn_add(l->loop, c, &peer, NULL, 0);
	} else if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
	    errno == ENOBUFS) && !oldest_remove()) {
		event_del(l->event);
		event_add(l->again, &later);
	}
}

void
gate_conn_listen(struct event_base *loop, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));
	ASSERT(l != NULL);
	l->loop = loop;
	l->event = event_new(loop, fd, EV_READ | EV_PERSIST, on_listener, l);
	l->again = evtimer_new(loop, on_again, l);
	ASSERT(l->event != NULL && l->again != NULL);
	event_priority_set(l->event, GATE_PRIORITY_QUERIES);
	event_add(l->event, NULL);
}

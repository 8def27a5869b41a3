/* tcp.c - TCP service of one process: listening, limits, retirement.
 * Runs in: worker, candidate's worker. */
#include "serve/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "serve/tcp_conn.h"

#define ACCEPTS_PER_EVENT 16

static void
tell_ended(evutil_socket_t fd, short what, void *arg)
{
	struct serve_tcp *t = arg;
	(void)fd;
	(void)what;
	if (t->hooks.ended != NULL)
		t->hooks.ended(t->hooks.arg);	/* may destroy t */
}

static void
set_listening(struct serve_tcp *t)
{
	bool on = t->is_accepting && !t->is_paused;
	for (struct tcp_listener *l = t->listeners; l != NULL; l = l->next) {
		if (!on)
			event_del(l->event);
		else if (event_add(l->event, NULL) == -1)
			ev_tcp_accept_failed("event_add");
	}
}

static void
resume(evutil_socket_t fd, short what, void *arg)
{
	struct serve_tcp *t = arg;
	(void)fd;
	(void)what;
	if (t->count < t->limits.count) {
		t->is_paused = false;
		set_listening(t);
	}
}

enum err
serve_tcp_create(struct event_base *base, const struct serve *s,
    const struct serve_tcp_limits *limits,
    const struct serve_tcp_hooks *hooks, struct serve_tcp **out)
{
	struct serve_tcp *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ERR_MEMORY;
	t->base = base;
	t->serve = s;
	t->limits = *limits;
	if (t->limits.timeout_s == 0)
		t->limits.timeout_s = 1;
	if (hooks != NULL)
		t->hooks = *hooks;
	t->is_accepting = true;
	t->ended = event_new(base, -1, 0, tell_ended, t);
	t->resume = event_new(base, -1, 0, resume, t);
	if (t->ended == NULL || t->resume == NULL) {
		serve_tcp_destroy(&t);
		return ERR_MEMORY;
	}
	*out = t;
	return OK;
}

static void
conn_insert(struct serve_tcp *t, struct tcp_conn *c)
{
	c->next = t->conns;
	if (c->next != NULL)
		c->next->prev = c;
	t->conns = c;
	t->count++;
	if (t->count >= t->limits.count && !t->limits.reject_overflow) {
		t->is_paused = true;
		set_listening(t);
	}
}

void
serve_tcp_conn_gone(struct serve_tcp *t, struct tcp_conn *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		t->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	t->count--;
	if (t->is_paused && t->count < t->limits.count) {
		t->is_paused = false;
		set_listening(t);
	}
	if (t->is_retired && t->count == 0)
		event_active(t->ended, EV_TIMEOUT, 1);
}

/* Out of descriptors or memory: the queue of the kernel holds them. */
static void
pause_a_second(struct serve_tcp *t)
{
	struct timeval tv = { .tv_sec = 1 };
	ev_tcp_accept_failed(strerror(errno));
	t->is_paused = true;
	set_listening(t);
	event_add(t->resume, &tv);
}

static void
take(struct serve_tcp *t, int fd, const struct addr *peer, bool has_tls)
{
	struct serve_tcp_passed p = { .fd = fd, .has_tls = has_tls };
	int on = 1;
	if (t->count >= t->limits.count) {
		fd_close(&fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	struct tcp_conn *c = tcp_conn_new(t, &p, peer);
	if (c == NULL)
		return;
	conn_insert(t, c);
	tcp_conn_run(c);
}

static void
listener_ready(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_listener *l = arg;
	struct serve_tcp *t = l->tcp;
	(void)what;
	for (unsigned i = 0; i < ACCEPTS_PER_EVENT && t->is_accepting &&
	    !t->is_paused; i++) {
		struct addr peer;
		socklen_t len = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		int conn = accept4(fd, &peer.sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn != -1) {
			take(t, conn, &peer, l->has_tls);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			pause_a_second(t);
		/* Others: another worker was faster, or the peer is gone. */
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static enum err
add_listener(struct serve_tcp *t, int fd, bool has_tls)
{
	struct tcp_listener *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ERR_MEMORY;
	*l = (struct tcp_listener){ .tcp = t, .fd = fd, .has_tls = has_tls };
	l->event = event_new(t->base, fd, EV_READ | EV_PERSIST,
	    listener_ready, l);
	if (l->event == NULL) {
		free(l);
		return ERR_MEMORY;
	}
	l->next = t->listeners;
	t->listeners = l;
	set_listening(t);
	return OK;
}

enum err
serve_tcp_listen(struct serve_tcp *t, int fd)
{
	return add_listener(t, fd, false);
}

enum err
serve_tcp_listen_tls(struct serve_tcp *t, int fd)
{
	ASSERT(t->tls != NULL);
	return add_listener(t, fd, true);
}

void
serve_tcp_set_tls(struct serve_tcp *t, struct tls_service *tls)
{
	tls_service_destroy(&t->tls);
	t->tls = tls;
}

void
serve_tcp_adopt(struct serve_tcp *t, const struct serve_tcp_passed *p)
{
	struct addr peer;
	socklen_t peer_len = sizeof(peer);
	int fd = p->fd, on = 1;
	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, &peer.sa, &peer_len) == -1 ||
	    !fd_set_nonblock(fd)) {
		fd_close(&fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	struct tcp_conn *c = tcp_conn_new(t, p, &peer);
	if (c == NULL)
		return;
	c->is_placed = p->len > 0;
	conn_insert(t, c);
	tcp_conn_run(c);
}

void
serve_tcp_stop_accepting(struct serve_tcp *t)
{
	t->is_accepting = false;
	set_listening(t);
}

void
serve_tcp_retire(struct serve_tcp *t)
{
	struct tcp_conn *next;
	serve_tcp_stop_accepting(t);
	for (struct tcp_conn *c = t->conns; c != NULL; c = next) {
		next = c->next;
		if (c->tls == NULL)
			continue;
		c->may_read = true;
		tcp_conn_run(c);
	}
	t->is_retired = true;
	for (struct tcp_conn *c = t->conns; c != NULL; c = next) {
		next = c->next;
		tcp_conn_retire(c);
	}
	if (t->count == 0)
		event_active(t->ended, EV_TIMEOUT, 1);
}

unsigned
serve_tcp_count(const struct serve_tcp *t)
{
	return t->count;
}

bool
serve_tcp_end_slowest(struct serve_tcp *t)
{
	struct tcp_conn *slowest = t->conns;
	for (struct tcp_conn *c = t->conns; c != NULL; c = c->next)
		if (c->moved < slowest->moved)
			slowest = c;
	for (struct tcp_conn *c = t->conns; c != NULL; c = c->next)
		if (c != slowest)
			c->moved = 0;
	if (slowest == NULL)
		return false;
	tcp_conn_end(slowest);
	return true;
}

void
serve_tcp_destroy(struct serve_tcp **out)
{
	if (out == NULL || *out == NULL)
		return;
	struct serve_tcp *t = *out;
	t->is_retired = false;
	t->is_accepting = false;
	while (t->conns != NULL)
		tcp_conn_end(t->conns);
	while (t->listeners != NULL) {
		struct tcp_listener *l = t->listeners;
		t->listeners = l->next;
		event_free(l->event);
		free(l);
	}
	if (t->ended != NULL)
		event_free(t->ended);
	if (t->resume != NULL)
		event_free(t->resume);
	tls_service_destroy(&t->tls);
	free(t);
	*out = NULL;
}

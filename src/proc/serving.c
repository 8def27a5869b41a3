/* serving.c - what a worker and a candidate's worker have in common.
 * Runs in: worker, candidate's worker. */
#include "proc/serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

static bool
queue_notify(void *arg, uint32_t zone, const struct addr *from,
    const char *key, bool has_serial, uint32_t serial)
{
	const struct daemon *d = arg;
	struct notify_note n;
	memset(&n, 0, sizeof(n));
	n.zone = zone;
	n.serial = serial;
	n.has_serial = has_serial;
	n.from = *from;
	snprintf(n.key, sizeof(n.key), "%s", key != NULL ? key : "");
	return send(d->notify_pair[0], &n, sizeof(n), MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(n);
}

void
serving_context(struct serve *s, const struct daemon *d,
    const struct zonedb *db, uint64_t *counters)
{
	size_t n = d->conf->key_count;
	const struct tsig_key **keys = calloc(n + 1, sizeof(*keys));
	ASSERT(keys != NULL);
	for (size_t i = 0; i < n; i++)
		keys[i] = &d->conf->keys[i].tsig;
	*s = (struct serve){ .db = db, .zones = d->zones,
		.states = d->shared.zones, .zone_limit = d->zone_limit,
		.keys = keys, .key_count = n, .counters = counters };
	if (d->conf->server.answer_cookie)
		s->cookies = &d->shared.secrets->cookies;
	s->hooks.notify = queue_notify;
	s->hooks.arg = (void *)(uintptr_t)d;
	serve_policy(s, d->conf);
}

struct serve_tcp_limits
serving_tcp_limits(const struct daemon *d)
{
	const struct conf_server *c = &d->conf->server;
	return (struct serve_tcp_limits){ .count = (unsigned)c->tcp_count,
		.query_count = (unsigned)c->tcp_query_count,
		.timeout_s = (unsigned)c->tcp_timeout,
		.reject_overflow = c->tcp_reject_overflow };
}

/* What goes in front of the octets. */
struct passed_head {
	uint32_t queries, left_ms, has_tls;
};

bool
serving_pass(int channel, const struct serve_tcp_passed *p)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct passed_head head = { p->queries, p->left_ms, p->has_tls };
	struct iovec iov[2] = { { &head, sizeof(head) },
		{ (void *)(uintptr_t)p->octets, p->len } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	memset(&control, 0, sizeof(control));
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &p->fd, sizeof(int));
	return sendmsg(channel, &m, MSG_NOSIGNAL) ==
	    (ssize_t)(sizeof(head) + p->len);
}

bool
serving_take(int channel, uint8_t *octets, size_t room,
    struct serve_tcp_passed *p)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct passed_head head;
	struct iovec iov[2] = { { &head, sizeof(head) }, { octets, room } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(channel, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cm = n >= (ssize_t)sizeof(head) ? CMSG_FIRSTHDR(&m) :
	    NULL;
	if (cm == NULL || cm->cmsg_type != SCM_RIGHTS)
		return false;
	*p = (struct serve_tcp_passed){ .octets = octets,
		.len = (size_t)n - sizeof(head), .queries = head.queries,
		.left_ms = head.left_ms, .has_tls = head.has_tls != 0 };
	memcpy(&p->fd, CMSG_DATA(cm), sizeof(int));
	return true;
}

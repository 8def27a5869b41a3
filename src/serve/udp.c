/* udp.c - queries over UDP: reads and answers in batches.
 * Runs in: worker, candidate's worker. All buffers are allocated at the start;
 * what cannot be sent at once is dropped, as the network would. */
#include "serve/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/query.h"

#define BATCH 32
#define BATCHES_PER_EVENT 8	/* then other sockets have their turn */
#define QUERY_OCTETS 4096	/* signed IXFR queries need a tenth of it */
#define CONTROL_OCTETS 64

struct udp_socket {
	struct udp_socket *next;
	struct serve_udp *udp;
	struct event *event;
	int fd;
};

/* One datagram of a batch and its answer. */
struct udp_slot {
	struct addr peer;
	struct iovec in, out;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_OCTETS];
	uint8_t octets[QUERY_OCTETS];
	uint8_t *answer;
};

struct serve_udp {
	struct event_base *base;
	const struct serve *serve;
	struct udp_socket *sockets;
	size_t answer_octets;
	uint8_t *answers;	/* BATCH times answer_octets */
	int64_t now_s;		/* when the batch was read */
	struct query query;
	struct udp_slot slots[BATCH];
	struct mmsghdr in[BATCH], out[BATCH];
};

/* Ready for the next datagram: what the kernel has written over. */
static void
slot_again(struct serve_udp *u, unsigned i)
{
	struct msghdr *h = &u->in[i].msg_hdr;
	h->msg_namelen = sizeof(u->slots[i].peer);
	h->msg_controllen = sizeof(u->slots[i].control);
}

static void
slot_prepare(struct serve_udp *u, unsigned i)
{
	struct udp_slot *s = &u->slots[i];
	s->answer = u->answers + i * u->answer_octets;
	s->in = (struct iovec){ s->octets, sizeof(s->octets) };
	u->in[i].msg_hdr = (struct msghdr){ .msg_name = &s->peer,
		.msg_iov = &s->in, .msg_iovlen = 1,
		.msg_control = s->control };
	slot_again(u, i);
}

enum err
serve_udp_create(struct event_base *base, const struct serve *s,
    struct serve_udp **out)
{
	struct serve_udp *u = calloc(1, sizeof(*u));
	if (u == NULL)
		return ERR_MEMORY;
	u->base = base;
	u->serve = s;
	u->answer_octets = s->udp_octets_v4 > s->udp_octets_v6 ?
	    s->udp_octets_v4 : s->udp_octets_v6;
	if (u->answer_octets < 1232)
		u->answer_octets = 1232;
	u->answers = calloc(BATCH, u->answer_octets);
	if (u->answers == NULL) {
		free(u);
		return ERR_MEMORY;
	}
	for (unsigned i = 0; i < BATCH; i++)
		slot_prepare(u, i);
	*out = u;
	return OK;
}

/* The address that was asked; AF_UNSPEC when the kernel did not say. */
static void
local_of(struct msghdr *h, struct addr *local)
{
	memset(local, 0, sizeof(*local));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo p;
			memcpy(&p, CMSG_DATA(c), sizeof(p));
			local->v4.sin_family = AF_INET;
			local->v4.sin_addr = p.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo p;
			memcpy(&p, CMSG_DATA(c), sizeof(p));
			local->v6.sin6_family = AF_INET6;
			local->v6.sin6_addr = p.ipi6_addr;
			local->v6.sin6_scope_id = p.ipi6_ifindex;
		}
	}
}

static void
put_control(struct msghdr *h, int level, int type, const void *data,
    size_t len)
{
	struct cmsghdr *c = h->msg_control;
	h->msg_controllen = CMSG_SPACE(len);
	memset(c, 0, h->msg_controllen);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
}

/* The answer leaves from this address. */
static void
set_source(struct msghdr *h, const struct addr *local, uint8_t *control)
{
	h->msg_control = control;
	h->msg_controllen = 0;
	if (local->sa.sa_family == AF_INET) {
		struct in_pktinfo p = { .ipi_spec_dst = local->v4.sin_addr };
		put_control(h, IPPROTO_IP, IP_PKTINFO, &p, sizeof(p));
	} else if (local->sa.sa_family == AF_INET6) {
		struct in6_pktinfo p = { .ipi6_addr = local->v6.sin6_addr };
		/* Only a link-local address needs its interface. */
		if (IN6_IS_ADDR_LINKLOCAL(&p.ipi6_addr))
			p.ipi6_ifindex = local->v6.sin6_scope_id;
		put_control(h, IPPROTO_IPV6, IPV6_PKTINFO, &p, sizeof(p));
	} else {
		h->msg_control = NULL;
	}
}

static bool
ask(struct serve_udp *u, uint8_t *octets, size_t len,
    const struct addr *peer, const struct addr *local, uint8_t *answer)
{
	struct query *q = &u->query;
	q->octets = octets;
	q->len = len;
	q->peer = *peer;
	q->local = *local;
	q->transport = SERVE_UDP;
	q->idle_timeout_100ms = 0;
	q->now_s = u->now_s;
	q->answer = answer;
	q->room = u->answer_octets;
	return query_answer(u->serve, q) == QUERY_ANSWER;
}

/* Prepares the answer to the datagram in slot i as message n. */
static bool
answer_slot(struct serve_udp *u, unsigned i, unsigned n)
{
	struct udp_slot *s = &u->slots[i];
	struct msghdr *in = &u->in[i].msg_hdr;
	struct msghdr *out = &u->out[n].msg_hdr;
	struct addr local;
	if ((in->msg_flags & MSG_TRUNC) != 0 ||
	    addr_port(&s->peer) == 0) {
		serve_count(u->serve, COUNT_RX_ERROR);
		return false;
	}
	local_of(in, &local);
	if (!ask(u, s->octets, u->in[i].msg_len, &s->peer, &local, s->answer))
		return false;
	s->out = (struct iovec){ s->answer, u->query.answer_len };
	memset(out, 0, sizeof(*out));
	out->msg_name = &s->peer;
	out->msg_namelen = in->msg_namelen;
	out->msg_iov = &s->out;
	out->msg_iovlen = 1;
	set_source(out, &local, s->control);
	return true;
}

/* One that cannot be sent does not hold up the others. */
static void
send_batch(struct serve_udp *u, int fd, unsigned n)
{
	unsigned at = 0;
	while (at < n) {
		int sent = sendmmsg(fd, u->out + at, n - at, 0);
		if (sent > 0) {
			at += (unsigned)sent;
			continue;
		}
		if (sent == -1 && errno == EINTR)
			continue;
		bool is_full = sent == -1 &&
		    (errno == EAGAIN || errno == ENOBUFS);
		unsigned lost = is_full ? n - at : 1;
		u->serve->counters[COUNT_TX_ERROR] += lost;
		at += lost;
	}
}

/* False when the socket has no more. */
static bool
one_batch(struct udp_socket *k)
{
	struct serve_udp *u = k->udp;
	unsigned answers = 0;
	int n = recvmmsg(k->fd, u->in, BATCH, MSG_DONTWAIT, NULL);
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			serve_count(u->serve, COUNT_RX_ERROR);
		return false;
	}
	u->now_s = clock_wall_s();
	for (unsigned i = 0; i < (unsigned)n; i++)
		if (answer_slot(u, i, answers))
			answers++;
	send_batch(u, k->fd, answers);
	for (unsigned i = 0; i < (unsigned)n; i++)
		slot_again(u, i);
	return n == BATCH;
}

static void
socket_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	for (unsigned i = 0; i < BATCHES_PER_EVENT; i++)
		if (!one_batch(arg))
			break;
}

static bool
is_wildcard(const struct addr *a)
{
	static const uint8_t zero[16];
	const uint8_t *octets;
	size_t n = addr_octets(a, &octets);
	return n > 0 && memcmp(octets, zero, n) == 0;
}

static bool
ask_for_local(int fd, const struct addr *bound)
{
	int on = 1;
	if (bound->sa.sa_family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
		    sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
}

enum err
serve_udp_listen(struct serve_udp *u, int fd)
{
	struct addr bound;
	socklen_t len = sizeof(bound);
	memset(&bound, 0, sizeof(bound));
	if (getsockname(fd, &bound.sa, &len) == -1)
		return ERR_SYSTEM;
	struct udp_socket *k = calloc(1, sizeof(*k));
	if (k == NULL)
		return ERR_MEMORY;
	k->udp = u;
	k->fd = fd;
	k->event = event_new(u->base, fd, EV_READ | EV_PERSIST,
	    socket_readable, k);
	if (k->event == NULL || event_add(k->event, NULL) == -1 ||
	    (is_wildcard(&bound) && !ask_for_local(fd, &bound))) {
		if (k->event != NULL)
			event_free(k->event);
		free(k);
		return ERR_SYSTEM;
	}
	k->next = u->sockets;
	u->sockets = k;
	return OK;
}

void
serve_udp_stop(struct serve_udp *u)
{
	for (struct udp_socket *k = u->sockets; k != NULL; k = k->next)
		event_del(k->event);
}

void
serve_udp_destroy(struct serve_udp **u)
{
	if (u == NULL || *u == NULL)
		return;
	while ((*u)->sockets != NULL) {
		struct udp_socket *k = (*u)->sockets;
		(*u)->sockets = k->next;
		event_free(k->event);
		free(k);
	}
	free((*u)->answers);
	free(*u);
	*u = NULL;
}

void
serve_udp_one(struct serve_udp *u, int fd, uint8_t *octets, size_t len,
    const struct addr *peer, const struct addr *local)
{
	struct udp_slot *s = &u->slots[0];
	u->now_s = clock_wall_s();
	if (!ask(u, octets, len, peer, local, s->answer))
		return;
	struct addr to = *peer;
	s->out = (struct iovec){ s->answer, u->query.answer_len };
	struct msghdr h = { .msg_name = &to, .msg_namelen = addr_len(&to),
		.msg_iov = &s->out, .msg_iovlen = 1 };
	set_source(&h, local, s->control);
	if (sendmsg(fd, &h, MSG_DONTWAIT) == -1)
		serve_count(u->serve, COUNT_TX_ERROR);
}

/* gate.c - owns the verify sockets; finds for each query the candidate that
 * has its zone under verification.
 * Runs in: gate. It holds no zone data: from a datagram or from the first
 * message of a connection it reads the question and passes on what it read. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "proc/ipc.h"
#include "proc/roles.h"
#include "serve/query.h"

#define CONNECTIONS_MAX 256
#define FIRST_QUERY_S 10	/* a connection must ask within this time */
#define DATAGRAMS_PER_TURN 64
/* What a candidate has told comes before any query of its verifier: a zone
 * under verification is never answered in another version. */
#define PRIORITY_QUERIES 2
#define QUERY_MAX 4096		/* no query to a verify address is longer */

struct gate_candidate {
	struct gate_candidate *next;
	uint32_t number;
	struct ipc *control;	/* the candidate: which zones, until when */
	struct ipc *data;	/* its worker */
	uint32_t *zones;	/* ids under verification */
	unsigned zone_count;
};

struct gate_connection {
	struct gate_connection *next;
	int fd;
	struct addr peer;
	struct event *event;
	size_t len;
	uint8_t octets[2 + QUERY_MAX];
};

static struct {
	struct daemon *d;
	struct event_base *loop;
	struct ipc *supervisor;
	struct gate_candidate *candidates;	/* newest first */
	struct gate_connection *connections;
	unsigned connection_count;
} gate;

static struct gate_candidate *
candidate_of(uint32_t number)
{
	struct gate_candidate *c = gate.candidates;
	while (c != NULL && c->number != number)
		c = c->next;
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		ASSERT(c != NULL);
		c->number = number;
		c->next = gate.candidates;
		gate.candidates = c;
	}
	return c;
}

static void
candidate_remove(struct gate_candidate *c)
{
	for (struct gate_candidate **at = &gate.candidates; *at != NULL;
	    at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		break;
	}
	ipc_close(&c->control);
	ipc_close(&c->data);
	free(c->zones);
	free(c);
}

/* The zone that answers a name, by the configuration alone: the longest apex
 * at or above it; for DS of an apex the parent, if that is configured. */
static uint32_t
zone_of(const uint8_t *qname, uint16_t qtype)
{
	const struct daemon *d = gate.d;
	unsigned labels = name_labels(qname);
	unsigned skip = qtype == TYPE_DS && labels > 0 ? 1 : 0;
	for (unsigned i = skip; i <= labels; i++) {
		const struct conf_zone *z = conf_zone_by_apex(d->conf,
		    name_strip(qname, i));
		if (z != NULL)
			return d->ids[z->index];
	}
	if (skip == 1) {
		const struct conf_zone *z = conf_zone_by_apex(d->conf, qname);
		if (z != NULL)
			return d->ids[z->index];
	}
	return ZONE_NONE;
}

static bool
verifies(const struct gate_candidate *c, uint32_t zone)
{
	for (unsigned i = 0; i < c->zone_count; i++)
		if (c->zones[i] == zone)
			return true;
	return false;
}

/* Who answers: the candidate of that zone; for any other configured zone any
 * candidate that verifies something. */
static struct gate_candidate *
candidate_for(const uint8_t *octets, size_t len)
{
	struct name qname;
	uint16_t qtype;
	struct gate_candidate *any = NULL;
	if (!query_question(octets, len, &qname, &qtype))
		return NULL;
	uint32_t zone = zone_of(qname.octets, qtype);
	if (zone == ZONE_NONE)
		return NULL;
	for (struct gate_candidate *c = gate.candidates; c != NULL;
	    c = c->next) {
		if (c->data == NULL || c->zone_count == 0)
			continue;
		if (verifies(c, zone))
			return c;
		any = c;
	}
	return any;
}

/* REFUSED with an EDE; 0 when it deserves no answer. */
static size_t
refusal(const uint8_t *octets, size_t len, uint8_t *answer, size_t room)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	struct msg_reader r;
	struct msg_writer w;
	uint8_t option[128];
	struct buf options = buf_of(option, sizeof(option));
	bool is_whole = true;
	enum err e = msg_read(&r, octets, len, scratch);
	if (len < MSG_HEADER_OCTETS || (r.flags & MSG_QR) != 0)
		return 0;
	unsigned rcode = e == OK ? RCODE_REFUSED : RCODE_FORMERR;
	msg_write(&w, answer, room, r.id, (uint16_t)(MSG_QR |
	    (r.flags & (0x7800u | MSG_RD)) | rcode));
	if (e == OK && r.has_question && msg_put_question(&w, r.qname.octets,
	    r.qtype, r.qclass) && r.counts[SECTION_ADDITIONAL] > 0 &&
	    edns_ede_put(&options, EDE_NOT_READY, "Not under verification"))
		is_whole = edns_put(&w, 1232, rcode, false, option,
		    (uint16_t)options.at);
	msg_finish(&w);
	return is_whole ? w.len : 0;
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t octets[MSG_MAX_OCTETS];
	uint8_t answer[512];
	struct msg_gate_datagram m = { .socket =
		(uint32_t)(uintptr_t)arg };
	(void)what;
	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		socklen_t peer_len = sizeof(m.peer);
		ssize_t n = recvfrom(fd, octets, sizeof(octets), 0,
		    &m.peer.sa, &peer_len);
		if (n < 0)
			return;
		hook_at("hop-7-gate", NULL);
		struct gate_candidate *c = candidate_for(octets, (size_t)n);
		if (c != NULL && n <= QUERY_MAX) {
			ipc_send_payload(c->data, gate_datagram, &m, octets,
			    (size_t)n);
			continue;
		}
		size_t len = refusal(octets, (size_t)n, answer,
		    sizeof(answer));
		if (len > 0)
			sendto(fd, answer, len, MSG_DONTWAIT, &m.peer.sa,
			    peer_len);
	}
}

static void
connection_remove(struct gate_connection *g)
{
	for (struct gate_connection **at = &gate.connections; *at != NULL;
	    at = &(*at)->next) {
		if (*at != g)
			continue;
		*at = g->next;
		break;
	}
	gate.connection_count--;
	event_free(g->event);
	if (g->fd != -1)
		close(g->fd);
	free(g);
}

/* A whole first message is there: pass the connection on, or refuse. */
static void
connection_route(struct gate_connection *g)
{
	uint8_t answer[514];
	struct msg_gate_connection m = { .peer = g->peer };
	size_t len = octets_u16(g->octets);
	struct gate_candidate *c = candidate_for(g->octets + 2, len);
	if (c != NULL) {
		ipc_send_full(c->data, MSG_gate_connection, &m, sizeof(m),
		    g->octets, g->len, &g->fd, 1);
		g->fd = -1;
		connection_remove(g);
		return;
	}
	size_t n = refusal(g->octets + 2, len, answer + 2, 512);
	octets_set_u16(answer, (uint16_t)n);
	bool is_sent = n > 0 && send(g->fd, answer, n + 2,
	    MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(n + 2);
	if (!is_sent) {
		connection_remove(g);
		return;
	}
	memmove(g->octets, g->octets + 2 + len, g->len - 2 - len);
	g->len -= 2 + len;
}

static bool
has_message(const struct gate_connection *g)
{
	return g->len >= 2 && g->len - 2 >= octets_u16(g->octets);
}

static bool
connection_exists(const struct gate_connection *g)
{
	for (struct gate_connection *o = gate.connections; o != NULL;
	    o = o->next)
		if (o == g)
			return true;
	return false;
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct gate_connection *g = arg;
	ssize_t n = -1;
	if ((what & EV_TIMEOUT) == 0)
		n = recv(fd, g->octets + g->len, sizeof(g->octets) - g->len,
		    0);
	if (n == -1 && (what & EV_READ) != 0 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_remove(g);
		return;
	}
	g->len += (size_t)n;
	while (connection_exists(g) && has_message(g))
		connection_route(g);
	if (connection_exists(g) && g->len == sizeof(g->octets))
		connection_remove(g);	/* longer than any query */
}

/* octets: read already, at most QUERY_MAX + 2. */
static void
connection_add(int fd, const struct addr *peer, const uint8_t *octets,
    size_t len)
{
	static const struct timeval patience = { FIRST_QUERY_S, 0 };
	struct gate_connection *g = calloc(1, sizeof(*g));
	if (g == NULL || gate.connection_count >= CONNECTIONS_MAX ||
	    len > sizeof(g->octets)) {
		free(g);
		close(fd);
		return;
	}
	g->fd = fd;
	g->peer = *peer;
	g->len = len;
	if (len > 0)
		memcpy(g->octets, octets, len);
	g->event = event_new(gate.loop, fd, EV_READ | EV_PERSIST,
	    on_connection, g);
	ASSERT(g->event != NULL);
	event_add(g->event, &patience);
	g->next = gate.connections;
	gate.connections = g;
	gate.connection_count++;
	while (connection_exists(g) && has_message(g))
		connection_route(g);
}

static void
on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct addr peer;
	socklen_t len = sizeof(peer);
	(void)what;
	(void)arg;
	int c = accept4(fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c != -1)
		connection_add(c, &peer, NULL, 0);
}

static void
on_worker(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	const struct msg_gate_return *b = m->body;
	struct addr peer = b->peer;
	socklen_t len = sizeof(peer);
	(void)arg;
	(void)ch;
	getpeername(m->fds[0], &peer.sa, &len);
	connection_add(m->fds[0], &peer, m->payload, m->payload_len);
	m->fds[0] = -1;
}

static void
on_worker_gone(void *arg, struct ipc *ch, bool is_breach)
{
	struct gate_candidate *c = candidate_of(ipc_peer_number(ch));
	(void)arg;
	(void)is_breach;
	ipc_close(&c->data);
	if (c->control == NULL)
		candidate_remove(c);
}

static void
on_candidate(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	struct gate_candidate *c = candidate_of(ipc_peer_number(ch));
	(void)arg;
	if (m->type == MSG_gate_zones) {
		unsigned n = (unsigned)(m->payload_len / sizeof(uint32_t));
		uint32_t *zones = malloc((n + 1) * sizeof(*zones));
		ASSERT(zones != NULL);
		memcpy(zones, m->payload, n * sizeof(*zones));
		free(c->zones);
		c->zones = zones;
		c->zone_count = n;
	} else if (m->type == MSG_gate_release) {
		const struct msg_gate_release *b = m->body;
		for (unsigned i = 0; i < c->zone_count; i++)
			if (c->zones[i] == b->zone)
				c->zones[i] = c->zones[--c->zone_count];
	}
}

static void
on_candidate_gone(void *arg, struct ipc *ch, bool is_breach)
{
	(void)arg;
	(void)is_breach;
	candidate_remove(candidate_of(ipc_peer_number(ch)));
}

static void
on_channel(struct ipc_msg *m)
{
	const struct msg_channel *b = m->body;
	struct gate_candidate *c = candidate_of(b->number);
	struct ipc_user control = { on_candidate, on_candidate_gone, NULL };
	struct ipc_user data = { on_worker, on_worker_gone, NULL };
	if (b->role == ROLE_CANDIDATE)
		c->control = ipc_open(gate.loop, m->fds[0], ROLE_GATE,
		    ROLE_CANDIDATE, b->number, &control);
	else
		c->data = ipc_open(gate.loop, m->fds[0], ROLE_GATE,
		    ROLE_CWORKER, b->number, &data);
	m->fds[0] = -1;
}

static void
on_supervisor(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	(void)arg;
	(void)ch;
	if (m->type == MSG_channel) {
		on_channel(m);
	} else if (m->type == MSG_conf) {
		const struct msg_conf *b = m->body;
		if (!conf_share_apply(gate.d, m->fds[0], b->number, NULL))
			_exit(1);
	} else if (m->type == MSG_log) {
		ipc_obey_log(m);
	}
}

static void
on_supervisor_gone(void *arg, struct ipc *ch, bool is_breach)
{
	(void)arg;
	(void)ch;
	(void)is_breach;
	_exit(0);
}

static void
listen_on(int fd, event_callback_fn fn, unsigned i)
{
	struct event *e = event_new(gate.loop, fd, EV_READ | EV_PERSIST, fn,
	    (void *)(uintptr_t)i);
	ASSERT(e != NULL);
	event_priority_set(e, PRIORITY_QUERIES);
	event_add(e, NULL);
}

void
gate_main(struct daemon *d, int fd)
{
	struct ipc_user user = { on_supervisor, on_supervisor_gone, NULL };
	const struct listening *l = &d->listening;
	gate.d = d;
	gate.loop = event_base_new();
	ASSERT(gate.loop != NULL &&
	    event_base_priority_init(gate.loop, 3) == 0);
	gate.supervisor = ipc_open(gate.loop, fd, ROLE_GATE, ROLE_SUPERVISOR,
	    0, &user);
	for (unsigned i = 0; i < l->verify_udp.count; i++)
		listen_on(l->verify_udp.fds[i], on_udp, i);
	for (unsigned i = 0; i < l->verify_tcp.count; i++)
		listen_on(l->verify_tcp.fds[i], on_tcp, i);
	event_base_dispatch(gate.loop);
	_exit(1);
}

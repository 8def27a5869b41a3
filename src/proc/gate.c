/* gate.c - owns the verify sockets; finds for each query the candidate that
 * has its zone under verification.
 * Runs in: gate. It holds no zone data: from a datagram or from the first
 * message of a connection it reads the question and passes on what it read.
 * Each worker is told what others have under verification, so that no answer
 * leads there. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/log.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "proc/gate.h"
#include "proc/ipc.h"
#include "proc/roles.h"
#include "serve/query.h"

/* When a candidate is lost its verifiers end within a second; until then
 * their zones are nobody's. */
#define LOST_S 1
#define IDS_MAX (IPC_INLINE_MAX / sizeof(uint32_t))

struct gate_candidate {
	struct gate_candidate *next;
	uint32_t number;
	struct ipc *control;	/* the candidate; null: it is lost */
	struct ipc *data;	/* its worker; null: it is lost */
	unsigned zone_count;	/* under verification here */
	struct event *forget;	/* when it is lost */
};

static struct {
	struct daemon *d;
	struct event_base *loop;
	struct ipc *supervisor;
	struct gate_candidate *candidates;	/* newest first */
	/* By zone id: who has it under verification, or null. */
	struct gate_candidate **holder;
	uint32_t holder_limit;
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

static struct gate_candidate *
holder_of(uint32_t zone)
{
	return zone < gate.holder_limit ? gate.holder[zone] : NULL;
}

static void
holder_set(uint32_t zone, struct gate_candidate *c)
{
	if (zone >= gate.holder_limit && zone < MAX_ZONES) {
		uint32_t limit = (zone | 1023) + 1;
		gate.holder = realloc(gate.holder,
		    limit * sizeof(*gate.holder));
		ASSERT(gate.holder != NULL);
		memset(gate.holder + gate.holder_limit, 0,
		    (limit - gate.holder_limit) * sizeof(*gate.holder));
		gate.holder_limit = limit;
	}
	if (zone >= gate.holder_limit)
		return;
	if (gate.holder[zone] != NULL)
		gate.holder[zone]->zone_count--;
	gate.holder[zone] = c;
	if (c != NULL)
		c->zone_count++;
}

/* Whether these zones are under verification elsewhere, to every worker but
 * that of the candidate that has them. */
static void
tell_places(const uint32_t *zones, unsigned n, bool is_elsewhere,
    const struct gate_candidate *but)
{
	struct msg_gate_elsewhere m = { is_elsewhere };
	for (struct gate_candidate *c = gate.candidates; c != NULL;
	    c = c->next)
		if (c != but && c->data != NULL)
			ipc_send_payload(c->data, gate_elsewhere, &m, zones,
			    n * sizeof(*zones));
}

/* A new worker learns what all others have under verification. */
static void
tell_all_places(struct gate_candidate *c)
{
	static uint32_t ids[IDS_MAX];
	struct msg_gate_elsewhere m = { true };
	unsigned n = 0;
	for (uint32_t i = 0; i < gate.holder_limit; i++) {
		if (gate.holder[i] != NULL && gate.holder[i] != c)
			ids[n++] = i;
		if (n == IDS_MAX || (n > 0 && i == gate.holder_limit - 1)) {
			ipc_send_payload(c->data, gate_elsewhere, &m, ids,
			    n * sizeof(*ids));
			n = 0;
		}
	}
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
	for (uint32_t i = 0; i < gate.holder_limit && c->zone_count > 0; i++)
		if (gate.holder[i] == c) {
			holder_set(i, NULL);
			tell_places(&i, 1, false, NULL);
		}
	ipc_close(&c->control);
	ipc_close(&c->data);
	if (c->forget != NULL)
		event_free(c->forget);
	free(c);
}

static void
on_forget(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	candidate_remove(arg);
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

/* Who answers: the candidate of that zone and nobody else; for any other
 * configured zone the newest that verifies something, since it has the latest
 * published versions. */
static struct gate_candidate *
candidate_for(const uint8_t *octets, size_t len)
{
	struct name qname;
	uint16_t qtype;
	if (!query_question(octets, len, &qname, &qtype))
		return NULL;
	uint32_t zone = zone_of(qname.octets, qtype);
	if (zone == ZONE_NONE)
		return NULL;
	struct gate_candidate *c = holder_of(zone);
	if (c != NULL)
		return c->data != NULL ? c : NULL;
	c = gate.candidates;
	while (c != NULL && (c->data == NULL || c->zone_count == 0))
		c = c->next;
	return c;
}

size_t
gate_refusal(const uint8_t *octets, size_t len, uint8_t *answer,
    size_t room)
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

/* One datagram at a time (gate.h). What a worker does not take fast enough is
 * dropped, as a full socket buffer would. */
static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t octets[MSG_MAX_OCTETS];
	uint8_t answer[512];
	struct msg_gate_datagram m = { .socket =
		(uint32_t)(uintptr_t)arg };
	(void)what;
	socklen_t peer_len = sizeof(m.peer);
	ssize_t n = recvfrom(fd, octets, sizeof(octets), MSG_DONTWAIT,
	    &m.peer.sa, &peer_len);
	if (n < 0)
		return;
	hook_at("hop-7-gate", NULL);
	struct gate_candidate *c = n <= GATE_QUERY_MAX ?
	    candidate_for(octets, (size_t)n) : NULL;
	if (c != NULL) {
		if (ipc_is_idle(c->data))
			ipc_send_payload(c->data, gate_datagram, &m, octets,
			    (size_t)n);
		return;
	}
	size_t len = gate_refusal(octets, (size_t)n, answer, sizeof(answer));
	if (len > 0)
		sendto(fd, answer, len, MSG_DONTWAIT, &m.peer.sa, peer_len);
}

bool
gate_pass(int fd, const struct addr *peer, const uint8_t *octets, size_t len)
{
	struct msg_gate_connection m = { .peer = *peer };
	struct gate_candidate *c = candidate_for(octets + 2,
	    octets_u16(octets));
	if (c == NULL)
		return false;
	ipc_send_full(c->data, MSG_gate_connection, &m, sizeof(m), octets,
	    len, &fd, 1);
	return true;
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
	gate_conn_add(gate.loop, m->fds[0], &peer, m->payload,
	    m->payload_len);
	m->fds[0] = -1;
}

/* Its zones have nobody who answers while the candidate lives. */
static void
on_worker_gone(void *arg, struct ipc *ch, bool is_breach)
{
	struct gate_candidate *c = candidate_of(ipc_peer_number(ch));
	(void)arg;
	(void)is_breach;
	ipc_close(&c->data);
	if (c->control == NULL && c->zone_count == 0)
		candidate_remove(c);
}

static void
take_zones(struct gate_candidate *c, const struct ipc_msg *m)
{
	uint32_t ids[IDS_MAX];
	unsigned n = (unsigned)(m->payload_len / sizeof(*ids));
	if (n == 0 || n > IDS_MAX)
		return;
	memcpy(ids, m->payload, n * sizeof(*ids));
	for (unsigned i = 0; i < n; i++)
		holder_set(ids[i], c);
	tell_places(ids, n, true, c);
}

static void
release_zone(struct gate_candidate *c, const struct msg_gate_release *b)
{
	if (holder_of(b->zone) != c)
		return;
	holder_set(b->zone, NULL);
	tell_places(&b->zone, 1, false, NULL);
	if (c->data != NULL)
		ipc_send(c->data, gate_release, b);
}

static void
on_candidate(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	struct gate_candidate *c = candidate_of(ipc_peer_number(ch));
	(void)arg;
	if (m->type == MSG_gate_zones)
		take_zones(c, m);
	else if (m->type == MSG_gate_release)
		release_zone(c, m->body);
}

static void
on_candidate_gone(void *arg, struct ipc *ch, bool is_breach)
{
	static const struct timeval lost = { LOST_S, 0 };
	struct gate_candidate *c = candidate_of(ipc_peer_number(ch));
	(void)arg;
	(void)is_breach;
	ipc_close(&c->control);
	ipc_close(&c->data);
	if (c->zone_count > 0)
		c->forget = evtimer_new(gate.loop, on_forget, c);
	if (c->forget == NULL || event_add(c->forget, &lost) == -1)
		candidate_remove(c);
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
	if (b->role != ROLE_CANDIDATE)
		tell_all_places(c);
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
listen_udp(int fd, unsigned i)
{
	struct event *e = event_new(gate.loop, fd, EV_READ | EV_PERSIST,
	    on_udp, (void *)(uintptr_t)i);
	ASSERT(e != NULL);
	event_priority_set(e, GATE_PRIORITY_QUERIES);
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
	    event_base_priority_init(gate.loop, GATE_PRIORITIES) == 0);
	gate.supervisor = ipc_open(gate.loop, fd, ROLE_GATE, ROLE_SUPERVISOR,
	    0, &user);
	for (unsigned i = 0; i < l->verify_udp.count; i++)
		listen_udp(l->verify_udp.fds[i], i);
	for (unsigned i = 0; i < l->verify_tcp.count; i++)
		gate_conn_listen(gate.loop, l->verify_tcp.fds[i]);
	event_base_dispatch(gate.loop);
	_exit(1);
}

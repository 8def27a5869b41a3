/* candidate_worker.c - answers what the gate hands it, from the zones that
 * its candidate has under verification and the published ones beside them.
 * Runs in: candidate's worker, a fork of the candidate; ends with it. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "dns/rrtype.h"
#include "proc/ipc.h"
#include "proc/roles.h"
#include "proc/serving.h"
#include "serve/query.h"
#include "serve/tcp.h"
#include "serve/udp.h"

static struct {
	struct cworker_start start;
	struct event_base *loop;
	struct ipc *gate;
	struct progress *progress;	/* of the candidate, shared with it */
	struct serve serve;
	struct serve_udp *udp;
	struct serve_tcp *tcp;
	uint64_t counters[SERVE_COUNTERS];
	uint8_t *places;	/* by zone id: bits of these two */
	uint32_t place_limit;
	unsigned connections_max;
} cw;

#define CONNECTIONS_MAX 512
#define PLACE_HERE 1u
#define PLACE_ELSEWHERE 2u

static bool
is_here(uint32_t zone)
{
	return zone < cw.place_limit && (cw.places[zone] & PLACE_HERE) != 0;
}

/* Which zones other candidates verify the gate tells; it sends queries for
 * those to them. The rest is answered as published. */
static enum serve_place
place(void *arg, uint32_t zone)
{
	(void)arg;
	if (is_here(zone))
		return SERVE_UNDER_VERIFICATION;
	return zone < cw.place_limit &&
	    (cw.places[zone] & PLACE_ELSEWHERE) != 0 ? SERVE_ELSEWHERE :
	    SERVE_PUBLISHED;
}

static void
set_elsewhere(const struct ipc_msg *m)
{
	const struct msg_gate_elsewhere *b = m->body;
	for (size_t at = 0; at + 4 <= m->payload_len; at += 4) {
		uint32_t zone;
		memcpy(&zone, m->payload + at, 4);
		if (zone >= cw.place_limit)
			continue;
		if (b->is_elsewhere)
			cw.places[zone] |= PLACE_ELSEWHERE;
		else
			cw.places[zone] &= (uint8_t)~PLACE_ELSEWHERE;
	}
}

/* It has its verdict. A version that is not let out is gone from here too. */
static void
release(const struct msg_gate_release *b)
{
	if (!is_here(b->zone))
		return;
	cw.places[b->zone] &= (uint8_t)~PLACE_HERE;
	for (unsigned i = 0; i < cw.start.zone_count && !b->is_let_out; i++)
		if (cw.start.zones[i].id == b->zone)
			zonedb_show_inherited(cw.start.db, b->zone,
			    cw.start.zones[i].before);
}

static void
places_create(const struct cworker_start *start)
{
	cw.place_limit = start->d->zone_limit;
	cw.places = calloc(cw.place_limit + 1, 1);
	ASSERT(cw.places != NULL);
	for (unsigned i = 0; i < start->zone_count; i++)
		if (start->zones[i].id < cw.place_limit)
			cw.places[start->zones[i].id] = PLACE_HERE;
}

static bool
is_mine(void *arg, const uint8_t *qname, uint16_t qtype)
{
	struct zonedb_hit hit;
	(void)arg;
	return !zonedb_find(cw.start.db, qname, qtype == TYPE_DS, &hit) ||
	    is_here(hit.id);
}

static void
hand_back(void *arg, const struct serve_tcp_passed *p)
{
	struct msg_gate_return m = { 0 };
	(void)arg;
	if (p->len > IPC_INLINE_MAX) {
		/* No query is that long. */
		close(p->fd);
		return;
	}
	ipc_send_full(cw.gate, MSG_gate_return, &m, sizeof(m), p->octets,
	    p->len, &p->fd, 1);
}

static void
on_datagram(struct ipc_msg *m)
{
	const struct msg_gate_datagram *b = m->body;
	const struct sockets *v = &cw.start.d->listening.verify_udp;
	static uint8_t octets[MSG_MAX_OCTETS];
	struct addr none = { .sa.sa_family = AF_UNSPEC };
	if (b->socket >= v->count || m->payload_len > sizeof(octets))
		return;
	memcpy(octets, m->payload, m->payload_len);
	hook_at("hop-7-answer", NULL);
	serve_udp_one(cw.udp, v->fds[b->socket], octets, m->payload_len,
	    &b->peer, &none);
}

/* One verifier that keeps connections open takes none from another: the one
 * that moved least goes. */
static void
make_room(void)
{
	while (serve_tcp_count(cw.tcp) >= cw.connections_max &&
	    serve_tcp_end_slowest(cw.tcp))
		;
}

static unsigned
connections_max(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur / 2 > CONNECTIONS_MAX)
		return CONNECTIONS_MAX;
	return (unsigned)limit.rlim_cur / 2;
}

static void
on_message(void *arg, struct ipc *c, struct ipc_msg *m)
{
	(void)arg;
	(void)c;
	if (m->type == MSG_gate_datagram) {
		on_datagram(m);
	} else if (m->type == MSG_gate_elsewhere) {
		set_elsewhere(m);
	} else if (m->type == MSG_gate_release) {
		release(m->body);
	} else if (m->type == MSG_gate_connection) {
		struct serve_tcp_passed p = { .fd = m->fds[0],
			.octets = m->payload, .len = m->payload_len };
		make_room();
		serve_tcp_adopt(cw.tcp, &p);
		m->fds[0] = -1;
	}
}

static void
on_gone(void *arg, struct ipc *c, bool is_breach)
{
	(void)arg;
	(void)c;
	(void)is_breach;
	_exit(0);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	cw.progress->worker_since_ms = clock_mono_ms();
}

static void
beat_start(void)
{
	struct timeval beat = progress_beat();
	struct event *e = event_new(cw.loop, -1, EV_PERSIST, on_beat, NULL);
	ASSERT(e != NULL && event_add(e, &beat) == 0);
	cw.progress = shared_progress(&cw.start.d->shared, cw.start.number);
}

static void
on_candidate(void *arg, struct ipc *c, struct ipc_msg *m)
{
	(void)arg;
	(void)c;
	if (m->type == MSG_worker_log)
		ipc_obey_log(m);
}

void
cworker_main(const struct cworker_start *start)
{
	struct ipc_user user = { on_message, on_gone, NULL };
	struct ipc_user candidate = { on_candidate, on_gone, NULL };
	cw.start = *start;
	cw.connections_max = connections_max();
	places_create(start);
	zonedb_seal(start->db);
	cw.loop = event_base_new();
	ASSERT(cw.loop != NULL);
	cw.gate = ipc_open(cw.loop, start->data, ROLE_CWORKER, ROLE_GATE, 0,
	    &user);
	ipc_open(cw.loop, start->candidate, ROLE_CWORKER, ROLE_CANDIDATE,
	    start->number, &candidate);
	serving_context(&cw.serve, start->d, start->db, cw.counters);
	cw.serve.is_candidate = true;
	cw.serve.hooks.place = place;
	/* A verifier's word starts no transfer. */
	cw.serve.hooks.notify = NULL;
	struct serve_tcp_limits limits = serving_tcp_limits(start->d);
	/* The gate's connections are no load on the public's places. */
	limits.count = cw.connections_max;
	struct serve_tcp_hooks hooks = { .is_mine = is_mine,
		.hand_back = hand_back };
	if (serve_udp_create(cw.loop, &cw.serve, &cw.udp) != OK ||
	    serve_tcp_create(cw.loop, &cw.serve, &limits, &hooks, &cw.tcp) !=
	    OK)
		_exit(1);
	beat_start();
	event_base_dispatch(cw.loop);
	_exit(1);
}

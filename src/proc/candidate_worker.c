/* candidate_worker.c - answers what the gate hands it, from the zones that
 * its candidate has under verification and the published ones beside them.
 * Runs in: candidate's worker, a fork of the candidate; ends with it. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	struct serve serve;
	struct serve_udp *udp;
	struct serve_tcp *tcp;
	uint64_t counters[SERVE_COUNTERS];
} cw;

static bool
is_here(uint32_t zone)
{
	for (unsigned i = 0; i < cw.start.zone_count; i++)
		if (cw.start.zones[i] == zone)
			return true;
	return false;
}

/* Which zones other candidates verify is the gate's to know: it sends queries
 * for those to them. What comes here for another zone is not under
 * verification. */
static enum serve_place
place(void *arg, uint32_t zone)
{
	(void)arg;
	return is_here(zone) ? SERVE_UNDER_VERIFICATION : SERVE_PUBLISHED;
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
hand_back(void *arg, int fd, const uint8_t *octets, size_t len)
{
	struct msg_gate_return m = { 0 };
	(void)arg;
	if (len > IPC_INLINE_MAX) {
		/* No query is that long. */
		close(fd);
		return;
	}
	ipc_send_full(cw.gate, MSG_gate_return, &m, sizeof(m), octets, len,
	    &fd, 1);
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

static void
on_message(void *arg, struct ipc *c, struct ipc_msg *m)
{
	(void)arg;
	(void)c;
	if (m->type == MSG_gate_datagram) {
		on_datagram(m);
	} else if (m->type == MSG_gate_connection) {
		serve_tcp_adopt(cw.tcp, m->fds[0], m->payload,
		    m->payload_len);
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
on_lifeline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	_exit(0);
}

void
cworker_main(const struct cworker_start *start)
{
	struct ipc_user user = { on_message, on_gone, NULL };
	cw.start = *start;
	zonedb_seal(start->db);
	cw.loop = event_base_new();
	ASSERT(cw.loop != NULL);
	cw.gate = ipc_open(cw.loop, start->data, ROLE_CWORKER, ROLE_GATE, 0,
	    &user);
	serving_context(&cw.serve, start->d, start->db, cw.counters);
	cw.serve.is_candidate = true;
	cw.serve.hooks.place = place;
	struct serve_tcp_limits limits = serving_tcp_limits(start->d);
	struct serve_tcp_hooks hooks = { .is_mine = is_mine,
		.hand_back = hand_back };
	if (serve_udp_create(cw.loop, &cw.serve, &cw.udp) != OK ||
	    serve_tcp_create(cw.loop, &cw.serve, &limits, &hooks, &cw.tcp) !=
	    OK)
		_exit(1);
	struct event *lifeline = event_new(cw.loop, start->lifeline, EV_READ,
	    on_lifeline, NULL);
	event_add(lifeline, NULL);
	event_base_dispatch(cw.loop);
	_exit(1);
}

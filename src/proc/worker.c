/* worker.c - answers queries and outgoing transfers from sealed zones.
 * Runs in: worker. Its life: sealed, ready, serving from "go" until "retire",
 * then draining until its last transfer has ended. It bears the loss of store
 * and xfrd and ends with the supervisor. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "proc/ipc.h"
#include "proc/listen.h"
#include "proc/roles.h"
#include "proc/serving.h"
#include "proc/stats.h"
#include "serve/tcp.h"
#include "serve/tls.h"
#include "serve/udp.h"

/* Until the next worker reads, the channel holds some hundreds. */
#define PASS_AGAIN_MS 2
#define PASS_MS 5000
/* By so much the clock of the loop is behind: a timer may be early. */
#define COARSE_MS 10

struct passing {
	struct passing *next;
	struct serve_tcp_passed p;	/* its octets stand behind it */
	uint8_t octets[];
};

static struct {
	struct worker_start start;
	struct event_base *loop;
	struct ipc *supervisor;
	struct serve serve;
	struct rrl rrl;
	struct serve_udp *udp;
	struct serve_tcp *tcp;
	struct event *handover, *stats_timer;
	bool is_serving;
	uint64_t counted_retired[SERVE_COUNTERS];
	bool has_tls, listens_tls;

	int heir;		/* the channel to the next worker */
	/* Connections that it had no room for. */
	struct passing *first, **last;
	struct event *pass_again;
	int64_t pass_until_ms;
	bool is_drained;
} worker;

static _Noreturn void
leave(void)
{
	stats_add_retired(&worker.start.d->shared, worker.counted_retired);
	_exit(0);
}

/* To whoever serves this number next. False: it has no room now. */
static bool
pass(const struct serve_tcp_passed *p)
{
	bool is_full = false;
	if (!serving_pass(worker.heir, p)) {
		is_full = errno == EAGAIN || errno == EINTR ||
		    errno == ENOBUFS || errno == ETOOMANYREFS;
		if (!is_full)
			ev_connection_lost_in_handover();
	}
	return !is_full;
}

static void
pass_waiting(evutil_socket_t unused, short what, void *arg)
{
	static const struct timeval soon = { 0, PASS_AGAIN_MS * 1000 };
	bool is_over = clock_mono_ms() > worker.pass_until_ms;
	(void)unused;
	(void)what;
	(void)arg;
	while (worker.first != NULL) {
		struct passing *p = worker.first;
		bool is_passed = pass(&p->p);
		if (!is_passed && !is_over)
			break;
		if (!is_passed)
			ev_connection_lost_in_handover();
		worker.first = p->next;
		close(p->p.fd);
		free(p);
	}
	if (worker.first != NULL)
		event_add(worker.pass_again, &soon);
	else if (worker.is_drained)
		leave();
}

/* Behind those that wait already. */
static bool
pass_later(const struct serve_tcp_passed *now)
{
	struct passing *p = malloc(sizeof(*p) + now->len);
	if (p == NULL)
		return false;
	*p = (struct passing){ .p = *now };
	p->p.octets = p->octets;
	if (now->len > 0)
		memcpy(p->octets, now->octets, now->len);
	if (worker.first == NULL)
		worker.last = &worker.first;
	*worker.last = p;
	worker.last = &p->next;
	worker.pass_until_ms = clock_mono_ms() + PASS_MS;
	pass_waiting(-1, 0, NULL);
	return true;
}

static void
hand_over(void *arg, const struct serve_tcp_passed *p)
{
	(void)arg;
	if (worker.first == NULL && pass(p)) {
		close(p->fd);
	} else if (!pass_later(p)) {
		ev_connection_lost_in_handover();
		close(p->fd);
	}
}

static void
drained(void *arg)
{
	(void)arg;
	if (worker.first == NULL)
		leave();
	worker.is_drained = true;
}

static void
on_handover(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t octets[SERVE_TCP_UNREAD_MAX];
	struct serve_tcp_passed p;
	(void)what;
	(void)arg;
	while (serving_take(fd, octets, sizeof(octets), &p))
		serve_tcp_adopt(worker.tcp, &p);
}

/* Its addresses are listened on when there is something to speak TLS with. */
static void
listen_tls(void)
{
	const struct sockets *l = &worker.start.d->listening.tls;
	bool is_good = true;
	if (!worker.has_tls || !worker.is_serving || worker.listens_tls)
		return;
	for (unsigned i = 0; i < l->count; i++)
		is_good = is_good &&
		    serve_tcp_listen_tls(worker.tcp, l->fds[i]) == OK;
	ASSERT(is_good);
	worker.listens_tls = true;
}

static void
on_tls(struct ipc_msg *m)
{
	const struct msg_tls *b = m->body;
	struct tls_service *service = NULL;
	struct tls_trouble t = { .why = "it cannot be read" };
	struct fd_map parts;
	enum err e = fd_is_sealed(m->fds[0]) ?
	    fd_map_open(m->fds[0], &parts) : ERR_IO;
	if (e == OK) {
		e = tls_service_create(parts.octets, parts.len, &service, &t);
		fd_map_close(&parts);
	}
	if (e != OK) {
		ev_tls_not_set_up(worker.start.number, t.why);
		return;
	}
	tls_service_set_ticket_key(service, b->ticket_key);
	serve_tcp_set_tls(worker.tcp, service);
	worker.has_tls = true;
	listen_tls();
}

/* Of all workers that had this number, since the start of the daemon. */
static void
log_stats(void)
{
	char nstats[SERVE_NSTATS_MAX], xstats[SERVE_XSTATS_MAX];
	const struct shared *s = &worker.start.d->shared;
	const uint64_t *c = shared_counters(s, worker.start.number);
	int64_t now = clock_wall_s();
	if (!worker.is_serving)
		return;
	serve_counter_nstats(c, nstats);
	serve_counter_xstats(c, xstats);
	if (nstats[0] != '\0')
		ev_nstats(now, s->stats->booted_s, nstats);
	if (xstats[0] != '\0')
		ev_xstats(now, s->stats->booted_s, xstats);
}

/* At multiples of the period, whenever this worker began. */
static void
log_stats_later(void)
{
	int64_t period = worker.start.d->conf->server.statistics;
	if (period <= 0)
		return;
	int64_t ms = period * 1000 - clock_wall_ms() % (period * 1000) +
	    COARSE_MS;
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	event_add(worker.stats_timer, &t);
}

static void
on_stats_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_stats();
	log_stats_later();
}

static bool
is_mine(const struct sockets *s, unsigned i)
{
	return listen_is_read_by(s, i, worker.start.number,
	    daemon_worker_count(worker.start.d));
}

static void
serve_all(void)
{
	const struct listening *l = &worker.start.d->listening;
	int handover = worker.start.d->handover[worker.start.number][1];
	bool is_good = true;
	hook_at("hop-9-go", NULL);
	worker.handover = event_new(worker.loop, handover,
	    EV_READ | EV_PERSIST, on_handover, NULL);
	ASSERT(worker.handover != NULL);
	event_add(worker.handover, NULL);
	/* Those that were accepted before have their places of tcp-count
	 * before new ones. */
	on_handover(handover, EV_READ, NULL);
	for (unsigned i = 0; i < l->udp.count; i++)
		if (is_mine(&l->udp, i))
			is_good = is_good && serve_udp_listen(worker.udp,
			    l->udp.fds[i]) == OK;
	for (unsigned i = 0; i < l->tcp.count; i++)
		if (is_mine(&l->tcp, i))
			is_good = is_good && serve_tcp_listen(worker.tcp,
			    l->tcp.fds[i]) == OK;
	ASSERT(is_good);
	worker.is_serving = true;
	listen_tls();
	log_stats_later();
}

static void
retire(struct ipc_msg *m)
{
	if (m->fd_count == 1) {
		worker.heir = m->fds[0];
		m->fds[0] = -1;
	}
	struct msg_stopped stopped = { worker.start.generation,
		worker.start.number };
	hook_at("hop-9-retire", NULL);
	if (worker.handover != NULL)
		event_del(worker.handover);
	event_del(worker.stats_timer);
	serve_udp_stop(worker.udp);
	serve_tcp_retire(worker.tcp);
	/* The counters of this number are the next worker's from here on. */
	worker.serve.counters = worker.counted_retired;
	worker.serve.zone_counters = NULL;
	ipc_send(worker.supervisor, stopped, &stopped);
	worker.is_serving = false;
}

static void
on_message(void *arg, struct ipc *c, struct ipc_msg *m)
{
	(void)arg;
	(void)c;
	switch ((int)m->type) {
	case MSG_go:
		serve_all();
		break;
	case MSG_tls:
		on_tls(m);
		break;
	case MSG_retire:
		retire(m);
		break;
	case MSG_log_stats:
		log_stats();
		break;
	case MSG_log:
		ipc_obey_log(m);
		break;
	}
}

static void
on_gone(void *arg, struct ipc *c, bool is_breach)
{
	(void)arg;
	(void)c;
	(void)is_breach;
	leave();
}

static void
say_ready(void)
{
	struct msg_ready m = { worker.start.generation, worker.start.number };
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	ipc_send_fds(worker.supervisor, ready, &m, &pidfd,
	    pidfd == -1 ? 0 : 1);
}

static bool
has_zonestats(const struct daemon *d)
{
	for (size_t i = 0; i < d->conf->zone_count; i++)
		if (d->conf->zones[i].zonestats_group != NULL)
			return true;
	return false;
}

/* Of public answers alone: verifiers ask as much and as fast as they want. */
static void
limit_rates(const struct daemon *d)
{
	uint64_t random;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint64_t)clock_mono_us();
	if (rrl_start(&worker.rrl, &d->conf->server, shared_rrl(&d->shared,
	    worker.start.number), d->shared.rrl_size,
	    d->shared.secrets->rrl_key, random))
		worker.serve.rrl = &worker.rrl;
}

void
worker_main(const struct worker_start *start)
{
	struct ipc_user user = { on_message, on_gone, NULL };
	struct daemon *d = start->d;
	worker.start = *start;
	worker.start.number %= MAX_WORKERS;
	worker.heir = d->handover[worker.start.number][0];
	zonedb_seal(start->db);
	worker.loop = event_base_new();
	ASSERT(worker.loop != NULL);
	worker.supervisor = ipc_open(worker.loop, start->fd, ROLE_WORKER,
	    ROLE_SUPERVISOR, 0, &user);
	serving_context(&worker.serve, d, start->db,
	    shared_counters(&d->shared, worker.start.number));
	if (has_zonestats(d))
		worker.serve.zone_counters = stats_map_zones(&d->shared,
		    worker.start.number, d->zone_limit);
	limit_rates(d);
	struct serve_tcp_limits limits = serving_tcp_limits(d);
	struct serve_tcp_hooks hooks = { .hand_over = hand_over,
		.ended = drained };
	if (serve_udp_create(worker.loop, &worker.serve, &worker.udp) != OK ||
	    serve_tcp_create(worker.loop, &worker.serve, &limits, &hooks,
	    &worker.tcp) != OK) {
		ev_system_trouble("start of a server", "no memory");
		_exit(1);
	}
	hook_at("hop-9-ready", NULL);
	worker.pass_again = evtimer_new(worker.loop, pass_waiting, NULL);
	worker.stats_timer = evtimer_new(worker.loop, on_stats_timer, NULL);
	ASSERT(worker.pass_again != NULL && worker.stats_timer != NULL);
	say_ready();
	event_base_dispatch(worker.loop);
	_exit(1);
}

/* xfr_conn.c - life of the exchanges with primaries: started or queued, begun
 * again over TCP or without EDNS, ended with one report.
 * Runs in: xfrd. Never blocks; done is called exactly once unless cancelled,
 * and never from within xfr_conn_start. */
#include "xfr/xfr_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "dns/rrtype.h"
#include "xfr/source.h"
#include "xfr/xfr_conn_inner.h"

#define GIB (UINT64_C(1) << 30)

uint64_t
xfr_size_limit(uint64_t configured, bool is_published,
    uint64_t published_octets)
{
	if (configured != 0)
		return configured;
	if (!is_published)
		return 32 * GIB;
	if (published_octets > UINT64_MAX / 4)
		return UINT64_MAX;
	return published_octets < GIB ? 4 * GIB : 4 * published_octets;
}

struct xfr_net *
xfr_net_create(struct event_base *base, const struct xfr_net_settings *s)
{
	struct xfr_net *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->base = base;
	xfr_net_configure(n, s);
	return n;
}

unsigned
xfr_net_open(const struct xfr_net *n)
{
	return n->n_open;
}

unsigned
xfr_net_waiting(const struct xfr_net *n)
{
	return n->n_waiting;
}

/* --- one connection --- */

static void
event_drop(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

static struct tcp_use *
use_get(struct xfr_net *n, const struct addr *primary)
{
	struct tcp_use *u = n->uses;
	while (u != NULL && !addr_equal(&u->primary, primary))
		u = u->next;
	if (u != NULL)
		return u;
	u = calloc(1, sizeof(*u));
	/* As with timers: an exchange without one would never end. */
	ASSERT(u != NULL);
	u->primary = *primary;
	u->next = n->uses;
	n->uses = u;
	return u;
}

static void
use_put(struct xfr_conn *c)
{
	struct tcp_use **at = &c->net->uses, *u = c->use;
	c->use = NULL;
	if (u->n_open > 0 || u->n_waiting > 0)
		return;
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	free(u);
}

/* Back to no socket, no timer; the place of a TCP connection is given back. */
static void
conn_close(struct xfr_conn *c)
{
	switch (c->state) {
	case CONN_QUEUED:
		c->net->n_waiting--;
		c->use->n_waiting--;
		use_put(c);
		break;
	case CONN_CONNECTING:
	case CONN_SENDING:
	case CONN_READING:
		c->net->n_open--;
		c->use->n_open--;
		use_put(c);
		break;
	case CONN_UDP:
	case CONN_OVER:
		break;
	}
	event_drop(&c->io);
	event_drop(&c->timer);
	fd_close(&c->fd);
	free(c->in);
	c->in = NULL;
	c->in_len = c->sent = 0;
	c->tries = 0;
	c->state = CONN_OVER;
}

static void
conn_unlink(struct xfr_conn *c)
{
	struct xfr_net *n = c->net;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		n->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	else
		n->last = c->prev;
}

static void
conn_link(struct xfr_conn *c)
{
	struct xfr_net *n = c->net;
	c->prev = n->last;
	c->next = NULL;
	if (n->last != NULL)
		n->last->next = c;
	else
		n->first = c;
	n->last = c;
}

static void
conn_free(struct xfr_conn *c)
{
	conn_close(c);
	conn_unlink(c);
	xfr_client_destroy(&c->client);
	free(c);
}

static void
start_one(struct xfr_conn *c)
{
	c->net->n_waiting--;
	c->net->n_open++;
	c->use->n_waiting--;
	c->use->n_open++;
	c->state = CONN_CONNECTING;
	tcp_start(c);
}

static bool
is_primary_left_out(const struct xfr_net *n)
{
	for (const struct tcp_use *u = n->uses; u != NULL; u = u->next)
		if (u->n_open == 0)
			return true;
	return false;
}

/* One primary, however slow and for however many zones, does not keep the
 * others from theirs: above the limit each has one connection, as long as
 * that does not double the limit. */
static void
start_waiting(struct xfr_net *n)
{
	unsigned most = n->settings.tcp_max > 0 ? n->settings.tcp_max : 1;
	struct xfr_conn *c = n->first, *next;
	for (; c != NULL && n->n_waiting > 0 && n->n_open < most; c = next) {
		next = c->next;
		if (c->state == CONN_QUEUED)
			start_one(c);
	}
	c = n->first;
	while (c != NULL && n->n_open < 2 * most && is_primary_left_out(n)) {
		next = c->next;
		if (c->state == CONN_QUEUED && c->use->n_open == 0)
			start_one(c);
		c = next;
	}
}

void
xfr_net_configure(struct xfr_net *n, const struct xfr_net_settings *s)
{
	n->settings = *s;
	if (n->settings.udp_tries == 0)
		n->settings.udp_tries = 3;
	if (n->settings.udp_timeout_ms == 0)
		n->settings.udp_timeout_ms = 2000;
	if (n->settings.tcp_timeout_s == 0)
		n->settings.tcp_timeout_s = 120;
	start_waiting(n);
}

void
xfr_net_destroy(struct xfr_net **n)
{
	if (*n == NULL)
		return;
	while ((*n)->first != NULL)
		conn_free((*n)->first);
	free(*n);
	*n = NULL;
}

void
conn_log_request(const struct xfr_conn *c)
{
	char primary[ADDR_TEXT_MAX];
	const char *zone = xfr_client_zone(c->client);
	addr_text(&c->primary, primary);
	switch (xfr_client_ask(c->client)) {
	case XFR_ASK_SOA:
		ev_xfr_request_soa(zone, primary);
		break;
	case XFR_ASK_IXFR:
		ev_xfr_request_ixfr(zone, primary);
		break;
	case XFR_ASK_AXFR:
		ev_xfr_request_axfr(zone, primary);
		break;
	}
}

static void
log_refused(const struct xfr_conn *c, const struct xfr_result *r)
{
	char primary[ADDR_TEXT_MAX], reason[XFR_REASON_MAX], rcode[16];
	const char *zone = xfr_client_zone(c->client);
	addr_text(&c->primary, primary);
	xfr_result_reason(r, reason);
	if (r->why == XFR_WHY_RCODE || r->why == XFR_WHY_NOT_IMPLEMENTED)
		ev_xfr_error_code(zone, rcode_text(r->rcode, rcode), primary);
	else if (r->why == XFR_WHY_LOCAL)
		ev_xfr_not_taken(zone, primary, reason);
	else if (r->why == XFR_WHY_TIMEOUT || r->why == XFR_WHY_CONNECT)
		ev_xfr_unreachable(zone, primary, reason);
	else
		ev_xfr_bad(zone, primary, reason);
}

/* As NSD writes it; what was received is not yet verified. */
static void
log_received(const struct xfr_conn *c, const struct xfr_result *r)
{
	char primary[ADDR_TEXT_MAX], when[32] = "";
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	if (localtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	ev_xfr_received(xfr_client_zone(c->client), r->serial, when,
	    addr_text(&c->primary, primary), r->octets,
	    (double)(clock_mono_ms() - c->started_ms) / 1000);
}

static void
conn_report(struct xfr_conn *c)
{
	struct xfr_net *n = c->net;
	const struct xfr_result *r = xfr_client_result(c->client);
	conn_close(c);
	if (r->outcome == XFR_REFUSED)
		log_refused(c, r);
	else if (r->outcome == XFR_GOT_DELTA || r->outcome == XFR_GOT_ZONE)
		log_received(c, r);
	c->is_reporting = true;
	c->done(c->arg, r);
	conn_free(c);
	start_waiting(n);
}

static void
report_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_report(arg);
}

void
conn_fail(struct xfr_conn *c, enum xfr_why why, enum err e)
{
	xfr_client_fail(c->client, why, e);
	conn_report(c);
}

void
conn_fail_later(struct xfr_conn *c, enum xfr_why why, enum err e)
{
	xfr_client_fail(c->client, why, e);
	conn_close(c);
	conn_set_timer(c, report_due, 0);
}

void
conn_set_timer(struct xfr_conn *c, event_callback_fn call, unsigned ms)
{
	struct timeval t = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };
	event_drop(&c->timer);
	c->timer = evtimer_new(c->net->base, call, c);
	/* Without a timer this exchange would never end, and its zone never be
	 * asked for again. */
	ASSERT(c->timer != NULL && evtimer_add(c->timer, &t) == 0);
}

bool
conn_watch(struct xfr_conn *c, short events, event_callback_fn call)
{
	event_drop(&c->io);
	c->io = event_new(c->net->base, c->fd,
	    (short)(events | EV_PERSIST), call, c);
	return c->io != NULL && event_add(c->io, NULL) == 0;
}

static void
conn_begin(struct xfr_conn *c)
{
	ASSERT(c->state == CONN_OVER);
	c->id = (uint16_t)arc4random();
	if (xfr_client_is_udp(c->client)) {
		c->state = CONN_UDP;
		udp_start(c);
		return;
	}
	c->state = CONN_QUEUED;
	c->net->n_waiting++;
	c->use = use_get(c->net, &c->primary);
	c->use->n_waiting++;
	start_waiting(c->net);
}

bool
conn_took(struct xfr_conn *c, enum xfr_outcome outcome)
{
	switch (outcome) {
	case XFR_MORE:
	case XFR_IGNORED:
		return true;
	case XFR_USE_TCP:
		conn_close(c);
		xfr_client_again(c->client, false,
		    xfr_client_is_without_edns(c->client));
		conn_begin(c);
		return false;
	case XFR_WITHOUT_EDNS:
		conn_close(c);
		xfr_client_again(c->client, xfr_client_is_udp(c->client),
		    true);
		conn_begin(c);
		return false;
	case XFR_REFUSED:
	case XFR_UP_TO_DATE:
	case XFR_NEWER:
	case XFR_GOT_DELTA:
	case XFR_GOT_ZONE:
		break;
	}
	conn_report(c);
	return false;
}

struct xfr_conn *
xfr_conn_start(struct xfr_net *n, const struct xfr_job *job)
{
	char primary[ADDR_TEXT_MAX];
	const struct addr *source = source_toward(&job->primary,
	    job->sources, job->n_sources);
	struct xfr_conn *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->client = xfr_client_create(&job->request, job->zone,
	    addr_text(&job->primary, primary));
	if (c->client == NULL) {
		free(c);
		return NULL;
	}
	c->net = n;
	c->fd = -1;
	c->state = CONN_OVER;
	c->started_ms = clock_mono_ms();
	c->primary = job->primary;
	c->has_source = source != NULL;
	if (source != NULL)
		c->source = *source;
	c->done = job->done;
	c->arg = job->arg;
	conn_link(c);
	conn_begin(c);
	return c;
}

void
xfr_conn_cancel(struct xfr_conn **c)
{
	if (*c != NULL && !(*c)->is_reporting) {
		struct xfr_net *n = (*c)->net;
		conn_free(*c);
		start_waiting(n);
	}
	*c = NULL;
}

const char *
xfr_conn_status(const struct xfr_conn *c, char text[XFR_STATUS_MAX])
{
	char primary[ADDR_TEXT_MAX];
	const char *what = "";
	switch (c->state) {
	case CONN_QUEUED:
		snprintf(text, XFR_STATUS_MAX, "waiting-for-TCP-fd");
		return text;
	case CONN_UDP:
		what = "sent UDP to ";
		break;
	case CONN_CONNECTING:
	case CONN_SENDING:
	case CONN_READING:
		what = "TCP connected to ";
		break;
	case CONN_OVER:
		what = "done with ";
		break;
	}
	snprintf(text, XFR_STATUS_MAX, "%s%s", what,
	    addr_text(&c->primary, primary));
	return text;
}

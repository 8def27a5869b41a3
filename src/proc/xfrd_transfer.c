/* xfrd_transfer.c - when a zone asks which primary, and what came of it.
 * Runs in: xfrd. Policy is refresh's and update's; here it meets sockets and
 * the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "proc/xfrd.h"
#include "zone/zonefile.h"

#define FRUITLESS_MS 1000
#define FRUITLESS_MAX 20

static void on_done(void *arg, const struct xfr_result *r);

/* While a whole version waits or is verified nothing is asked on top of it:
 * the next question starts from what its verdict leaves. */
static bool
waits_for_whole(const struct xzone *z)
{
	for (const struct update *u = z->updates.first; u != NULL;
	    u = u->next)
		if (u->kind != UPDATE_IXFR && (u->state == UPDATE_STAGED ||
		    u->state == UPDATE_VERIFYING ||
		    u->state == UPDATE_ACCEPTED))
			return true;
	return false;
}

static const struct acl *
primary_of(const struct xzone *z, int index)
{
	return index >= 0 && (size_t)index < z->conf->request_xfr.n ?
	    &z->conf->request_xfr.at[index] : NULL;
}

static struct xfr_request
request_of(struct xzone *z, struct rr *soa)
{
	const struct acl *p = primary_of(z, (int)z->order.primary);
	int64_t limit = z->conf->size_limit_xfr;
	struct xfr_request r = { .apex = z->conf->apex, .ask = z->order.ask,
		.is_udp = z->order.is_udp, .accept_any = z->order.accept_any,
		.has_serial = z->order.has_serial, .serial = z->order.from,
		.key = p->key != NULL ? &p->key->tsig : NULL,
		.limit_octets = xfr_size_limit(limit > 0 ?
		    (uint64_t)limit : 0, z->is_published, z->wire_octets),
		.sink = intake_sink(&z->intake) };
	if (soa->owner != NULL)
		r.soa = soa;
	return r;
}

/* The published SOA, with the serial of the staged version that is asked on
 * top of: only the serial matters in an IXFR request (RFC 1995 3). */
static bool
soa_to_ask_from(const struct xzone *z, struct octets *copy, struct rr *soa)
{
	struct buf b;
	*soa = (struct rr){ .owner = NULL };
	if (!z->order.has_serial || z->soa.len == 0)
		return !z->order.has_serial || z->order.ask != XFR_ASK_IXFR;
	if (!octets_add(copy, z->soa.at, z->soa.len))
		return false;
	b = buf_of(copy->at, copy->len);
	if (!rr_take(&b, soa))
		return false;
	octets_set_u32((uint8_t *)(uintptr_t)soa->rdata + soa->rdata_len - 20,
	    z->order.from);
	return true;
}

/* What was to go over TLS is never asked for in the clear. */
static void
skip_tls(struct xzone *z, const struct acl *p)
{
	struct refresh_outcome o = { .verdict = REFRESH_FAILED };
	ev_primary_needs_tls(z->conf->name, p->text);
	refresh_result(z->refresh, &o, xfrd_now_s(z->x), xfrd_random());
	xzone_touch(z);
}

static void
start_order(struct xzone *z)
{
	const struct acl *p = primary_of(z, (int)z->order.primary);
	struct addr sources[16];
	struct octets copy = { 0 };
	struct rr soa;
	struct xfr_job job = { .zone = z->conf->name, .done = on_done,
		.arg = z, .sources = sources };
	for (size_t i = 0; i < z->conf->outgoing_interface.n &&
	    job.n_sources < 16; i++)
		sources[job.n_sources++] =
		    z->conf->outgoing_interface.at[i].addr;
	if (p != NULL && p->tls_auth_name != NULL) {
		skip_tls(z, p);
		return;
	}
	intake_begin(&z->intake, z->x);
	if (p != NULL && soa_to_ask_from(z, &copy, &soa)) {
		job.primary = p->addr;
		job.request = request_of(z, &soa);
		if (z->order.ask != XFR_ASK_SOA)
			z->receiving = update_begin(&z->updates,
			    journal_new_id(z->x->journal),
			    z->order.ask == XFR_ASK_IXFR ? UPDATE_IXFR :
			    UPDATE_AXFR);
		if (z->receiving != NULL)
			z->receiving->goes_back = z->order.accept_any &&
			    z->is_published;
		z->conn = xfr_conn_start(z->x->net, &job);
	}
	octets_free(&copy);
	if (z->conn == NULL) {
		if (z->receiving != NULL)
			update_give_up(&z->updates, z->receiving);
		z->receiving = NULL;
		refresh_cancelled(z->refresh);
		xzone_touch(z);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct xzone *z = arg;
	int64_t next;
	(void)fd;
	(void)what;
	update_tick(&z->updates, xfrd_now_s(z->x), &next);
	xzone_touch(z);
}

/* While the store still loads what is published, refresh does not know of it
 * and would ask for the whole zone. */
static bool
may_ask(const struct xzone *z)
{
	return z->refresh != NULL && z->conn == NULL &&
	    (!z->is_published || z->is_known_to_store) && !waits_for_whole(z);
}

static void
set_timer(struct xzone *z)
{
	int64_t now = xfrd_now_s(z->x), wake = update_wake_s(&z->updates);
	if (may_ask(z) && refresh_wake_s(z->refresh) < wake)
		wake = refresh_wake_s(z->refresh);
	if (wake == INT64_MAX) {
		if (z->timer != NULL)
			evtimer_del(z->timer);
		return;
	}
	int64_t wait = wake > now ? wake - now : 1;
	struct timeval t = { wait > 86400 ? 86400 : wait, 0 };
	if (z->timer == NULL)
		z->timer = evtimer_new(z->x->loop, on_timer, z);
	evtimer_add(z->timer, &t);
}

void
xzone_drive(struct xzone *z)
{
	if (may_ask(z) && z->x->is_store_told && refresh_decide(z->refresh,
	    xfrd_now_s(z->x), xfrd_random(), &z->order))
		start_order(z);
	xzone_refresh_state(z);
	set_timer(z);
}

void
xzone_cancel(struct xzone *z)
{
	if (z->conn == NULL)
		return;
	xfr_conn_cancel(&z->conn);
	if (z->receiving != NULL)
		update_give_up(&z->updates, z->receiving);
	z->receiving = NULL;
	intake_drop(&z->intake);
	refresh_cancelled(z->refresh);
	xzone_touch(z);
}

static void
log_arrival(const struct xzone *z, const struct xfr_result *r)
{
	const struct acl *p = primary_of(z, (int)z->order.primary);
	char when[64], from[ADDR_TEXT_MAX], key[300] = "";
	time_t now = (time_t)xfrd_now_s(z->x);
	struct tm tm;
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	addr_text(&p->addr, from);
	if (p->key != NULL)
		snprintf(key, sizeof(key), " TSIG verified with key %s",
		    p->key->name);
	ev_xfr_committed(z->conf->name, r->serial, when, from, key);
}

static void
write_update(struct xzone *z, struct update *u, const struct intake *in,
    const struct xbody *body)
{
	struct journal_update j = { .id = u->id, .base_id = u->base_id,
		.kind = (uint8_t)u->kind, .state = u->state,
		.has_from = u->kind == UPDATE_IXFR, .from = u->from,
		.to = u->to, .received_s = u->received_s,
		.flags = update_flags(u),
		.data = { .octets = in->mem.at, .len = in->len } };
	if (in->is_spooled)
		j.data = (struct journal_data){ .len = in->len,
			.file = body->file };
	snprintf(j.primary, sizeof(j.primary), "%s", body->primary);
	journal_put_update(z->x->journal, z->apex.octets, &j);
}

void
xzone_arrived(struct xzone *z, struct update *u, struct intake *in,
    enum update_kind kind, struct xbody *body)
{
	struct update_acts acts = { 0 };
	hook_at("hop-3-complete", z->conf->name);
	enum err e = intake_finish(in);
	if (e != OK) {
		ev_xfr_not_taken(z->conf->name, body->primary[0] != '\0' ?
		    body->primary : "its zone file", err_text(e));
		update_give_up(&z->updates, u);
		intake_drop(in);
		xzone_touch(z);
		return;
	}
	body->len = in->len;
	body->is_plain = !in->is_spooled;
	body->received_s = xfrd_now_s(z->x);
	snprintf(body->file, sizeof(body->file), "%s",
	    in->is_spooled ? in->file : "");
	struct xbody *kept = malloc(sizeof(*kept));
	ASSERT(kept != NULL);
	*kept = *body;
	u->data = kept;
	e = update_arrive(&z->updates, u, kind, in->from, in->to, in->len,
	    xfrd_now_s(z->x), &acts);
	if (e == OK)
		write_update(z, u, in, kept);
	else if (in->is_spooled &&
	    spool_remove(z->x->statedir, in->file) != OK)
		ev_system_trouble("removal of a spool", in->file);
	z->acts.ask_ixfr |= acts.ask_ixfr;
	z->acts.ask_axfr |= acts.ask_axfr;
	z->acts.ask_next |= acts.ask_next;
	octets_free(&in->mem);
	intake_begin(in, z->x);
	xzone_touch(z);
}

static void
note_fruit(struct xzone *z, bool is_fruitful)
{
	int64_t now = clock_mono_ms();
	if (is_fruitful || now - z->fruitless_ms > FRUITLESS_MS)
		z->fruitless = 0;
	if (!is_fruitful)
		z->fruitless++;
	z->fruitless_ms = now;
}

/* NOTIFYs, whose source anybody can forge where no key is asked for, make us
 * ask the primary again and again: then it is asked once a second. */
static bool
is_flooded(const struct xzone *z)
{
	return z->fruitless > FRUITLESS_MAX &&
	    clock_mono_ms() - z->fruitless_ms < FRUITLESS_MS;
}

static void
on_done(void *arg, const struct xfr_result *r)
{
	struct xzone *z = arg;
	struct refresh_outcome o;
	const struct acl *p = primary_of(z, (int)z->order.primary);
	bool is_got = r->outcome == XFR_GOT_DELTA ||
	    r->outcome == XFR_GOT_ZONE;
	z->conn = NULL;
	note_fruit(z, is_got || r->outcome == XFR_NEWER);
	refresh_outcome_of(r, z->order.ask, &o);
	refresh_result(z->refresh, &o, xfrd_now_s(z->x), xfrd_random());
	z->is_timers_changed = true;
	if (z->receiving != NULL && is_got && p != NULL) {
		struct xbody body = { .has_expire = r->has_expire,
			.expire_s = r->expire_s,
			.primary_index = (int)z->order.primary };
		struct update *u = z->receiving;
		addr_text(&p->addr, body.primary);
		z->receiving = NULL;
		log_arrival(z, r);
		xzone_arrived(z, u, &z->intake, r->outcome == XFR_GOT_DELTA ?
		    UPDATE_IXFR : UPDATE_AXFR, &body);
	} else if (z->receiving != NULL) {
		update_give_up(&z->updates, z->receiving);
		z->receiving = NULL;
	}
	intake_drop(&z->intake);
	xzone_touch(z);
}

void
xfrd_notify_note(struct xfrd *x, const struct notify_note *n)
{
	struct xzone *z = xfrd_zone(x, n->zone);
	char from[ADDR_TEXT_MAX];
	if (z == NULL)
		return;
	addr_text(&n->from, from);
	if (n->has_serial)
		ev_notify_received(z->conf->name, from, n->serial);
	else
		ev_notify_received_bare(z->conf->name, from);
	if (z->refresh != NULL && is_flooded(z)) {
		refresh_soon(z->refresh, xfrd_now_s(z->x));
		xzone_touch(z);
		return;
	}
	if (z->refresh != NULL && refresh_notify(z->refresh, &n->from,
	    n->has_serial, n->serial, xfrd_now_s(z->x))) {
		z->is_timers_changed = true;
		/* To ask needs no commit. */
		if (!z->is_dirty)
			xzone_drive(z);
		xzone_touch(z);
	}
}

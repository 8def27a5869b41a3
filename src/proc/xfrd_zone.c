/* xfrd_zone.c - a zone's machines, from its configuration and the journal.
 * Runs in: xfrd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/xfrd.h"

#define BULK_OCTETS (4u * 1024 * 1024)
#define TARGETS_MAX 1024

static struct update_policy
policy_of(const struct xzone *z)
{
	const struct conf_zone *c = z->conf;
	return (struct update_policy){ .is_verified = c->is_verified,
		.mode = c->verify_mode == MODE_REPORT ? UPDATE_REPORT :
		    c->verify_mode == MODE_HOLD ? UPDATE_HOLD :
		    UPDATE_ENFORCE,
		.retries = (unsigned)c->verifier_retries,
		.retry_delay_s = c->verifier_retry_delay,
		.recheck_s = c->verifier_recheck,
		.bulk_octets = BULK_OCTETS };
}

static bool
configure_refresh(struct xzone *z, const struct refresh_timers *stored)
{
	const struct conf_zone *c = z->conf;
	unsigned n = (unsigned)c->request_xfr.n;
	struct refresh_primary *p = calloc(n + 1, sizeof(*p));
	ASSERT(p != NULL);
	for (unsigned i = 0; i < n; i++)
		p[i] = (struct refresh_primary){
			.addr = c->request_xfr.at[i].addr,
			.axfr_only = c->request_xfr.at[i].use_axfr,
			.use_udp = c->request_xfr.at[i].use_udp };
	struct refresh_policy policy = { .primaries = p, .n_primaries = n,
		.min_refresh_s = (uint32_t)c->min_refresh_time,
		.max_refresh_s = (uint32_t)c->max_refresh_time,
		.min_retry_s = (uint32_t)c->min_retry_time,
		.max_retry_s = (uint32_t)c->max_retry_time,
		.min_expire_s = c->min_expire_time > 0 ?
		    (uint32_t)c->min_expire_time : 0,
		.min_expire_is_sum =
		    c->min_expire_time == CONF_EXPIRE_FROM_SOA,
		.multi_primary_check = c->multi_primary_check,
		.allow_axfr_fallback = c->allow_axfr_fallback };
	bool is_good = true;
	if (n == 0)
		refresh_destroy(&z->refresh);
	else if (z->refresh == NULL)
		is_good = (z->refresh = refresh_create(&policy, stored,
		    xfrd_now_s(z->x), xfrd_random())) != NULL;
	else
		is_good = refresh_configure(z->refresh, &policy,
		    xfrd_now_s(z->x));
	free(p);
	return is_good;
}

static bool
configure_notify(struct xzone *z)
{
	const struct conf_zone *c = z->conf;
	struct notify_target targets[TARGETS_MAX];
	struct addr sources[16];
	unsigned n = 0, n_sources = 0;
	for (size_t i = 0; i < c->notify.n && n < TARGETS_MAX; i++)
		targets[n++] = (struct notify_target){
			.to = c->notify.at[i].addr,
			.key = c->notify.at[i].key != NULL ?
			    &c->notify.at[i].key->tsig : NULL };
	for (size_t i = 0; i < c->outgoing_interface.n && n_sources < 16; i++)
		sources[n_sources++] = c->outgoing_interface.at[i].addr;
	if (z->notify == NULL && n > 0)
		z->notify = notify_zone_create(z->x->notify_net, c->name,
		    c->apex);
	return z->notify == NULL ? n == 0 : notify_zone_configure(z->notify,
	    targets, n, sources, n_sources, (unsigned)c->notify_retry);
}

static bool
restore_update(void *arg, const struct journal_update *j)
{
	struct xzone *z = arg;
	struct update stored = { .id = j->id, .base_id = j->base_id,
		.kind = (enum update_kind)j->kind, .state = j->state,
		.from = j->from, .to = j->to, .octets = j->data.len,
		.has_digest = j->has_digest, .attempts = j->attempts,
		.timeouts = j->timeouts, .received_s = j->received_s,
		.judged_s = j->judged_s, .retry_s = j->retry_s };
	struct update *u;
	memcpy(stored.digest, j->digest, sizeof(stored.digest));
	update_set_flags(&stored, j->flags);
	if (!update_restore(&z->updates, &stored, &u)) {
		journal_drop_update(z->x->journal, z->apex.octets, j->id);
		return true;
	}
	struct xbody *b = calloc(1, sizeof(*b));
	ASSERT(b != NULL);
	*b = (struct xbody){ .len = j->data.len, .primary_index = -1,
		.is_plain = j->data.file == NULL || j->data.file[0] == '\0',
		.received_s = j->received_s };
	if (!b->is_plain)
		snprintf(b->file, sizeof(b->file), "%s", j->data.file);
	snprintf(b->primary, sizeof(b->primary), "%.*s",
	    (int)sizeof(b->primary) - 1, j->primary);
	u->data = b;
	return true;
}

static bool
add_delta(void *arg, uint64_t number, const struct journal_delta *d)
{
	struct xzone *z = arg;
	if (number > z->snapshot_delta)
		z->delta_octets += d->data.len;
	return true;
}

/* What the journal knows of the zone. */
static bool
restore(struct xzone *z)
{
	struct journal_zone j;
	struct journal_zonefile file;
	struct refresh_timers timers;
	bool has_timers = false;
	enum err e = journal_zone(z->x->journal, z->apex.octets, &j);
	if (e != OK && e != ERR_NOT_FOUND)
		return false;
	if (e == OK) {
		has_timers = j.timers_len == sizeof(timers);
		if (has_timers)
			memcpy(&timers, j.timers, sizeof(timers));
		z->is_published = j.is_published;
		z->serial = j.serial;
		memcpy(&z->digest, j.digest, sizeof(z->digest));
		z->published_s = j.published_s;
		z->snapshot_s = j.published_s;
		z->snapshot_delta = j.base_delta;
		if (z->is_published && !xzone_read_soa(z))
			z->is_published = false;
		z->is_file_old = journal_zonefile(z->x->journal,
		    z->apex.octets, &file) != OK || file.serial != z->serial;
		if (journal_each_delta(z->x->journal, z->apex.octets,
		    JOURNAL_OLDEST_FIRST, add_delta, z) != OK)
			return false;
	}
	z->updates.has_published = z->is_published;
	z->updates.published = z->serial;
	memcpy(z->updates.published_digest, &z->digest, sizeof(z->digest));
	z->updates.policy = policy_of(z);
	return configure_refresh(z, has_timers ? &timers : NULL) &&
	    journal_each_update(z->x->journal, z->apex.octets,
	    restore_update, z) == OK;
}

static struct xzone *
xzone_create(struct xfrd *x, uint32_t id)
{
	struct xzone *z = calloc(1, sizeof(*z));
	ASSERT(z != NULL);
	z->x = x;
	z->id = id;
	z->load_fd = -1;
	z->snapshot_fd = -1;
	z->conf = x->d->zones[id];
	z->conf_number = x->d->conf_number;
	z->intake.fd = -1;
	name_copy(&z->apex, z->conf->apex);
	name_lower(z->apex.octets);
	if (!restore(z) || !configure_notify(z)) {
		xzone_destroy(&z);
		return NULL;
	}
	return z;
}

void
xzone_destroy(struct xzone **zp)
{
	struct xzone *z = *zp;
	*zp = NULL;
	if (z == NULL)
		return;
	xzone_forget_file(z);
	xfr_conn_cancel(&z->conn);
	intake_drop(&z->intake);
	update_zone_clear(&z->updates, xbody_drop, z);
	refresh_destroy(&z->refresh);
	notify_zone_destroy(&z->notify);
	octets_free(&z->soa);
	if (z->timer != NULL)
		event_free(z->timer);
	fd_close(&z->load_fd);
	fd_close(&z->snapshot_fd);
	free(z->write_tmp);
	free(z->write_path);
	free(z);
}

/* The newest version that was kept back, with the verifiers as they are now. */
static void
judge_anew(struct xzone *z)
{
	struct update *newest = NULL;
	for (struct update *u = z->updates.first; u != NULL; u = u->next)
		if (u->state == UPDATE_REJECTED || u->state == UPDATE_FAILED ||
		    (u->state == UPDATE_HELD &&
		    z->updates.policy.mode != UPDATE_HOLD))
			newest = u;
	if (newest != NULL && update_recheck(&z->updates, newest) == OK)
		xzone_touch(z);
}

/* What did not change goes on; what did is judged anew, and a verdict that was
 * found under the old configuration does not count. */
static bool
xzone_reconfigure(struct xzone *z, const struct conf_zone *c)
{
	bool is_same = conf_zone_equal(z->conf, c);
	if (!is_same)
		xzone_cancel(z);
	z->conf = c;
	if (is_same)
		return true;
	z->conf_number = z->x->d->conf_number;
	z->updates.policy = policy_of(z);
	update_forgive(&z->updates);
	judge_anew(z);
	if (z->refresh != NULL)
		refresh_forgive(z->refresh);
	return configure_refresh(z, NULL) && configure_notify(z);
}

static bool
has_left(const struct xzone *z)
{
	const struct daemon *d = z->x->d;
	return z->id >= d->zone_limit || d->zones[z->id] == NULL;
}

/* Zones that left take their places in the lists of the turn with them. */
static void
unlink_left(struct xfrd *x)
{
	struct xzone **at = &x->dirty;
	while (*at != NULL)
		if (has_left(*at))
			*at = (*at)->next_dirty;
		else
			at = &(*at)->next_dirty;
	at = &x->due;
	while (*at != NULL)
		if (has_left(*at))
			*at = (*at)->next_due;
		else
			at = &(*at)->next_due;
	x->due_end = at;
}

bool
xfrd_zones_configure(struct xfrd *x)
{
	const struct daemon *d = x->d;
	if (d->zone_limit > x->zone_limit) {
		x->zones = realloc(x->zones, d->zone_limit *
		    sizeof(*x->zones));
		ASSERT(x->zones != NULL);
		memset(x->zones + x->zone_limit, 0, (d->zone_limit -
		    x->zone_limit) * sizeof(*x->zones));
		x->zone_limit = d->zone_limit;
	}
	x->window.spacing_s = (int32_t)d->conf->server.xfrd_reload_timeout;
	unlink_left(x);
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		const struct conf_zone *c = id < d->zone_limit ?
		    d->zones[id] : NULL;
		struct xzone *z = x->zones[id];
		if (c == NULL && z != NULL) {
			ev_zone_forgotten(z->conf->name);
			journal_forget_zone(x->journal, z->apex.octets);
			xzone_destroy(&x->zones[id]);
		} else if (c != NULL && z == NULL) {
			x->zones[id] = xzone_create(x, id);
			if (x->zones[id] == NULL)
				return false;
			if (x->is_store_told) {
				xzone_load_file(x->zones[id], false);
				xzone_touch(x->zones[id]);
			}
		} else if (c != NULL && !xzone_reconfigure(z, c)) {
			return false;
		}
	}
	return true;
}

/* By its name alone: whatever pattern a zone has moved to, it is kept. */
static bool
is_configured(void *arg, const uint8_t *apex)
{
	const struct conf *c = arg;
	char text[NAME_TEXT_MAX];
	if (conf_zone_by_apex(c, apex) != NULL)
		return true;
	ev_zone_forgotten(name_text(apex, text));
	return false;
}

bool
xfrd_zones_forget(struct xfrd *x)
{
	return journal_forget_others(x->journal, is_configured,
	    x->d->conf) == OK;
}

void
xzone_refresh_state(struct xzone *z)
{
	struct serve_zone_state *row = &z->x->d->shared.zones[z->id];
	int64_t expires = 0;
	bool is_expired = false;
	if (z->refresh != NULL) {
		const struct refresh_timers *t = refresh_timers(z->refresh);
		expires = t->expires_s;
		is_expired = refresh_state(z->refresh, xfrd_now_s(z->x)) ==
		    REFRESH_EXPIRED;
	}
	if (is_expired && !z->updates.is_expired)
		ev_zone_expired(z->conf->name, z->serial);
	z->updates.is_expired = is_expired;
	row->expires_at_s = expires;
	row->flags = is_expired ? SERVE_ZONE_EXPIRED : 0;
}

void
xzone_set_soa(struct xzone *z, const struct rr *soa)
{
	z->soa.len = 0;
	ASSERT(rr_add(&z->soa, soa));
}

bool
xzone_soa(const struct xzone *z, struct rr *rr, struct soa *soa)
{
	struct buf b = buf_reading(z->soa.at, z->soa.len);
	return z->soa.len > 0 && rr_take(&b, rr) && rr_soa(rr, soa);
}

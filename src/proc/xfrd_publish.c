/* xfrd_publish.c - from ACCEPTED to the secondaries: hops 8 to 10 of
 * doc/architecture.md, and the snapshots that follow.
 * Runs in: xfrd. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "dns/serial.h"
#include "proc/xfrd.h"
#include "zone/zonefile.h"

#define SNAPSHOT_AGE_S 3600
#define SNAPSHOT_LEAST_OCTETS (256u * 1024)

static bool
send_publish(struct xzone *z, struct update *u, struct msg_publish *m)
{
	struct journal_delta d;
	char file[SPOOL_NAME_MAX];
	struct octets copy = { 0 };
	bool is_good = journal_read_net(z->x->journal, z->apex.octets, u->id,
	    &d, file, &copy) == OK;
	if (is_good) {
		struct journal_data data = { .octets = copy.at,
			.len = copy.len, .file = file };
		memcpy(&m->digest, d.digest, sizeof(m->digest));
		m->is_whole = d.is_whole;
		m->is_plain = file[0] == '\0';
		is_good = xfrd_send_data(z->x, &XMESSAGE(publish, m), &data);
	}
	octets_free(&copy);
	return is_good;
}

void
xzone_not_served(struct xzone *z, struct update *u, const char *why)
{
	struct update_acts acts = { 0 };
	ev_publication_failed(z->conf->name, u->to, why, z->serial);
	update_not_served(&z->updates, u, xfrd_now_s(z->x), &acts);
	xzone_hold_back(z, u);
	z->is_sent = false;
	xzone_take_acts(z, &acts);
}

void
xzone_publish(struct xzone *z, struct update *u)
{
	struct msg_publish m = { .zone = z->id, .serial = u->to,
		.update = u->id };
	if (!z->x->is_store_told || z->x->store == NULL)
		return;		/* it is sent when the store is ready */
	m.clears_history = z->is_published && !serial_newer(u->to, z->serial);
	z->is_sent = true;
	if (!send_publish(z, u, &m))
		xzone_not_served(z, u,
		    "its record in state-dir cannot be read");
}

static struct update *
find_accepted(struct xzone *z, uint64_t id)
{
	struct update *u = update_accepted(&z->updates);
	return u != NULL && u->id == id ? u : NULL;
}

static void
log_published(const struct xzone *z, const struct update *u, uint32_t serial)
{
	/* Of a file it was said when it was read. */
	if (z->is_published && serial_newer(z->serial, serial) &&
	    u->kind != UPDATE_FILE)
		ev_zone_went_back(z->conf->name, z->serial, serial);
	if (z->is_published && serial_newer(serial, z->serial))
		ev_zone_updated(z->conf->name, z->serial, serial);
	else
		ev_zone_updated_any(z->conf->name, serial);
}

static void
tell_refresh(struct xzone *z, const struct update *u)
{
	struct rr rr;
	struct soa soa;
	const struct xbody *b = u != NULL ? u->data : NULL;
	if (z->refresh == NULL || !xzone_soa(z, &rr, &soa))
		return;
	struct refresh_version v = { .serial = soa.serial,
		.refresh_s = soa.refresh, .retry_s = soa.retry,
		.expire_s = soa.expire, .at_start = u == NULL };
	if (b != NULL) {
		v.has_option = b->has_expire;
		v.option_s = b->expire_s;
		v.received_s = b->received_s;
	}
	refresh_published(z->refresh, &v, xfrd_now_s(z->x), xfrd_random());
	z->is_timers_changed = true;
}

/* What was published whole is a base itself; one in the journal need not be
 * written to a file as well. */
static void
note_behind_base(struct xzone *z, const struct update *u)
{
	const struct xbody *b = u->data;
	struct journal_zone j;
	bool is_base = journal_zone(z->x->journal, z->apex.octets, &j) ==
	    OK && j.base == JOURNAL_BASE_INLINE &&
	    j.base_delta == j.last_delta;
	z->delta_octets = is_base ? 0 : z->delta_octets + b->len;
	if (is_base)
		z->snapshot_s = xfrd_now_s(z->x);
}

/* Journal and machines agree on what is out. u is null at start. */
void
xzone_now_published(struct xzone *z, struct update *u, uint32_t serial,
    const struct zone_digest *digest)
{
	struct update_acts acts = { 0 };
	if (u != NULL) {
		log_published(z, u, serial);
		journal_publish(z->x->journal, z->apex.octets, u->id,
		    xfrd_now_s(z->x));
		journal_trim_deltas(z->x->journal, z->apex.octets,
		    (unsigned)z->conf->ixfr_number, z->conf->ixfr_size > 0 ?
		    (uint64_t)z->conf->ixfr_size : z->wire_octets / 4 +
		    1024 * 1024, NULL);
		z->published_s = xfrd_now_s(z->x);
		note_behind_base(z, u);
		if (u->kind != UPDATE_FILE)
			z->is_file_old = true;
	}
	z->is_published = z->is_known_to_store = true;
	z->serial = serial;
	z->digest = *digest;
	z->updates.published_octets = z->wire_octets;
	if (!xzone_read_soa(z))
		ev_system_trouble("reading of a published SOA",
		    z->conf->name);
	tell_refresh(z, u);
	if (u != NULL) {
		update_served(&z->updates, u, xfrd_now_s(z->x), &acts);
	} else {
		z->updates.has_published = true;
		z->updates.published = serial;
		memcpy(z->updates.published_digest, digest,
		    sizeof(z->updates.published_digest));
	}
	/* What was loaded at a start is not what was sent behind it. */
	if (u != NULL)
		z->is_sent = false;
	xzone_take_acts(z, &acts);
}

void
xfrd_published(struct xfrd *x, const struct msg_published *m)
{
	struct xzone *z = xfrd_zone(x, m->zone);
	struct update *u = z != NULL ? find_accepted(z, m->update) : NULL;
	if (u == NULL)
		return;
	z->wire_octets = m->wire_octets;
	z->records = m->records;
	xzone_now_published(z, u, m->serial, &m->digest);
	z->wants_notify = true;
	xzone_snapshot_if_due(z);
}

void
xfrd_publish_failed(struct xfrd *x, const struct msg_publish_failed *m)
{
	struct xzone *z = xfrd_zone(x, m->zone);
	struct update *u = z != NULL ? find_accepted(z, m->update) : NULL;
	if (u != NULL)
		xzone_not_served(z, u, m->why);
}

void
xzone_notify(struct xzone *z)
{
	struct buf b = buf_reading(z->soa.at, z->soa.len);
	struct rr soa;
	z->wants_notify = false;
	hook_at("hop-10-notify", z->conf->name);
	if (z->notify != NULL && z->soa.len > 0 && rr_take(&b, &soa))
		notify_out_start(z->notify, &soa);
}

/* --- snapshots -------------------------------------------------------- */

/* A restart reads the base and repeats the deltas behind it: they must not
 * grow beyond a quarter of the zone, nor stay for longer than an hour. */
static bool
snapshot_is_due(const struct xzone *z)
{
	if (!z->is_published || z->is_snapshotting || z->is_sent ||
	    z->delta_octets == 0 || z->x->store == NULL ||
	    !z->x->is_store_told || update_accepted(&z->updates) != NULL)
		return false;
	uint64_t quarter = z->wire_octets / 4;
	if (quarter < SNAPSHOT_LEAST_OCTETS)
		quarter = SNAPSHOT_LEAST_OCTETS;
	return z->delta_octets > quarter ||
	    xfrd_now_s(z->x) - z->snapshot_s >= SNAPSHOT_AGE_S;
}

void
xzone_snapshot_if_due(struct xzone *z)
{
	struct journal_zone j;
	int fd = -1;
	if (!snapshot_is_due(z) || journal_zone(z->x->journal,
	    z->apex.octets, &j) != OK)
		return;
	if (spool_create(z->x->statedir, SPOOL_SNAPSHOT, &fd,
	    z->snapshot_file) != OK) {
		ev_system_trouble("snapshot", z->conf->name);
		return;
	}
	z->snapshot_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (z->snapshot_fd == -1) {
		spool_drop(z->x->statedir, z->snapshot_file);
		fd_close(&fd);
		return;
	}
	struct msg_write_zone m = { .zone = z->id };
	z->is_snapshotting = true;
	z->snapshot_delta = j.last_delta;
	ipc_send_fds(z->x->store, write_zone, &m, &fd, 1);
}

void
xfrd_wrote_base(struct xzone *z, const struct msg_wrote_zone *m)
{
	struct journal_data base = { .file = z->snapshot_file };
	z->is_snapshotting = false;
	z->snapshot_s = xfrd_now_s(z->x);
	if (!m->is_ok || spool_keep(z->x->statedir, z->snapshot_fd,
	    z->snapshot_file) != OK) {
		ev_system_trouble("snapshot", z->conf->name);
		spool_drop(z->x->statedir, z->snapshot_file);
	} else {
		journal_put_base(z->x->journal, z->apex.octets, m->serial,
		    m->digest.octets, z->snapshot_delta, &base);
		z->delta_octets = 0;
	}
	fd_close(&z->snapshot_fd);
	xzone_touch(z);
}

/* xfrd_load.c - a store that lacks what the journal holds gets it: after a
 * start of the program, of the store, or of xfrd.
 * Runs in: xfrd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/rrtype.h"
#include "proc/xfrd.h"
#include "zone/zonefile.h"

/* Secondaries that missed a NOTIFY while we were down learn of it now that
 * there is somebody to answer them. */
static void
notify_loaded(struct xfrd *x)
{
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		struct xzone *z = x->zones[id];
		if (z == NULL || !z->is_loaded_unnotified)
			continue;
		z->is_loaded_unnotified = false;
		z->wants_notify = true;
		xzone_touch(z);
	}
}

static void
on_message(void *arg, struct ipc *c, struct ipc_msg *m)
{
	struct xfrd *x = arg;
	(void)c;
	switch ((int)m->type) {
	case MSG_zone_state:
		xfrd_zone_state(x, m->body);
		break;
	case MSG_state_end:
		xfrd_state_end(x);
		break;
	case MSG_loaded:
		xfrd_loaded(x, m->body);
		break;
	case MSG_serves:
		notify_loaded(x);
		break;
	case MSG_published:
		xfrd_published(x, m->body);
		break;
	case MSG_publish_failed:
		xfrd_publish_failed(x, m->body);
		break;
	case MSG_wrote_zone: {
		const struct msg_wrote_zone *b = m->body;
		struct xzone *z = xfrd_zone(x, b->zone);
		if (z != NULL && b->id == 0)
			xfrd_wrote_base(z, b);
		else if (z != NULL)
			xfrd_wrote_file(z, b);
		break;
	}
	}
}

static void
on_gone(void *arg, struct ipc *c, bool is_breach)
{
	struct xfrd *x = arg;
	(void)c;
	(void)is_breach;
	ipc_close(&x->store);
	x->is_store_told = false;
}

void
xfrd_store_channel(struct xfrd *x, int fd)
{
	struct ipc_user user = { on_message, on_gone, x };
	struct msg_hello hello;
	ipc_close(&x->store);
	x->is_store_told = false;
	for (uint32_t id = 0; id < x->zone_limit; id++)
		if (x->zones[id] != NULL)
			x->zones[id]->is_known_to_store = false;
	x->store = ipc_open(x->loop, fd, ROLE_XFRD, ROLE_STORE, 0, &user);
	memcpy(hello.digest_key, journal_digest_key(x->journal),
	    sizeof(hello.digest_key));
	ipc_send(x->store, hello, &hello);
}

/* What was under way in it is under way no more; a version on which it died
 * is not tried again without an operator. */
void
xfrd_store_lost(struct xfrd *x, uint32_t zone)
{
	if (x->store != NULL)
		ipc_drain(x->store);
	xfrd_candidates_end(x);
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		struct xzone *z = x->zones[id];
		if (z == NULL)
			continue;
		struct update *u = update_accepted(&z->updates);
		if (z->is_sent && id == zone && u != NULL)
			xzone_not_served(z, u, "the store died of it");
		z->is_sent = false;
		z->is_snapshotting = false;
		fd_close(&z->snapshot_fd);
		z->is_writing_file = false;
		xzone_touch(z);
	}
}

void
xfrd_zone_state(struct xfrd *x, const struct msg_zone_state *m)
{
	struct xzone *z = xfrd_zone(x, m->zone);
	struct update *u = z != NULL ? update_accepted(&z->updates) : NULL;
	if (z == NULL)
		return;
	z->wire_octets = m->wire_octets;
	z->records = m->records;
	if (z->is_published && m->serial == z->serial &&
	    memcmp(&m->digest, &z->digest, sizeof(m->digest)) == 0) {
		xzone_now_published(z, NULL, m->serial, &m->digest);
		z->is_loaded_unnotified = true;
	} else if (u != NULL && u->has_digest && m->serial == u->to &&
	    memcmp(&m->digest, u->digest, sizeof(u->digest)) == 0) {
		/* Published while no xfrd was there to be told. */
		xzone_now_published(z, u, m->serial, &m->digest);
		z->is_loaded_unnotified = true;
	}
}

/* --- loading ---------------------------------------------------------- */

bool
xfrd_send_data(struct xfrd *x, const struct xmessage *m,
    const struct journal_data *d)
{
	struct fd_map map;
	int fd = -1;
	if (d->file == NULL || d->file[0] == '\0') {
		*m->blob_len = d->len;
		return ipc_send_blob_full(x->store, m->type, m->body,
		    m->body_len, d->octets, d->len);
	}
	if (spool_open(x->statedir, d->file, &fd) != OK ||
	    fd_map_open(fd, &map) != OK) {
		fd_close(&fd);
		return false;
	}
	*m->blob_len = map.len;
	fd_map_close(&map);
	ipc_send_full(x->store, m->type, m->body, m->body_len, NULL, 0, &fd,
	    1);
	return true;
}

static bool
send_base(struct xzone *z, const struct journal_zone *j)
{
	struct msg_load m = { .zone = z->id, .serial = j->base_serial };
	struct journal_data d = { .file = j->base_file };
	struct octets copy = { 0 };
	bool is_good = j->base != JOURNAL_BASE_NONE;
	memcpy(&m.digest, j->base_digest, sizeof(m.digest));
	if (j->base == JOURNAL_BASE_INLINE) {
		is_good = journal_read_base(z->x->journal, z->apex.octets,
		    &copy) == OK;
		d = (struct journal_data){ .octets = copy.at,
			.len = copy.len };
		m.is_plain = 1;
	}
	is_good = is_good && xfrd_send_data(z->x, &XMESSAGE(load, &m), &d);
	octets_free(&copy);
	return is_good;
}

struct steps {
	struct xzone *z;
	uint64_t base;
	bool is_history;
	bool is_over;	/* older steps must not go out */
	bool is_good;
};

static bool
send_step(void *arg, uint64_t number, const struct journal_delta *d)
{
	struct steps *s = arg;
	struct msg_load_step m = { .zone = s->z->id,
		.is_history = s->is_history };
	if (s->is_history && d->goes_back)
		s->is_over = true;
	if (d->is_whole || s->is_over || (number > s->base) == s->is_history)
		return true;
	s->is_good = xfrd_send_data(s->z->x, &XMESSAGE(load_step, &m),
	    &d->data);
	return s->is_good;
}

static void
lost_content(struct xzone *z, const char *why)
{
	ev_content_lost(z->conf->name, z->serial, why);
	z->is_published = false;
	z->updates.has_published = false;
	if (z->refresh != NULL)
		refresh_transfer(z->refresh, true, xfrd_now_s(z->x));
	xzone_touch(z);
}

static void
send_zone(struct xzone *z)
{
	struct journal_zone j;
	struct steps s = { .z = z, .is_good = true };
	struct msg_load_commit m = { .zone = z->id, .serial = z->serial,
		.digest = z->digest };
	if (journal_zone(z->x->journal, z->apex.octets, &j) != OK ||
	    !send_base(z, &j)) {
		lost_content(z, "its base cannot be read");
		return;
	}
	s.base = j.base_delta;
	if (journal_each_delta(z->x->journal, z->apex.octets,
	    JOURNAL_OLDEST_FIRST, send_step, &s) != OK)
		s.is_good = false;
	s.is_history = true;
	if (s.is_good && journal_each_delta(z->x->journal, z->apex.octets,
	    JOURNAL_NEWEST_FIRST, send_step, &s) != OK)
		s.is_good = false;
	if (!s.is_good)
		ev_system_trouble("reading of differences", z->conf->name);
	ipc_send(z->x->store, load_commit, &m);
}

/* Part of the first generation: workers of a former store may have answered
 * with them already, and no serial goes back. */
static void
publish_accepted(struct xfrd *x)
{
	xfrd_commit(x);
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		struct xzone *z = x->zones[id];
		struct update *u = z != NULL ? update_accepted(&z->updates) :
		    NULL;
		if (u != NULL && !z->is_sent)
			xzone_publish(z, u);
	}
}

void
xfrd_state_end(struct xfrd *x)
{
	struct msg_load_end end = { 0 };
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		struct xzone *z = x->zones[id];
		if (z == NULL)
			continue;
		if (z->is_published && !z->is_known_to_store)
			send_zone(z);
	}
	x->is_store_told = true;
	publish_accepted(x);
	ipc_send(x->store, load_end, &end);
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		if (x->zones[id] == NULL)
			continue;
		xzone_check_file(x->zones[id]);
		xzone_touch(x->zones[id]);
	}
	/* Even without zones: windows may wait for the store. */
	event_active(x->turn_event, EV_TIMEOUT, 0);
}

void
xfrd_loaded(struct xfrd *x, const struct msg_loaded *m)
{
	struct xzone *z = xfrd_zone(x, m->zone);
	if (z == NULL)
		return;
	if (!m->is_ok) {
		lost_content(z, m->why);
		return;
	}
	z->wire_octets = m->wire_octets;
	z->records = m->records;
	xzone_now_published(z, NULL, m->serial, &m->digest);
	z->is_loaded_unnotified = true;
}

/* --- the published SOA ------------------------------------------------ */

struct newest {
	struct xzone *z;
	uint64_t base;
	bool is_found;
};

/* The second SOA of the newest delta. */
static bool
soa_of_delta(void *arg, uint64_t number, const struct journal_delta *d)
{
	struct newest *n = arg;
	struct fd_map map = { 0 };
	int fd = -1;
	struct buf b = buf_reading(d->data.octets, d->data.len);
	struct rr rr;
	unsigned soas = 0;
	if (number <= n->base || d->is_whole)
		return false;
	if (d->data.file != NULL && d->data.file[0] != '\0') {
		if (spool_open(n->z->x->statedir, d->data.file, &fd) != OK ||
		    fd_map_open(fd, &map) != OK) {
			fd_close(&fd);
			return false;
		}
		b = buf_reading(map.octets, map.len);
	}
	while (soas < 2 && rr_take(&b, &rr))
		if (rr.type == TYPE_SOA && name_equal(rr.owner,
		    n->z->apex.octets))
			soas++;
	if (soas == 2) {
		xzone_set_soa(n->z, &rr);
		n->is_found = true;
	}
	fd_map_close(&map);
	fd_close(&fd);
	return false;
}

static bool
soa_of_base(struct xzone *z, const struct journal_zone *j)
{
	struct octets copy = { 0 };
	struct fd_map map = { 0 };
	struct rr rr;
	int fd = -1;
	bool is_good = false;
	if (j->base == JOURNAL_BASE_INLINE && journal_read_base(
	    z->x->journal, z->apex.octets, &copy) == OK) {
		struct buf b = buf_of(copy.at, copy.len);
		is_good = rr_take(&b, &rr);
		if (is_good)
			xzone_set_soa(z, &rr);
	} else if (j->base == JOURNAL_BASE_FILE && spool_open(
	    z->x->statedir, j->base_file, &fd) == OK &&
	    fd_map_open(fd, &map) == OK) {
		is_good = basefile_first(map.octets, map.len, &rr);
		if (is_good)
			xzone_set_soa(z, &rr);
	}
	octets_free(&copy);
	fd_map_close(&map);
	fd_close(&fd);
	return is_good;
}

bool
xzone_read_soa(struct xzone *z)
{
	struct journal_zone j;
	struct newest n = { .z = z };
	if (journal_zone(z->x->journal, z->apex.octets, &j) != OK)
		return false;
	n.base = j.base_delta;
	if (journal_each_delta(z->x->journal, z->apex.octets,
	    JOURNAL_NEWEST_FIRST, soa_of_delta, &n) != OK)
		return false;
	return n.is_found || soa_of_base(z, &j);
}

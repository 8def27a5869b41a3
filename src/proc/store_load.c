/* store_load.c - what was published before, from xfrd's journal: a base and
 * the net deltas behind it, and older steps for outgoing IXFR.
 * Runs in: store, after its start or xfrd's. One zone at a time. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/store.h"
#include "zone/zonefile.h"

/* The zone under load. Steps newer than the base are applied one by one; a
 * failure is told with the commit. */
static struct {
	uint32_t zone;
	bool is_open;
	enum err e;
	struct zone_trouble trouble;
	int64_t started_us;
} load;

void
store_tell_state(struct store *s)
{
	struct msg_state_end end = { 0 };
	for (uint32_t id = 0; id < s->has_zone_limit; id++) {
		if (!s->has_zone[id])
			continue;
		const struct zone_version *v = zonedb_current(s->db, id);
		if (v == NULL)
			continue;
		struct msg_zone_state m = { .zone = id,
			.serial = zone_serial(v), .has_version = 1,
			.digest = *zone_digest(v),
			.wire_octets = zone_wire_octets(v),
			.records = zone_record_count(v) };
		ipc_send(s->xfrd, zone_state, &m);
	}
	ipc_send(s->xfrd, state_end, &end);
	/* What a former xfrd published is announced when no older worker
	 * answers any more. */
	struct msg_serves serves = { 0 };
	s->has_loads = s->generation_wanted || !s->is_loaded;
	if (!s->has_loads)
		ipc_send(s->xfrd, serves, &serves);
}

static bool
is_known(const struct store *s, uint32_t zone)
{
	return zone < s->has_zone_limit && s->has_zone[zone];
}

static enum err
load_base(struct store *s, struct ipc_msg *m)
{
	const struct msg_load *b = m->body;
	struct ipc_blob blob;
	struct zone_version *v = NULL;
	uint64_t dropped;
	uint32_t serial = b->serial;
	enum err e = ipc_blob_open(m, b->blob_len, &blob);
	if (e != OK)
		return e;
	const uint8_t *octets = blob.octets;
	size_t len = blob.len;
	/* As long as it takes. */
	progress_end(&s->d->shared.progress[0]);
	if (b->is_plain) {
		e = zonedb_build(s->db, b->zone, octets, len, &v, &dropped,
		    &load.trouble);
	} else {
		/* Its checksum holds: these are the octets whose digest the
		 * journal recorded. */
		zonedb_warm_start(s->db, blob.len);
		e = basefile_read(blob.octets, blob.len, &serial, &octets,
		    &len);
		if (e == OK)
			e = zonedb_build_trusted(s->db, b->zone, octets, len,
			    &b->digest, &v, &dropped, &load.trouble);
		zonedb_warm_end(s->db);
	}
	if (e == OK)
		zonedb_commit(s->db, b->zone, v, NULL, 0, HISTORY_CLEAR);
	progress_goes_on(&s->d->shared.progress[0]);
	ipc_blob_close(&blob);
	return e;
}

static enum err
load_step(struct store *s, struct ipc_msg *m)
{
	const struct msg_load_step *b = m->body;
	struct ipc_blob blob;
	struct zone_version *v = NULL;
	enum err e = ipc_blob_open(m, b->blob_len, &blob);
	if (e != OK)
		return e;
	if (b->is_history) {
		/* Only outgoing IXFR is poorer without it. */
		if (zonedb_add_step(s->db, b->zone, blob.octets, blob.len) !=
		    OK)
			ev_history_not_joined(s->d->zones[b->zone]->name);
	} else {
		e = zonedb_patch(s->db, b->zone, blob.octets, blob.len, &v,
		    &load.trouble);
		if (e == OK)
			zonedb_commit(s->db, b->zone, v, blob.octets,
			    blob.len, HISTORY_KEEP);
	}
	ipc_blob_close(&blob);
	return e;
}

static void
load_commit(struct store *s, const struct msg_load_commit *b)
{
	const struct zone_version *v = zonedb_current(s->db, b->zone);
	struct msg_loaded r = { .zone = b->zone, .serial = b->serial };
	if (load.e == OK && v == NULL)
		load.e = ERR_CORRUPT;
	if (load.e == OK && zone_serial(v) == b->serial &&
	    memcmp(zone_digest(v), &b->digest, sizeof(b->digest)) == 0) {
		r.is_ok = 1;
		r.digest = *zone_digest(v);
		r.wire_octets = zone_wire_octets(v);
		r.records = zone_record_count(v);
		ev_zone_loaded(s->d->zones[b->zone]->name, b->serial,
		    (unsigned long long)zone_record_count(v),
		    (double)(clock_mono_us() - load.started_us) / 1e6);
	} else {
		snprintf(r.why, sizeof(r.why), "%.150s", load.e != OK ?
		    load.trouble.what[0] != '\0' ? load.trouble.what :
		    err_text(load.e) : "serial or digest differs");
		zonedb_clear(s->db, b->zone);
	}
	load.is_open = false;
	s->has_loads = true;
	ipc_send(s->xfrd, loaded, &r);
}

void
store_load_abort(struct store *s)
{
	if (load.is_open && is_known(s, load.zone))
		zonedb_clear(s->db, load.zone);
	load.is_open = false;
}

void
store_load_message(struct store *s, struct ipc_msg *m)
{
	if (m->type == MSG_load_end) {
		bool is_needed = !s->is_loaded || s->has_loads;
		s->is_loaded = true;
		if (is_needed)
			store_want_generation(s);
		return;
	}
	uint32_t zone = *(const uint32_t *)m->body; /* first in all of them */
	if (!is_known(s, zone))
		return;
	if (m->type == MSG_load) {
		load.zone = zone;
		load.is_open = true;
		load.started_us = clock_mono_us();
		load.trouble.what[0] = '\0';
		load.e = load_base(s, m);
	} else if (m->type == MSG_load_step) {
		if (load.is_open && load.e == OK)
			load.e = load_step(s, m);
	} else if (load.is_open) {
		load_commit(s, m->body);
	}
}

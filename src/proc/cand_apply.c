/* cand_apply.c - a staged version becomes a zone version and ONE net delta
 * from what is published: hop 6 of doc/architecture.md.
 * Runs in: candidate. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "dns/rrtype.h"
#include "dns/serial.h"
#include "proc/candidate.h"
#include "zone/zonefile.h"

static void
refuse(struct cand_zone *z, enum err e, const struct zone_trouble *t)
{
	const struct msg_cand_zone *o = &z->in->order;
	struct msg_cand_refused m = { .number = o->number, .zone = o->zone,
		.to = o->to, .update = o->update };
	char owner[NAME_TEXT_MAX], type[16];
	if (t->what[0] != '\0' && t->type != 0)
		snprintf(m.why, sizeof(m.why), "%.120s: %.90s %s", t->what,
		    name_text(t->owner.octets, owner),
		    rrtype_text(t->type, type));
	else
		snprintf(m.why, sizeof(m.why), "%s", t->what[0] != '\0' ?
		    t->what : err_text(e));
	ipc_send(z->c->xfrd, cand_refused, &m);
}

/* Makes the version current here, so that the worker answers with it. */
static void
take(struct cand_zone *z, struct zone_version *v)
{
	struct zonedb *db = z->c->start.db;
	zonedb_commit(db, z->in->order.zone, v, z->is_whole ? NULL :
	    z->net.at, z->is_whole ? 0 : z->net.len, HISTORY_KEEP);
	z->version = zonedb_current(db, z->in->order.zone);
}

static enum err
apply_chain(struct cand_zone *z, struct zone_trouble *t)
{
	struct zonedb *db = z->c->start.db;
	uint32_t id = z->in->order.zone;
	struct zone_version *v;
	enum err e = zonedb_net_of_chain(db, id, z->in->octets, z->in->len,
	    &z->net, &z->dropped, t);
	if (e == OK)
		e = zonedb_patch(db, id, z->net.at, z->net.len, &v, t);
	if (e == OK)
		take(z, v);
	return e;
}

/* The difference from what is published is what is published in turn, unless
 * it is larger than the zone, leads back, or is not wanted: then the zone
 * itself is, its history starts anew, and the difference serves the verifiers
 * only. */
static enum err
net_of_whole(struct cand_zone *z, struct zone_version *whole,
    struct zone_trouble *t)
{
	struct zonedb *db = z->c->start.db;
	uint32_t id = z->in->order.zone;
	struct zone_version *v;
	enum err e = zonedb_net_of_versions(db, id, whole, &z->net);
	bool is_back = !serial_newer(zone_serial(whole),
	    zone_serial(zonedb_current(db, id)));
	if (e != OK)
		octets_free(&z->net);
	if (e != OK || is_back || !z->conf->ixfr_from_axfr ||
	    z->net.len > zone_wire_octets(whole)) {
		z->is_whole = true;
		take(z, whole);
		return OK;
	}
	/* What the store will do is rehearsed: the patch, not the build. */
	e = zonedb_patch(db, id, z->net.at, z->net.len, &v, t);
	if (e == OK && memcmp(zone_digest(v), zone_digest(whole),
	    sizeof(struct zone_digest)) != 0) {
		snprintf(t->what, sizeof(t->what), "the difference does not "
		    "give the zone that was transferred");
		e = ERR_CORRUPT;
	}
	if (e != OK)
		return e;
	zonedb_discard(db, whole);
	take(z, v);
	return OK;
}

static enum err
apply_whole(struct cand_zone *z, struct zone_trouble *t)
{
	struct zonedb *db = z->c->start.db;
	const struct msg_cand_zone *o = &z->in->order;
	struct zone_version *v;
	const uint8_t *octets = z->in->octets;
	size_t len = z->in->len;
	uint32_t serial;
	enum err e = o->is_plain ? OK : basefile_read(z->in->octets,
	    z->in->len, &serial, &octets, &len);
	if (e == OK)
		e = zonedb_build(db, o->zone, octets, len, &v, &z->dropped,
		    t);
	if (e != OK)
		return e;
	const struct zone_version *now = zonedb_current(db, o->zone);
	if (now != NULL && (z->conf->ixfr_from_axfr ||
	    z->conf->verifier_feed == FEED_DELTA))
		return net_of_whole(z, v, t);
	z->is_whole = true;
	take(z, v);
	return OK;
}

static unsigned
iterations_of(const struct zone_version *v)
{
	struct nsec3_params p;
	return v != NULL && zone_nsec3_params(v, &p) ? p.iterations : 0;
}

/* Told when it begins, before a verifier meets the first SERVFAIL. */
static void
tell_iterations(const struct cand_zone *z, unsigned before)
{
	unsigned now = iterations_of(z->version);
	if (now > NSEC3_ITERATIONS_MAX && before <= NSEC3_ITERATIONS_MAX)
		ev_nsec3_iterations(z->conf->name, z->in->order.to, now,
		    NSEC3_ITERATIONS_MAX);
}

bool
cand_apply(struct cand_zone *z)
{
	struct zone_trouble t = { .what = "" };
	unsigned iterations = iterations_of(zonedb_current(z->c->start.db,
	    z->in->order.zone));
	enum err e = z->in->order.is_chain ? apply_chain(z, &t) :
	    apply_whole(z, &t);
	if (e == OK && zone_serial(z->version) != z->in->order.to) {
		snprintf(t.what, sizeof(t.what), "it has serial %u and not "
		    "the one announced", zone_serial(z->version));
		e = ERR_PEER_INCONSISTENT;
	}
	if (e != OK) {
		refuse(z, e, &t);
		return false;
	}
	if (z->dropped > 0)
		ev_records_outside(z->conf->name, z->in->order.to,
		    (unsigned long long)z->dropped);
	tell_iterations(z, iterations);
	return true;
}

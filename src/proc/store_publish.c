/* store_publish.c - an accepted version becomes the published one: the store
 * repeats the patch that the candidate rehearsed, the digest must be the
 * verdict's, and a new generation of workers is forked (doc/architecture.md).
 * Runs in: store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "proc/store.h"
#include "zone/zonefile.h"

#define SPACING_MS 20
/* Up to this size, about two milliseconds, every record is looked at again;
 * beyond it the digest is that of what the patch took away and added, and all
 * of it is read behind the publication (store_scrub.c). */
#define LOOK_AGAIN_RECORDS 16384
#define FLUSH_MS 1000

static void publish_waiting(struct store *s);

static void
publication_free(struct store_publication *p)
{
	ipc_blob_close(&p->blob);
	free(p);
}

static void
tell_failed(struct store *s, const struct store_publication *p,
    const char *why)
{
	struct msg_publish_failed m = { .zone = p->order.zone,
		.serial = p->order.serial, .update = p->order.update };
	snprintf(m.why, sizeof(m.why), "%s", why);
	ipc_send(s->xfrd, publish_failed, &m);
}

static enum err
make_version(struct store *s, struct store_publication *p,
    struct zone_version **v, struct zone_trouble *t)
{
	const struct msg_publish *o = &p->order;
	if (!o->is_whole)
		return zonedb_patch(s->db, o->zone, p->blob.octets,
		    p->blob.len, v, t);
	const uint8_t *octets = p->blob.octets;
	size_t len = p->blob.len;
	uint32_t serial;
	uint64_t dropped;
	enum err e = o->is_plain ? OK : basefile_read(p->blob.octets,
	    p->blob.len, &serial, &octets, &len);
	if (e != OK)
		return e;
	return zonedb_build(s->db, o->zone, octets, len, v, &dropped, t);
}

static bool
is_as_verified(struct store *s, const struct msg_publish *o,
    const struct zone_version *v)
{
	zonedb_test_alter(s->db, v, "alter-stored",
	    s->d->zones[o->zone]->name);
	return zone_serial(v) == o->serial &&
	    memcmp(zone_digest(v), &o->digest, sizeof(o->digest)) == 0 &&
	    (zone_record_count(v) > LOOK_AGAIN_RECORDS ||
	    zone_is_as_recorded(s->db, v));
}

/* If what is published has itself been altered here, nothing good can be made
 * of it: workers have it as it was, and so has the journal. */
static void
check_published(struct store *s, uint32_t zone)
{
	const struct zone_version *now = zonedb_current(s->db, zone);
	if (now == NULL || zone_is_as_recorded(s->db, now))
		return;
	ev_store_altered(s->d->zones[zone]->name, zone_serial(now));
	ipc_flush(s->xfrd, FLUSH_MS);
	_exit(1);
}

/* P2: what is published is what was verified, or it is not published. */
static bool
publish_one(struct store *s, struct store_publication *p)
{
	const struct msg_publish *o = &p->order;
	struct zone_version *v = NULL;
	struct zone_trouble t = { .what = "" };
	struct progress *progress = &s->d->shared.progress[0];
	if (o->zone >= s->has_zone_limit || !s->has_zone[o->zone]) {
		tell_failed(s, p, "the zone is not configured any more");
		return false;
	}
	progress_begin(progress, o->zone, o->update);
	hook_at("hop-9-patching", s->d->zones[o->zone]->name);
	zonedb_test_alter(s->db, zonedb_current(s->db, o->zone),
	    "alter-published", s->d->zones[o->zone]->name);
	enum err e = make_version(s, p, &v, &t);
	if (e == OK && !is_as_verified(s, o, v)) {
		zonedb_discard(s->db, v);
		snprintf(t.what, sizeof(t.what), "its digest is not that of "
		    "the verdict");
		e = ERR_CORRUPT;
	}
	progress_goes_on(progress);
	if (e != OK) {
		tell_failed(s, p, t.what[0] != '\0' ? t.what : err_text(e));
		check_published(s, o->zone);
		return false;
	}
	p->wire_octets = zone_wire_octets(v);
	p->records = zone_record_count(v);
	zonedb_commit(s->db, o->zone, v, o->is_whole ? NULL : p->blob.octets,
	    o->is_whole ? 0 : p->blob.len,
	    o->clears_history ? HISTORY_CLEAR : HISTORY_KEEP);
	return true;
}

static void
on_publish_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	publish_waiting(arg);
}

static void
publish_soon(struct store *s)
{
	struct timeval t = { 0, 0 };
	int64_t left = s->served_ms + SPACING_MS - clock_mono_ms();
	if (s->generation_wanted || !s->is_loaded)
		return;
	if (left > 0)
		t.tv_usec = left * 1000;
	if (s->publish_timer == NULL)
		s->publish_timer = evtimer_new(s->loop, on_publish_timer, s);
	if (!evtimer_pending(s->publish_timer, NULL))
		evtimer_add(s->publish_timer, &t);
}

/* All that wait go into one generation. */
static void
publish_waiting(struct store *s)
{
	struct store_publication *p;
	if (s->generation_wanted)
		return;
	while ((p = s->waiting) != NULL) {
		s->waiting = p->next;
		if (!publish_one(s, p)) {
			publication_free(p);
			continue;
		}
		p->next = s->forked;
		s->forked = p;
	}
	s->waiting_end = &s->waiting;
	if (s->forked == NULL && !s->pending_generation)
		return;
	hook_at("hop-9-patched", NULL);
	struct msg_want_generation m = { 0 };
	s->generation_wanted = true;
	s->pending_generation = false;
	ipc_send(s->supervisor, want_generation, &m);
}

void
store_want_generation(struct store *s)
{
	s->pending_generation = true;
	publish_soon(s);
}

void
store_publish_message(struct store *s, struct ipc_msg *m)
{
	const struct msg_publish *o = m->body;
	struct store_publication *p = calloc(1, sizeof(*p));
	ASSERT(p != NULL);
	p->order = *o;
	enum err e = ipc_blob_keep(m, o->blob_len, &p->blob);
	if (e != OK) {
		tell_failed(s, p, err_text(e));
		publication_free(p);
		return;
	}
	*s->waiting_end = p;
	s->waiting_end = &p->next;
	publish_soon(s);
}

void
store_generation_message(struct store *s, struct ipc_msg *m)
{
	const struct msg_generation *g = m->body;
	const struct listening *l = &s->d->listening;
	if (!s->is_loaded)
		return;		/* their channels close: they are lost */
	s->generation = g->generation;
	store_tell_size(s);
	for (uint32_t i = 0; i < g->count && i < m->fd_count; i++) {
		int keep[3 * MAX_SOCKETS + 8];
		size_t n = 0;
		for (unsigned k = 0; k < l->udp.count; k++)
			keep[n++] = l->udp.fds[k];
		for (unsigned k = 0; k < l->tcp.count; k++)
			keep[n++] = l->tcp.fds[k];
		for (unsigned k = 0; k < l->tls.count; k++)
			keep[n++] = l->tls.fds[k];
		struct worker_start w = { .d = s->d, .db = s->db,
			.generation = g->generation,
			.number = g->first + i, .fd = m->fds[i] };
		keep[n++] = w.fd;
		keep[n++] = s->d->notify_pair[0];
		keep[n++] = s->d->shared.zone_counters;
		keep[n++] = s->d->handover[w.number % MAX_WORKERS][0];
		keep[n++] = s->d->handover[w.number % MAX_WORKERS][1];
		pid_t pid = role_fork(ROLE_WORKER, w.generation, keep, n);
		if (pid == 0)
			worker_main(&w);
		if (pid == -1)
			ev_system_trouble("fork", strerror(errno));
	}
	hook_at("hop-9-forked", NULL);
}

void
store_serving(struct store *s, const struct msg_serving *b)
{
	struct store_publication *p;
	if (b->generation != s->generation)
		return;		/* a former store's */
	if (s->has_loads && s->is_loaded) {
		struct msg_serves m = { b->generation };
		s->has_loads = false;
		ipc_send(s->xfrd, serves, &m);
	}
	s->generation_wanted = false;
	s->served_ms = clock_mono_ms();
	hook_at("hop-9-serving", NULL);
	if (s->forked != NULL)
		store_scrub_soon();
	while ((p = s->forked) != NULL) {
		struct msg_published m = { .zone = p->order.zone,
			.serial = p->order.serial,
			.generation = b->generation,
			.update = p->order.update,
			.wire_octets = p->wire_octets,
			.records = p->records, .digest = p->order.digest };
		s->forked = p->next;
		ipc_send(s->xfrd, published, &m);
		publication_free(p);
	}
	if (s->waiting != NULL || s->pending_generation)
		publish_soon(s);
}

/* Those already in a generation are published all the same; the new xfrd
 * learns of them from the store's state. */
void
store_publish_forget(struct store *s)
{
	struct store_publication *p;
	while ((p = s->waiting) != NULL) {
		s->waiting = p->next;
		publication_free(p);
	}
	s->waiting_end = &s->waiting;
}

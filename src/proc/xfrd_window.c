/* xfrd_window.c - windows of staged versions and their candidates
 * (doc/architecture.md, Windows).
 * Runs in: xfrd. A new window waits for no verifier: only for
 * xfrd-reload-timeout since the start of the last one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/xfrd.h"

#define CANDIDATES_AT_ONCE 32	/* of MAX_CANDIDATES; the rest waits */
#define CHAIN_PARTS_MAX 256

void
xbody_drop(void *arg, struct update *u)
{
	(void)arg;
	free(u->data);
	u->data = NULL;
}

void
xzone_due(struct xzone *z)
{
	struct xfrd *x = z->x;
	if (z->is_due)
		return;
	z->is_due = true;
	z->next_due = NULL;
	*x->due_end = z;
	x->due_end = &z->next_due;
}

/* All octets of a chain of deltas in one run. */
static bool
gather_chain(struct xzone *z, const struct update *const *parts, size_t n,
    struct octets *all)
{
	for (size_t i = 0; i < n; i++) {
		struct journal_update j;
		struct octets copy = { 0 };
		int fd = -1;
		struct fd_map map = { 0 };
		bool is_good = journal_read_update(z->x->journal,
		    z->apex.octets, parts[i]->id, &j, &copy) == OK;
		if (is_good && j.file[0] != '\0') {
			is_good = spool_open(z->x->statedir, j.file, &fd) ==
			    OK && fd_map_open(fd, &map) == OK &&
			    octets_add(all, map.octets, map.len);
			fd_map_close(&map);
			fd_close(&fd);
		} else if (is_good) {
			is_good = octets_add(all, copy.at, copy.len);
		}
		octets_free(&copy);
		if (!is_good)
			return false;
	}
	return true;
}

static void
fill_known(const struct xzone *z, struct msg_cand_zone *m)
{
	const struct update *at = NULL;
	while (m->known_count < CAND_KNOWN_MAX && update_next_known(
	    &z->updates, xfrd_now_s(z->x), &at))
		memcpy(&m->known[m->known_count++], at->digest,
		    sizeof(m->known[0]));
}

static bool
send_whole(struct xzone *z, const struct update *tip, struct msg_cand_zone *m)
{
	struct journal_update j;
	struct octets copy = { 0 };
	bool is_good = journal_read_update(z->x->journal, z->apex.octets,
	    tip->id, &j, &copy) == OK;
	if (is_good) {
		struct journal_data data = { .octets = copy.at,
			.len = copy.len, .file = j.file };
		m->is_plain = j.file[0] == '\0';
		is_good = xfrd_send_data(z->x, &XMESSAGE(cand_zone, m), &data);
	}
	octets_free(&copy);
	return is_good;
}

static bool
send_zone(struct xzone *z, struct update *tip, uint32_t number)
{
	const struct update *parts[CHAIN_PARTS_MAX];
	const struct xbody *b = tip->data;
	struct msg_cand_zone m = { .number = number, .zone = z->id,
		.update = tip->id, .from = z->serial, .to = tip->to,
		.attempt = tip->attempts + 1,
		.is_chain = tip->kind == UPDATE_IXFR,
		.is_published = z->is_published,
		.xfr = tip->kind == UPDATE_IXFR ? VERIFY_XFR_IXFR :
		    tip->kind == UPDATE_AXFR ? VERIFY_XFR_AXFR :
		    VERIFY_XFR_FILE };
	struct octets all = { 0 };
	snprintf(m.primary, sizeof(m.primary), "%s", b->primary);
	fill_known(z, &m);
	size_t n = update_chain(&z->updates, tip, parts, CHAIN_PARTS_MAX);
	if (n == 0 || (n > 1 && parts[0]->kind != UPDATE_IXFR))
		return false;
	if (!m.is_chain)
		return send_whole(z, tip, &m);
	bool is_good = gather_chain(z, parts, n, &all);
	m.blob_len = all.len;
	if (is_good)
		is_good = ipc_send_blob(z->x->store, cand_zone, &m, all.at,
		    all.len);
	octets_free(&all);
	return is_good;
}

static bool
is_row_taken(const struct xfrd *x, uint32_t number)
{
	const struct xcandidate *c = x->candidates;
	while (c != NULL && c->number % MAX_CANDIDATES != number %
	    MAX_CANDIDATES)
		c = c->next;
	return c != NULL;
}

static struct xcandidate *
candidate_new(struct xfrd *x)
{
	struct xcandidate *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	/* Never 0, and no row of the progress page twice. */
	do
		x->next_candidate++;
	while (x->next_candidate == 0 || is_row_taken(x, x->next_candidate));
	*c = (struct xcandidate){ .next = x->candidates, .x = x,
		.number = x->next_candidate };
	x->candidates = c;
	x->candidate_count++;
	return c;
}

static void
candidate_start(struct xcandidate *c)
{
	struct msg_cand_start m = { c->number };
	if (c->zones > 0) {
		ipc_send(c->x->store, cand_start, &m);
		c->x->window.was_started = true;
		c->x->window.is_ordered = false;
		c->x->window.last_start_ms = clock_mono_ms();
	}
}

static void
candidate_forget(struct xfrd *x, struct xcandidate *c)
{
	for (struct xcandidate **at = &x->candidates; *at != NULL;
	    at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		x->candidate_count--;
		break;
	}
	ipc_close(&c->channel);
	free(c);
}

/* Puts the zone into the candidate; false if it is not due after all. */
static void
candidate_add(struct xcandidate *c, struct xzone *z, struct update *tip)
{
	struct update_acts acts = { 0 };
	update_take(&z->updates, tip, c->number);
	if (send_zone(z, tip, c->number)) {
		c->ids[c->zones++] = z->id;
	} else {
		ev_staged_unreadable(z->conf->name, tip->to);
		struct update_verdict v = { .outcome = OUTCOME_UNUSABLE };
		if (update_judge(&z->updates, tip, &v, xfrd_now_s(z->x),
		    &acts) != OK)
			update_candidate_lost(&z->updates, false,
			    xfrd_now_s(z->x), &acts);
		z->acts.ask_axfr |= acts.ask_axfr;
	}
	xzone_touch(z);
}

static struct xzone *
next_due(struct xfrd *x)
{
	struct xzone *z = x->due;
	x->due = z->next_due;
	if (x->due == NULL)
		x->due_end = &x->due;
	z->is_due = false;
	return z;
}

static void
start_window(struct xfrd *x)
{
	struct xcandidate *shared = NULL;
	while (x->due != NULL && x->candidate_count < CANDIDATES_AT_ONCE) {
		struct xzone *z = next_due(x);
		struct update *tip = update_due(&z->updates);
		if (tip == NULL || z->updates.candidate != 0 || z->is_sent)
			continue;
		bool is_own = update_wants_own(&z->updates, tip);
		struct xcandidate *c = is_own ? candidate_new(x) : shared;
		if (c == NULL)
			c = shared = candidate_new(x);
		candidate_add(c, z, tip);
		if (is_own)
			candidate_start(c);
		if (is_own && c->zones == 0)
			candidate_forget(x, c);
		if (c == shared && shared->zones == ZONES_PER_CANDIDATE) {
			candidate_start(shared);
			shared = NULL;
		}
	}
	if (shared == NULL)
		return;
	candidate_start(shared);
	if (shared->zones == 0)
		candidate_forget(x, shared);
}

void
xfrd_windows(struct xfrd *x)
{
	int64_t now = clock_mono_ms();
	if (x->due == NULL || !x->is_store_told)
		return;
	int64_t start = window_start_ms(&x->window, now);
	if (start <= now) {
		start_window(x);
		return;
	}
	if (start == INT64_MAX)
		return;
	struct timeval t = { (start - now) / 1000,
		(start - now) % 1000 * 1000 };
	evtimer_add(x->window_event, &t);
}

static void
on_message(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	struct xcandidate *c = arg;
	(void)ch;
	if (xfrd_verdict_message(c, m))
		return;
	ev_message_breach(role_title(ROLE_CANDIDATE), role_title(ROLE_XFRD));
	ipc_close(&c->channel);	/* which ends it */
}

/* All it had to say has been read; the supervisor says why it ended. */
static void
on_gone(void *arg, struct ipc *ch, bool is_breach)
{
	struct xcandidate *c = arg;
	(void)ch;
	(void)is_breach;
	ipc_close(&c->channel);
}

void
xfrd_candidate_channel(struct xfrd *x, uint32_t number, int fd)
{
	struct xcandidate *c = x->candidates;
	while (c != NULL && c->number != number)
		c = c->next;
	if (c == NULL) {
		fd_close(&fd);	/* of a former xfrd: it ends */
		return;
	}
	struct ipc_user user = { on_message, on_gone, c };
	c->channel = ipc_open(x->loop, fd, ROLE_XFRD, ROLE_CANDIDATE, number,
	    &user);
}

/* A zone of it that has no verdict yet; null: it has, or is no more. */
static struct xzone *
zone_left(const struct xcandidate *c, unsigned i)
{
	struct xzone *z = xfrd_zone(c->x, c->ids[i]);
	return z != NULL && z->updates.candidate == c->number ? z : NULL;
}

static unsigned
zones_left(const struct xcandidate *c)
{
	unsigned n = 0;
	for (unsigned i = 0; i < c->zones; i++)
		n += zone_left(c, i) != NULL;
	return n;
}

/* What it had not judged goes back; a zone that it died of, or may have died
 * of, gets candidates of its own from now on. */
static void
zones_return(struct xcandidate *c, uint32_t named, bool is_death)
{
	unsigned left = zones_left(c);
	for (unsigned i = 0; i < c->zones; i++) {
		struct xzone *z = zone_left(c, i);
		struct update_acts acts = { 0 };
		if (z == NULL)
			continue;
		bool is_named = z->id == named ||
		    (named == ZONE_NONE && is_death && left == 1);
		if (is_death && named == ZONE_NONE)
			z->updates.is_suspect = true;
		if (is_named)
			ev_candidate_died(z->conf->name, c->number);
		update_candidate_lost(&z->updates, is_named, xfrd_now_s(z->x),
		    &acts);
		xzone_take_acts(z, &acts);
	}
}

void
xfrd_candidate_lost(struct xfrd *x, const struct msg_lost *m)
{
	struct xcandidate *c = x->candidates;
	while (c != NULL && c->number != m->number)
		c = c->next;
	if (c == NULL)
		return;
	if (c->channel != NULL)
		ipc_drain(c->channel);
	zones_return(c, m->zone, !m->by_us);
	candidate_forget(x, c);
	event_active(x->turn_event, EV_TIMEOUT, 0);
}

void
xfrd_candidates_end(struct xfrd *x)
{
	while (x->candidates != NULL) {
		/* A verdict that was given stands. */
		if (x->candidates->channel != NULL)
			ipc_drain(x->candidates->channel);
		zones_return(x->candidates, ZONE_NONE, false);
		candidate_forget(x, x->candidates);
	}
}

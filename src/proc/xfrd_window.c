/* xfrd_window.c - windows of staged versions, their candidates, their
 * verdicts (doc/architecture.md, Windows).
 * Runs in: xfrd. A new window waits for no verifier: only for
 * xfrd-reload-timeout since the start of the last one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "dns/serial.h"
#include "proc/xfrd.h"
#include "verify/verdict.h"

#define CANDIDATES_AT_ONCE 32	/* of MAX_CANDIDATES; the rest waits */
#define ZONES_PER_CANDIDATE 256
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
	    &z->updates, clock_wall_s(), &at))
		memcpy(&m->known[m->known_count++], at->digest,
		    sizeof(m->known[0]));
}

static bool
send_whole(struct xzone *z, const struct update *tip, struct msg_cand_zone *m)
{
	struct journal_update j;
	struct octets copy = { 0 };
	int fd = -1;
	struct fd_map map;
	bool is_good = journal_read_update(z->x->journal, z->apex.octets,
	    tip->id, &j, &copy) == OK;
	m->is_plain = j.file[0] == '\0';
	if (is_good && m->is_plain) {
		m->blob_len = copy.len;
		is_good = ipc_send_blob(z->x->store, cand_zone, m, copy.at,
		    copy.len);
	} else if (is_good) {
		is_good = spool_open(z->x->statedir, j.file, &fd) == OK &&
		    fd_map_open(fd, &map) == OK;
		if (is_good) {
			m->blob_len = map.len;
			fd_map_close(&map);
			ipc_send_fds(z->x->store, cand_zone, m, &fd, 1);
			fd = -1;
		}
		fd_close(&fd);
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
		c->zones++;
	} else {
		ev_staged_unreadable(z->conf->name, tip->to);
		struct update_verdict v = { .outcome = OUTCOME_UNUSABLE };
		if (update_judge(&z->updates, tip, &v, clock_wall_s(),
		    &acts) != OK)
			update_candidate_lost(&z->updates, false,
			    clock_wall_s(), &acts);
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

static struct xzone *
zone_under(struct xfrd *x, uint32_t zone, uint32_t candidate, uint64_t id,
    struct update **tip)
{
	struct xzone *z = xfrd_zone(x, zone);
	if (z == NULL || z->updates.candidate != candidate)
		return NULL;
	for (struct update *u = z->updates.first; u != NULL; u = u->next)
		if (u->id == id) {
			*tip = u;
			return z;
		}
	return NULL;
}

static void
judge(struct xzone *z, struct update *tip, const struct update_verdict *v)
{
	struct update_acts acts = { 0 };
	if (update_judge(&z->updates, tip, v, clock_wall_s(), &acts) != OK)
		return;
	z->is_timers_changed = true;
	xzone_take_acts(z, &acts);
}

static void
on_refused(struct xfrd *x, const struct msg_cand_refused *m)
{
	struct update *tip;
	struct update_verdict v = { .outcome = OUTCOME_UNUSABLE };
	struct xzone *z = zone_under(x, m->zone, m->number, m->update, &tip);
	if (z == NULL)
		return;
	const struct xbody *b = tip->data;
	bool was_delta = tip->kind == UPDATE_IXFR;
	ev_update_refused(z->conf->name, m->to, b->primary[0] != '\0' ?
	    b->primary : "its zone file", m->why, was_delta ?
	    "a full transfer is asked for" : "it is dropped");
	if (z->refresh != NULL && tip->kind != UPDATE_FILE)
		refresh_refused(z->refresh, m->to, b->primary_index,
		    was_delta, clock_wall_s(), xfrd_random());
	judge(z, tip, &v);
	/* refresh_refused has said what is asked next. */
	z->acts.ask_axfr = z->acts.ask_ixfr = z->acts.ask_next = false;
}

static void
put_verdict(struct xzone *z, const struct update *tip,
    const struct msg_verdict *m, const struct ipc_msg *msg)
{
	const struct xbody *b = tip->data;
	struct journal_verdict v = { .serial = m->net.to,
		.previous = m->net.from, .has_previous = z->is_published,
		.is_accepted = m->verdict == VERDICT_PASS,
		.is_unverified = !z->conf->is_verified,
		.verdict = m->verdict, .exit = m->exit_code,
		.signal = m->signal != 0 ? m->signal : -1,
		.duration_ms = m->duration_ms,
		.attempt = (uint16_t)(tip->attempts + 1),
		.when_s = clock_wall_s(), .output = msg->payload,
		.output_len = msg->payload_len };
	memcpy(v.digest, &m->net.digest, sizeof(v.digest));
	snprintf(v.verifier, sizeof(v.verifier), "%s", m->verifier);
	snprintf(v.primary, sizeof(v.primary), "%s", b->primary);
	journal_put_verdict(z->x->journal, z->apex.octets, &v);
}

static bool
is_older_conf(const struct xzone *z, const struct msg_net *m)
{
	return (int32_t)(m->conf_number - z->conf_number) < 0;
}

/* What stands in the journal is what will be published. */
static bool
net_data(struct xzone *z, const struct update *tip, const struct msg_net *m,
    const struct ipc_msg *msg, struct fd_map *map, struct octets *copy,
    struct journal_data *data)
{
	const struct xbody *b = tip->data;
	struct journal_update j;
	if (!m->is_whole) {
		/* Sealed: it cannot change or shrink under the map. */
		if (msg->fd_count != 1 || !fd_is_sealed(msg->fds[0]) ||
		    fd_map_open(msg->fds[0], map) !=
		    OK || map->len < m->net_len)
			return false;
		*data = (struct journal_data){ .octets = map->octets,
			.len = (size_t)m->net_len };
	} else if (b->is_plain) {
		if (journal_read_update(z->x->journal, z->apex.octets,
		    tip->id, &j, copy) != OK)
			return false;
		*data = (struct journal_data){ .octets = copy->at,
			.len = copy->len };
	} else {
		*data = (struct journal_data){ .file = b->file,
			.len = (size_t)b->len };
	}
	return true;
}

static bool
net_to_spool(struct xzone *z, struct journal_data *d,
    char name[SPOOL_NAME_MAX])
{
	int fd = -1;
	bool is_good = spool_create(z->x->statedir, SPOOL_DELTA, &fd, name) ==
	    OK && fd_write_all(fd, d->octets, d->len) &&
	    spool_keep(z->x->statedir, fd, name) == OK;
	fd_close(&fd);
	*d = (struct journal_data){ .file = name, .len = d->len };
	return is_good;
}

/* The net delta becomes durable with the verdict, before anyone sees it. */
static bool
put_net(struct xzone *z, const struct update *tip, const struct msg_net *m,
    const struct ipc_msg *msg)
{
	struct fd_map map = { 0 };
	struct octets copy = { 0 };
	char spool[SPOOL_NAME_MAX] = "";
	struct journal_delta d = { .is_whole = m->is_whole,
		.has_from = z->is_published, .from = m->from, .to = m->to,
		.goes_back = z->is_published &&
		    !serial_newer(m->to, z->serial),
		.when_s = clock_wall_s() };
	memcpy(d.digest, &m->digest, sizeof(d.digest));
	bool is_good = m->to == tip->to &&
	    net_data(z, tip, m, msg, &map, &copy, &d.data);
	if (is_good && d.data.file == NULL &&
	    d.data.len > JOURNAL_INLINE_MAX)
		is_good = net_to_spool(z, &d.data, spool);
	if (is_good)
		is_good = journal_put_net(z->x->journal, z->apex.octets,
		    tip->id, &d) == OK;
	octets_free(&copy);
	fd_map_close(&map);
	if (!is_good)
		ev_system_trouble("storing of a verdict", z->conf->name);
	return is_good;
}

static enum update_outcome
outcome_of(const struct msg_verdict *m)
{
	switch ((enum verdict)m->verdict) {
	case VERDICT_PASS:
		return OUTCOME_PASS;
	case VERDICT_REJECT:
		return m->is_known ? OUTCOME_KNOWN : OUTCOME_REJECT;
	case VERDICT_FAIL:
		break;
	}
	return m->is_timed_out ? OUTCOME_TIMEOUT : OUTCOME_FAILED;
}

static void
log_verdict(struct xzone *z, const struct msg_verdict *m)
{
	const char *verifier = m->verifier[0] != '\0' ? m->verifier :
	    "nsd-verify";
	if (m->verdict == VERDICT_PASS && !z->conf->is_verified)
		ev_version_unverified(z->conf->name, m->net.to);
	if (m->verdict == VERDICT_PASS)
		return;
	char published[64] = "nothing is published yet";
	if (z->is_published)
		snprintf(published, sizeof(published),
		    "serial %u stays published", z->serial);
	if (m->verdict == VERDICT_REJECT)
		ev_version_rejected(z->conf->name, m->net.to, verifier,
		    m->reason, published);
	else
		ev_version_failed(z->conf->name, m->net.to, verifier,
		    m->reason);
	snprintf(z->last_rejection, sizeof(z->last_rejection),
	    "%u by %.60s: %.100s", m->net.to, verifier,
	    m->reason);
}

void
xzone_hold_back(struct xzone *z, const struct update *tip)
{
	const struct xbody *b = tip->data;
	bool is_final = tip->state == UPDATE_REJECTED ||
	    tip->state == UPDATE_HELD ||
	    (tip->state == UPDATE_FAILED && tip->is_exhausted);
	if (is_final && z->refresh != NULL)
		refresh_rejected(z->refresh, tip->to, b->primary_index,
		    clock_wall_s(), xfrd_random());
}

static void
on_verdict(struct xfrd *x, struct ipc_msg *msg)
{
	const struct msg_verdict *m = msg->body;
	struct update *tip;
	struct update_acts acts = { 0 };
	struct xzone *z = zone_under(x, m->zone, m->number, m->update, &tip);
	if (z == NULL)
		return;
	hook_at("hop-8-verdict", z->conf->name);
	/* Not a judgement of what is configured now: again. */
	if (m->is_stale_conf || is_older_conf(z, &m->net)) {
		update_candidate_lost(&z->updates, false, clock_wall_s(),
		    &acts);
		xzone_take_acts(z, &acts);
		return;
	}
	struct update_verdict v = { .outcome = outcome_of(m),
		.has_digest = true };
	memcpy(v.digest, &m->net.digest, sizeof(v.digest));
	/* A reload of a file that says what is published, or a forced
	 * transfer of it: neither the version nor its history changes. */
	if (m->is_same) {
		v.outcome = OUTCOME_SAME;
		judge(z, tip, &v);
		if (tip->state == UPDATE_SUPERSEDED)
			ev_zone_unchanged(z->conf->name, z->serial);
		return;
	}
	if (v.outcome == OUTCOME_PASS && !put_net(z, tip, &m->net, msg))
		v.outcome = OUTCOME_FAILED;
	put_verdict(z, tip, m, msg);
	log_verdict(z, m);
	judge(z, tip, &v);
	if (tip->state == UPDATE_HELD)
		ev_version_held(z->conf->name, tip->to);
	xzone_hold_back(z, tip);
}

static void
on_verifying(struct xfrd *x, struct ipc_msg *msg)
{
	const struct msg_verifying *m = msg->body;
	struct update *tip;
	struct update_verdict v = { .outcome = OUTCOME_APPLIED,
		.has_digest = true };
	struct xzone *z = zone_under(x, m->zone, m->number, m->update, &tip);
	if (z == NULL)
		return;
	if (is_older_conf(z, &m->net) ||
	    (m->has_net && !put_net(z, tip, &m->net, msg)))
		return;
	memcpy(v.digest, &m->net.digest, sizeof(v.digest));
	judge(z, tip, &v);
	if (tip->state == UPDATE_ACCEPTED)
		ev_version_reported(z->conf->name, tip->to);
}

static bool
is_text(const char *octets, size_t room)
{
	return memchr(octets, '\0', room) != NULL;
}

/* A candidate has read what a primary sent: it is believed only about its own
 * zones, and only in words that end. */
static bool
is_sound(const struct xcandidate *c, const struct ipc_msg *m)
{
	/* The number stands first in each of them. */
	if (*(const uint32_t *)m->body != c->number)
		return false;
	if (m->type == MSG_cand_refused) {
		const struct msg_cand_refused *b = m->body;
		return is_text(b->why, sizeof(b->why));
	}
	if (m->type == MSG_verdict) {
		const struct msg_verdict *b = m->body;
		return is_text(b->verifier, sizeof(b->verifier)) &&
		    is_text(b->reason, sizeof(b->reason));
	}
	return true;
}

static void
on_message(void *arg, struct ipc *ch, struct ipc_msg *m)
{
	struct xcandidate *c = arg;
	(void)ch;
	if (!is_sound(c, m)) {
		ev_message_breach(role_title(ROLE_CANDIDATE),
		    role_title(ROLE_XFRD));
		ipc_close(&c->channel);	/* which ends it */
		return;
	}
	switch ((int)m->type) {
	case MSG_cand_refused:
		on_refused(c->x, m->body);
		break;
	case MSG_verifying:
		on_verifying(c->x, m);
		break;
	case MSG_verdict:
		on_verdict(c->x, m);
		break;
	}
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

static unsigned
zones_left(const struct xfrd *x, uint32_t number)
{
	unsigned n = 0;
	for (uint32_t id = 0; id < x->zone_limit; id++)
		if (x->zones[id] != NULL &&
		    x->zones[id]->updates.candidate == number)
			n++;
	return n;
}

/* What it had not judged goes back; a zone that it died of, or may have died
 * of, gets candidates of its own from now on. */
static void
zones_return(struct xfrd *x, uint32_t number, uint32_t named, bool is_death)
{
	unsigned left = zones_left(x, number);
	for (uint32_t id = 0; id < x->zone_limit; id++) {
		struct xzone *z = x->zones[id];
		struct update_acts acts = { 0 };
		if (z == NULL || z->updates.candidate != number)
			continue;
		bool is_named = id == named ||
		    (named == ZONE_NONE && is_death && left == 1);
		if (is_death && named == ZONE_NONE)
			z->updates.is_suspect = true;
		if (is_named)
			ev_candidate_died(z->conf->name, number);
		update_candidate_lost(&z->updates, is_named, clock_wall_s(),
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
	zones_return(x, m->number, m->zone, !m->by_us);
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
		zones_return(x, x->candidates->number, ZONE_NONE, false);
		candidate_forget(x, x->candidates);
	}
}

void
xzone_write_updates(struct xzone *z)
{
	struct update *u;
	struct journal *j = z->x->journal;
	while ((u = update_next_changed(&z->updates)) != NULL) {
		if (u->state == UPDATE_RECEIVING)
			continue;
		if (update_is_over(&z->updates, u)) {
			journal_drop_update(j, z->apex.octets, u->id);
			continue;
		}
		struct journal_update w = { .id = u->id,
			.base_id = u->base_id, .kind = (uint8_t)u->kind,
			.state = u->state == UPDATE_VERIFYING ?
			    UPDATE_STAGED : u->state,
			.has_from = u->kind == UPDATE_IXFR, .from = u->from,
			.to = u->to, .has_digest = u->has_digest,
			.attempts = (uint16_t)u->attempts,
			.timeouts = (uint16_t)u->timeouts,
			.received_s = u->received_s,
			.judged_s = u->judged_s, .retry_s = u->retry_s,
			.flags = update_flags(u) };
		memcpy(w.digest, u->digest, sizeof(w.digest));
		const struct xbody *b = u->data;
		if (b != NULL)
			snprintf(w.primary, sizeof(w.primary), "%s",
			    b->primary);
		journal_change_update(j, z->apex.octets, &w);
	}
	if (z->refresh != NULL && z->is_timers_changed) {
		journal_put_timers(j, z->apex.octets,
		    (const uint8_t *)refresh_timers(z->refresh),
		    sizeof(struct refresh_timers), 0);
		z->is_timers_changed = false;
	}
}

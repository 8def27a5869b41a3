/* xfrd_verdict.c - what candidates say of their zones, and what of it becomes
 * durable: hop 8 of doc/architecture.md.
 * Runs in: xfrd. A candidate is believed only about versions that it has; what
 * it lets out stands in the journal before anybody else hears of it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "dns/serial.h"
#include "proc/xfrd.h"
#include "verify/verdict.h"

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
	if (update_judge(&z->updates, tip, v, xfrd_now_s(z->x), &acts) != OK)
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
		    was_delta, xfrd_now_s(z->x), xfrd_random());
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
		.when_s = xfrd_now_s(z->x), .output = msg->payload,
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
		.when_s = xfrd_now_s(z->x) };
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
		    xfrd_now_s(z->x), xfrd_random());
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
		update_candidate_lost(&z->updates, false, xfrd_now_s(z->x),
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

bool
xfrd_verdict_message(struct xcandidate *c, struct ipc_msg *m)
{
	if (!is_sound(c, m))
		return false;
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
	return true;
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

/* update_judge.c - what follows from a verdict, from the loss of a candidate
 * and from publication.
 * Runs in: xfrd. Pure. Always holds: let_through is the only place that fires
 * LET_THROUGH, and it wants a digest. */
#include <string.h>

#include "dns/serial.h"
#include "proc/update_list.h"

static bool
same_digest(const struct update *a, const struct update *b)
{
	return a->has_digest && b->has_digest &&
	    memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

static void
note_judged(struct update *u, int64_t now_s)
{
	u->judged_s = now_s;
	u->is_forgiven = false;
	u->is_recheck_wanted = false;
	u->is_changed = true;
}

static void
let_through(struct update *u, bool is_unverified, struct update_acts *acts)
{
	ASSERT(u->has_digest);
	u->is_unverified = is_unverified;
	update_fire(u, ON_UPDATE_LET_THROUGH);
	acts->publish = u;
}

/* --- the outcomes ----------------------------------------------------- */

static void
on_pass(struct update_zone *z, struct update *u, struct update_acts *acts)
{
	bool is_waived = u->is_waived || !z->policy.is_verified;
	u->is_passed = true;
	if (z->policy.mode == UPDATE_HOLD && !u->is_approved) {
		u->is_unverified = is_waived;
		update_fire(u, ON_UPDATE_WITHHELD);
	} else {
		let_through(u, is_waived, acts);
	}
}

/* The oldest goes when there are too many: they cost disk. */
static void
limit_rejected(struct update_zone *z)
{
	unsigned count = 0;
	struct update *oldest = NULL;
	for (struct update *u = z->first; u != NULL; u = u->next) {
		if (u->state != UPDATE_REJECTED)
			continue;
		if (oldest == NULL)
			oldest = u;
		count++;
	}
	if (count > UPDATE_KEPT_REJECTED)
		update_fire(oldest, ON_UPDATE_DROPPED);
}

/* The same content once more: one record of it is enough. */
static struct update *
judged_before(const struct update_zone *z, const struct update *u)
{
	for (struct update *v = z->first; v != NULL; v = v->next)
		if (v != u && v->to == u->to && same_digest(u, v) &&
		    (v->state == UPDATE_REJECTED ||
		    v->state == UPDATE_FAILED ||
		    (v->state == UPDATE_HELD && v->is_unserved)))
			return v;
	return NULL;
}

static int64_t
recheck_at(const struct update_zone *z, int64_t now_s)
{
	return z->policy.recheck_s > 0 ? now_s + z->policy.recheck_s : 0;
}

static void
on_reject(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts)
{
	struct update *before = judged_before(z, u);
	u->retry_s = recheck_at(z, now_s);
	u->is_approved = u->is_waived = false;
	update_fire(u, ON_UPDATE_SAID_NO);
	if (before != NULL)
		update_fire(before, ON_UPDATE_DROPPED);
	acts->ask_ixfr |= update_drop_above(z, u);
	limit_rejected(z);
}

static void
on_unusable(struct update_zone *z, struct update *u, struct update_acts *acts)
{
	update_fire(u, ON_UPDATE_UNUSABLE);
	update_drop_above(z, u);
	acts->ask_axfr |= u->kind == UPDATE_IXFR;
	acts->ask_next |= u->kind == UPDATE_AXFR;
	acts->alarm |= u->kind == UPDATE_FILE;
}

static void
on_failed(struct update_zone *z, struct update *u, bool is_timeout,
    int64_t now_s, struct update_acts *acts)
{
	u->attempts++;
	u->timeouts += is_timeout;
	u->is_exhausted = u->attempts > z->policy.retries || u->timeouts > 1;
	u->retry_s = u->is_exhausted ? recheck_at(z, now_s)
				     : now_s + z->policy.retry_delay_s;
	acts->alarm |= u->attempts == 1;
	update_fire(u, ON_UPDATE_NOT_JUDGED);
}

/* No verifier ran: what was found before counts, with its time. */
static void
on_known(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts)
{
	struct update *before = judged_before(z, u);
	if (before == NULL || before->is_forgiven) {
		/* Forgiven meanwhile: to the verifiers with it. */
		update_fire(u, ON_UPDATE_LOST);
		return;
	}
	u->judged_s = before->judged_s;
	if (before->state == UPDATE_HELD) {
		u->is_unserved = true;
		update_fire(u, ON_UPDATE_WITHHELD);
		update_fire(before, ON_UPDATE_DROPPED);
		return;
	}
	u->attempts = before->attempts;
	u->timeouts = before->timeouts;
	u->is_exhausted = before->is_exhausted;
	int64_t retry_s = before->retry_s;
	if (before->state == UPDATE_FAILED) {
		update_fire(u, ON_UPDATE_NOT_JUDGED);
		update_fire(before, ON_UPDATE_DROPPED);
	} else {
		on_reject(z, u, now_s, acts);
	}
	u->retry_s = retry_s;
}

static bool
is_published(const struct update_zone *z, const struct update *u)
{
	return z->has_published && u->has_digest && u->to == z->published &&
	    memcmp(u->digest, z->published_digest, sizeof u->digest) == 0;
}

/* There is nothing to publish; what stands on it stands on what is published.
 */
static void
on_same(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts)
{
	if (!is_published(z, u)) {
		/* No verifier ran, so this is no judgement. */
		on_failed(z, u, false, now_s, acts);
		return;
	}
	update_fire(u, ON_UPDATE_DROPPED);
	for (struct update *v = z->first; v != NULL; v = v->next)
		if (v->base_id == u->id) {
			v->base_id = 0;
			v->is_changed = true;
		}
}

/* Report mode publishes what applies; whatever comes later only ends the
 * check. */
static bool
is_let_out_unverified(const struct update_zone *z,
    const struct update_verdict *v)
{
	if (v->outcome == OUTCOME_UNUSABLE || v->outcome == OUTCOME_KNOWN ||
	    v->outcome == OUTCOME_SAME)
		return false;
	return v->has_digest && (z->policy.mode == UPDATE_REPORT ||
	    (!z->policy.is_verified && v->outcome == OUTCOME_APPLIED));
}

static void
decide(struct update_zone *z, struct update *u,
    const struct update_verdict *v, int64_t now_s, struct update_acts *acts)
{
	enum update_outcome o = v->outcome;
	if (o == OUTCOME_PASS && !v->has_digest)
		o = OUTCOME_FAILED;	/* P2: nothing to compare with */
	switch (o) {
	case OUTCOME_APPLIED:
		break;
	case OUTCOME_PASS:
		on_pass(z, u, acts);
		break;
	case OUTCOME_REJECT:
		on_reject(z, u, now_s, acts);
		break;
	case OUTCOME_KNOWN:
		on_known(z, u, now_s, acts);
		break;
	case OUTCOME_SAME:
		on_same(z, u, now_s, acts);
		break;
	case OUTCOME_UNUSABLE:
		on_unusable(z, u, acts);
		break;
	case OUTCOME_FAILED:
	case OUTCOME_TIMEOUT:
		on_failed(z, u, o == OUTCOME_TIMEOUT, now_s, acts);
		break;
	}
}

static void
leave_candidate(struct update_zone *z)
{
	z->candidate = 0;
	z->candidate_tip = 0;
}

enum err
update_judge(struct update_zone *z, struct update *tip,
    const struct update_verdict *v, int64_t now_s, struct update_acts *acts)
{
	if (z->candidate == 0 || z->candidate_tip != tip->id)
		return ERR_TRANSITION;
	if (v->has_digest && tip->state == UPDATE_VERIFYING) {
		memcpy(tip->digest, v->digest, sizeof tip->digest);
		tip->has_digest = true;
	}
	bool is_end = v->outcome != OUTCOME_APPLIED ||
	    !z->policy.is_verified;
	if (tip->state == UPDATE_VERIFYING) {
		if (v->outcome != OUTCOME_APPLIED)
			note_judged(tip, now_s);
		if (is_let_out_unverified(z, v)) {
			note_judged(tip, now_s);
			let_through(tip, true, acts);
		} else {
			decide(z, tip, v, now_s, acts);
		}
	}
	/* Without a digest there is nothing to publish, and nothing more will
	 * come where no verifier runs. */
	if (is_end && tip->state == UPDATE_VERIFYING)
		on_failed(z, tip, false, now_s, acts);
	if (is_end) {
		leave_candidate(z);
		z->is_suspect = false;
	}
	update_settle(z, now_s, acts);
	return OK;
}

void
update_candidate_lost(struct update_zone *z, bool named, int64_t now_s,
    struct update_acts *acts)
{
	struct update *u = update_by_id(z, z->candidate_tip);
	if (z->candidate == 0)
		return;
	leave_candidate(z);
	z->is_alone |= named;
	if (u != NULL && u->state == UPDATE_VERIFYING) {
		if (named) {
			note_judged(u, now_s);
			on_failed(z, u, false, now_s, acts);
		} else {
			update_fire(u, ON_UPDATE_LOST);
		}
	}
	update_settle(z, now_s, acts);
}

void
update_candidate_done(struct update_zone *z, int64_t now_s,
    struct update_acts *acts)
{
	update_candidate_lost(z, false, now_s, acts);
}

/* --- publication ------------------------------------------------------ */

struct update *
update_accepted(const struct update_zone *z)
{
	struct update *u = z->first;
	while (u != NULL && u->state != UPDATE_ACCEPTED)
		u = u->next;
	return u;
}

static bool
can_be_dropped(const struct update *u)
{
	return u->state == UPDATE_STAGED || u->state == UPDATE_HELD ||
	    u->state == UPDATE_REJECTED || u->state == UPDATE_FAILED;
}

/* What is published now stands under them, or they are of no use. */
static void
rebase(struct update_zone *z, const struct update *published,
    struct update_acts *acts)
{
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (u->base_id == published->id) {
			u->base_id = 0;
			u->is_changed = true;
		}
	for (struct update *u = z->first; u != NULL; u = u->next) {
		bool is_sound = update_is_sound(z, u);
		bool is_newer = serial_newer(u->to, z->published) ||
		    (u->goes_back && u->state == UPDATE_STAGED);
		if (u->state == UPDATE_RECEIVING && u->kind == UPDATE_IXFR &&
		    !is_sound)
			u->base_id = UPDATE_BASE_GONE;
		/* Its verdict, and its net delta, were for another base. */
		if (u->state == UPDATE_HELD && u->is_passed) {
			u->is_passed = false;
			u->is_changed = true;
		}
		if (!can_be_dropped(u) || (is_sound && is_newer))
			continue;
		acts->ask_ixfr |= is_newer && u->state == UPDATE_STAGED;
		update_fire(u, ON_UPDATE_DROPPED);
	}
}

void
update_served(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts)
{
	update_fire(u, ON_UPDATE_SERVED);
	z->has_published = true;
	z->published = u->to;
	memcpy(z->published_digest, u->digest, sizeof z->published_digest);
	if (u->kind != UPDATE_IXFR)
		z->published_octets = u->octets;
	z->is_expired = false;
	rebase(z, u, acts);
	update_settle(z, now_s, acts);
}

void
update_not_served(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts)
{
	/* An approval would only kill the next store: it is verified again
	 * when an operator says so. */
	u->is_passed = u->is_approved = u->is_recheck_wanted = false;
	/* Nor does the same content go that way once more by itself. */
	u->is_unserved = true;
	update_fire(u, ON_UPDATE_NOT_SERVED);
	acts->alarm = true;
	update_settle(z, now_s, acts);
}

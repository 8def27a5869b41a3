/* trail.c - the audit trail of a zone: verdicts and operators' decisions.
 * Runs in: xfrd. Always holds: a rejection, failure or decision is dropped
 * only after its 90 days, an accepted serial only when a hundred came
 * after it. */
#include <string.h>

#include "journal/record.h"

#define BATCH 256	/* entries dropped between two walks */

enum trail_kind { TRAIL_VERDICT, TRAIL_DECISION };

static bool
verdict_decode(struct buf *b, struct journal_verdict *v)
{
	uint32_t exit, signal, output;
	if (!buf_take_u32(b, &v->serial) || !buf_take_u32(b, &v->previous) ||
	    !db_take_flag(b, &v->has_previous) ||
	    !db_take_flag(b, &v->is_accepted) ||
	    !db_take_flag(b, &v->is_unverified) ||
	    !buf_take_u8(b, &v->verdict) ||
	    !db_take_octets(b, v->digest, sizeof v->digest) ||
	    !db_take_text(b, v->verifier, sizeof v->verifier) ||
	    !buf_take_u32(b, &exit) || !buf_take_u32(b, &signal) ||
	    !buf_take_u32(b, &v->duration_ms) ||
	    !buf_take_u16(b, &v->attempt) || !db_take_i64(b, &v->when_s) ||
	    !db_take_text(b, v->primary, sizeof v->primary) ||
	    !buf_take_u32(b, &output) || output > JOURNAL_OUTPUT_MAX ||
	    !buf_take(b, output, &v->output))
		return false;
	v->exit = (int32_t)exit;
	v->signal = (int32_t)signal;
	v->output_len = output;
	return true;
}

static bool
decision_decode(struct buf *b, struct journal_decision *d)
{
	return buf_take_u32(b, &d->serial) &&
	    db_take_octets(b, d->digest, sizeof d->digest) &&
	    buf_take_u8(b, &d->what) && db_take_i64(b, &d->when_s) &&
	    db_take_text(b, d->who, sizeof d->who) &&
	    db_take_text(b, d->waived, sizeof d->waived) &&
	    db_take_text(b, d->reason, sizeof d->reason);
}

/* Room for either kind, and the entry that points to it. */
struct trail_record {
	struct journal_trail entry;
	struct journal_verdict verdict;
	struct journal_decision decision;
};

static enum err
trail_take(const struct db_key *k, struct buf *b, struct trail_record *r)
{
	uint8_t kind;
	*r = (struct trail_record){ 0 };
	if (!db_key_is_zone(k, true) || !buf_take_u8(b, &kind))
		return ERR_CORRUPT;
	r->entry.number = db_key_last_number(k);
	switch (kind) {
	case TRAIL_VERDICT:
		if (!verdict_decode(b, &r->verdict))
			return ERR_CORRUPT;
		r->entry.verdict = &r->verdict;
		break;
	case TRAIL_DECISION:
		if (!decision_decode(b, &r->decision))
			return ERR_CORRUPT;
		r->entry.decision = &r->decision;
		break;
	default:
		return ERR_CORRUPT;
	}
	return buf_left(b) == 0 ? OK : ERR_CORRUPT;
}

static enum err
trail_put(struct journal *j, const uint8_t *apex, const struct db_fields *f,
    const uint8_t *tail, size_t tail_len)
{
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	struct db_key k = db_key_number(apex, j->next++);
	return db_end(j, db_put(j, DB_TRAIL, &k, f, tail, tail_len));
}

enum err
journal_put_verdict(struct journal *j, const uint8_t *apex,
    const struct journal_verdict *v)
{
	struct db_fields f;
	size_t n = v->output_len < JOURNAL_OUTPUT_MAX ? v->output_len
						      : JOURNAL_OUTPUT_MAX;
	db_fields_start(&f);
	db_put_u8(&f, TRAIL_VERDICT);
	db_put_u32(&f, v->serial);
	db_put_u32(&f, v->previous);
	db_put_u8(&f, v->has_previous);
	db_put_u8(&f, v->is_accepted);
	db_put_u8(&f, v->is_unverified);
	db_put_u8(&f, v->verdict);
	db_put_octets(&f, v->digest, sizeof v->digest);
	db_put_text(&f, v->verifier, sizeof v->verifier);
	db_put_u32(&f, (uint32_t)v->exit);
	db_put_u32(&f, (uint32_t)v->signal);
	db_put_u32(&f, v->duration_ms);
	db_put_u16(&f, v->attempt);
	db_put_u64(&f, (uint64_t)v->when_s);
	db_put_text(&f, v->primary, sizeof v->primary);
	db_put_u32(&f, (uint32_t)n);
	return trail_put(j, apex, &f, v->output, n);
}

enum err
journal_put_decision(struct journal *j, const uint8_t *apex,
    const struct journal_decision *d)
{
	struct db_fields f;
	db_fields_start(&f);
	db_put_u8(&f, TRAIL_DECISION);
	db_put_u32(&f, d->serial);
	db_put_octets(&f, d->digest, sizeof d->digest);
	db_put_u8(&f, d->what);
	db_put_u64(&f, (uint64_t)d->when_s);
	db_put_text(&f, d->who, sizeof d->who);
	db_put_text(&f, d->waived, sizeof d->waived);
	db_put_text(&f, d->reason, sizeof d->reason);
	return trail_put(j, apex, &f, NULL, 0);
}

enum err
journal_each_trail(struct journal *j, const uint8_t *apex,
    enum journal_order order, journal_trail_fn *fn, void *arg)
{
	struct db_walk w;
	struct db_key k;
	struct buf b;
	struct trail_record r;
	enum err e = db_walk_start(j, DB_TRAIL, apex, order, &w);
	if (e != OK)
		return e;
	while ((e = db_walk_next(&w, &k, &b)) == OK) {
		e = trail_take(&k, &b, &r);
		if (e != OK || !fn(arg, &r.entry))
			break;
	}
	db_walk_end(&w);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* --- trimming --------------------------------------------------------- */

/* Seen from the newest entry on. Several entries may speak of one accepted
 * version (a verifier each); they count as one. */
struct trim {
	int64_t oldest_s;
	unsigned accepted;
	uint32_t last_serial;
	uint8_t last_digest[JOURNAL_DIGEST];
	uint64_t numbers[BATCH];
	unsigned found;
};

static bool
is_beyond(struct trim *t, const struct journal_trail *e)
{
	if (e->decision != NULL)
		return e->decision->when_s < t->oldest_s;
	const struct journal_verdict *v = e->verdict;
	if (!v->is_accepted)
		return v->when_s < t->oldest_s;
	if (t->accepted == 0 || t->last_serial != v->serial ||
	    memcmp(t->last_digest, v->digest, sizeof v->digest) != 0) {
		t->accepted++;
		t->last_serial = v->serial;
		memcpy(t->last_digest, v->digest, sizeof v->digest);
	}
	return t->accepted > JOURNAL_KEEP_ACCEPTED;
}

static bool
find_beyond(void *arg, const struct journal_trail *e)
{
	struct trim *t = arg;
	if (is_beyond(t, e))
		t->numbers[t->found++] = e->number;
	return t->found < BATCH;
}

enum err
journal_trim_trail(struct journal *j, const uint8_t *apex, int64_t now_s,
    unsigned *dropped)
{
	unsigned count = 0;
	struct trim t = { .found = BATCH };
	enum err e = db_begin(j);
	if (e != OK)
		return e;
	while (e == OK && t.found == BATCH) {
		t = (struct trim){ .oldest_s = now_s - JOURNAL_KEEP_S };
		e = journal_each_trail(j, apex, JOURNAL_NEWEST_FIRST,
		    find_beyond, &t);
		for (unsigned i = 0; e == OK && i < t.found; i++) {
			struct db_key k = db_key_number(apex, t.numbers[i]);
			e = db_drop(j, DB_TRAIL, &k);
			count++;
		}
	}
	if (e == OK && dropped != NULL)
		*dropped = count;
	return db_end(j, e);
}

/* update.h - what becomes of each new version of a zone: the policy.
 * Runs in: xfrd. Pure: no I/O, no clock; times are arguments (seconds), and
 * what is to be done is returned in struct update_acts. The steps themselves
 * are rows of tables/states.def, fired only here.
 *
 * A zone has a list of updates in order of arrival. One that came by IXFR
 * stands on the published version (base_id 0) or on another update of the
 * list; the chain down to the published version, or to the last whole one, is
 * judged as one version, that of its tip.
 *
 * After each call the caller writes what changed to the journal, commits, and
 * then acts (update_next_changed, update_sweep). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fsm.h"

#define UPDATE_DIGEST 16
#define UPDATE_KEPT_REJECTED 8	/* older ones than that are not kept */
#define UPDATE_BASE_GONE UINT64_MAX
#define UPDATE_CHAIN_MAX 200	/* parts; a longer chain: AXFR */
#define UPDATE_CHAIN_OCTETS (1024 * 1024) /* a smaller one is never too large */

enum update_kind { UPDATE_IXFR, UPDATE_AXFR, UPDATE_FILE };

enum update_mode { UPDATE_ENFORCE, UPDATE_REPORT, UPDATE_HOLD };

/* From the configuration and the published SOA. */
struct update_policy {
	enum update_mode mode;
	bool is_verified;	/* false: verify-zone no; then no digest of a
				 * rejection is known and applying is enough */
	unsigned retries;	/* verifier-retries */
	int64_t retry_delay_s;	/* verifier-retry-delay */
	int64_t recheck_s;	/* verifier-recheck; 0: never */
	uint64_t bulk_octets;	/* a whole version from that size on gets a
				 * candidate of its own */
};

struct update {
	uint64_t id;		/* from the journal, rising */
	uint64_t base_id;	/* 0: published version; UPDATE_BASE_GONE */
	enum update_kind kind;
	enum update_state state;
	uint32_t from, to;	/* from: UPDATE_IXFR only */
	uint64_t octets;
	bool goes_back;		/* may be older than what is published, or
				 * other content at its serial (P3) */
	bool is_passed;		/* every verifier said yes, and what it was
				 * judged on is still what is published */
	bool is_approved;	/* by an operator: skips hold */
	bool is_waived;		/* approved in spite of named verifiers */
	bool is_unverified;	/* let out without every verifier's yes */
	bool is_exhausted;	/* FAILED: no retries are left */
	bool is_unserved;	/* HELD: the store died of it, or found that
				 * it is not what was verified */
	bool has_digest;
	uint8_t digest[UPDATE_DIGEST];	/* from its candidate */
	bool is_forgiven;	/* its digest is not held against anyone */
	bool is_recheck_wanted;	/* by an operator, when nothing is under way */
	unsigned attempts, timeouts;
	int64_t received_s, judged_s;
	int64_t retry_s;	/* FAILED, REJECTED: verified again then; 0: not
				 * by itself */
	bool is_changed;	/* since the caller last wrote it */
	bool is_told_over;	/* update_next_changed has named it for good */
	bool is_needed;		/* scratch of update_next_changed */
	struct update *next;	/* arrived later */
	void *data;		/* the caller's: spool, octets */
};

struct update_zone {
	struct update_policy policy;
	bool has_published;
	uint32_t published;
	uint8_t published_digest[UPDATE_DIGEST];
	uint64_t published_octets;
	bool is_expired;	/* then any serial is taken */
	bool is_alone;		/* its candidate died once: never shares one */
	bool is_suspect;	/* a candidate died with several, it is not
				 * known of which: alone until its verdict */
	uint64_t candidate;	/* in which it is now; 0: none */
	uint64_t candidate_tip;	/* id of what that one verifies */
	struct update *first;
};

/* What the caller does after the commit. */
struct update_acts {
	bool ask_ixfr;		/* at once, from update_ask_serial */
	bool ask_axfr;		/* at once, of the same primary */
	bool ask_next;		/* AXFR, at once, of the next primary */
	bool alarm;		/* an operator should look */
	struct update *publish;	/* ACCEPTED: the store's turn */
};

/* --- arrival ---------------------------------------------------------- */

/* The serial to ask IXFR from: the newest one staged or under verification,
 * else the published one; false: nothing to start from, ask AXFR. */
bool update_ask_serial(const struct update_zone *z, uint32_t *serial);
/* A transfer or a load begins: RECEIVING, standing on what update_ask_serial
 * named. Never null. */
struct update *update_begin(struct update_zone *z, uint64_t id,
    enum update_kind kind);
/* It came to its end as this kind. OK: STAGED. Else it is REFUSED or
 * SUPERSEDED and acts say what follows: ERR_PEER_STALE not newer,
 * ERR_PEER_INCONSISTENT starts elsewhere, ERR_AGAIN what it stood on is gone
 * meanwhile, ERR_LIMIT a chain larger than the zone. */
MUST_CHECK enum err update_arrive(struct update_zone *z, struct update *u,
    enum update_kind kind, uint32_t from, uint32_t to, uint64_t octets,
    int64_t now_s, struct update_acts *acts);
/* The transfer failed or was given up. */
void update_give_up(struct update_zone *z, struct update *u);
/* From the journal, in the order of ids, at start, with what is published
 * already known; false: of no use any more, out of the journal with it. */
MUST_CHECK bool update_restore(struct update_zone *z,
    const struct update *stored, struct update **u);
/* The booleans of an update that must survive a restart, as one number for
 * the journal, and back. */
uint32_t update_flags(const struct update *u);
void update_set_flags(struct update *u, uint32_t flags);

/* --- windows ---------------------------------------------------------- */

/* The version that would go into a window that starts now, or null. */
struct update *update_due(const struct update_zone *z);
/* It must not share its candidate. */
bool update_wants_own(const struct update_zone *z, const struct update *tip);
/* TAKEN: the tip is VERIFYING, staged ones before it SUPERSEDED. candidate:
 * its number, not 0. */
void update_take(struct update_zone *z, struct update *tip,
    uint64_t candidate);
/* The chain of a tip, oldest first: what the candidate applies to the
 * published version (a whole one first applies to nothing). Returns how
 * many; 0: broken or more than max. */
size_t update_chain(const struct update_zone *z, const struct update *tip,
    const struct update **parts, size_t max);
/* Digests that need no verifier any more at this time, for the candidate to
 * compare: rejected ones. *at starts at null. */
bool update_next_known(const struct update_zone *z, int64_t now_s,
    const struct update **at);

/* The wall clock was set by so much: times of the past and of the future move
 * with it. */
void update_clock_moved(struct update_zone *z, int64_t delta_s);

struct window_clock {
	int64_t last_start_ms;
	bool was_started;
	bool is_ordered;	/* by `reload`; the start clears it */
	int32_t spacing_s;	/* xfrd-reload-timeout; -1: only on order */
};
/* When the next window may start, on the same clock; INT64_MAX: not before
 * an order. */
int64_t window_start_ms(const struct window_clock *c, int64_t now_ms);

/* --- verdicts --------------------------------------------------------- */

enum update_outcome {
	OUTCOME_APPLIED,	/* whole and its digest known; verifiers run */
	OUTCOME_PASS,		/* every verifier exited 0 */
	OUTCOME_REJECT,		/* a verifier said no */
	OUTCOME_KNOWN,		/* applied; its digest is a rejected one */
	OUTCOME_SAME,		/* applied; it is what is published: then it
				 * is dropped, else FAILED */
	OUTCOME_UNUSABLE,	/* does not apply */
	OUTCOME_FAILED,		/* a verifier could not judge */
	OUTCOME_TIMEOUT		/* or did not end */
};

struct update_verdict {
	enum update_outcome outcome;
	bool has_digest;
	uint8_t digest[UPDATE_DIGEST];
};
/* The candidate reports on the tip it has. ERR_TRANSITION when it has none or
 * another one: then nothing was changed. Every outcome but APPLIED ends the
 * candidate's work for this zone; APPLIED too where applying is enough. In
 * report mode the version is let through by APPLIED and the later outcome
 * only ends the check: until then it stays in the list, published or not. */
MUST_CHECK enum err update_judge(struct update_zone *z, struct update *tip,
    const struct update_verdict *v, int64_t now_s, struct update_acts *acts);
/* The candidate is gone and gave no verdict on this zone. named: the shared
 * page says it died of this zone. */
void update_candidate_lost(struct update_zone *z, bool named, int64_t now_s,
    struct update_acts *acts);
/* The candidate says that it is done with this zone; without a verdict this
 * is a loss. */
void update_candidate_done(struct update_zone *z, int64_t now_s,
    struct update_acts *acts);

/* --- publication ------------------------------------------------------ */

/* The version that waits for the store, or null. */
struct update *update_accepted(const struct update_zone *z);
void update_served(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts);
/* The store died of it, or its digest differs. */
void update_not_served(struct update_zone *z, struct update *u,
    int64_t now_s, struct update_acts *acts);

/* --- time and operators ----------------------------------------------- */

/* Retries and rechecks that are due; *next_s: when to come again, INT64_MAX
 * if not. */
void update_tick(struct update_zone *z, int64_t now_s, int64_t *next_s);
/* The same time, without doing anything; changes with every event. */
int64_t update_wake_s(const struct update_zone *z);
/* By serial, and digest unless null: HELD, REJECTED, FAILED. */
struct update *update_find(const struct update_zone *z, uint32_t serial,
    const uint8_t *digest);
/* Publishes a held version that passed; has one that did not pass verified
 * again, with the waivers that the caller keeps. While another version of
 * the zone is under way it waits for that one's verdict. */
MUST_CHECK enum err update_approve(struct update_zone *z, struct update *u,
    bool is_waived, int64_t now_s, struct update_acts *acts);
MUST_CHECK enum err update_turn_down(struct update_zone *z,
    struct update *u, int64_t now_s, struct update_acts *acts);
MUST_CHECK enum err update_recheck(struct update_zone *z, struct update *u);
/* Changed verifier configuration, `transfer`, `force_transfer`: nothing is
 * remembered against any serial or digest. */
void update_forgive(struct update_zone *z);

/* --- bookkeeping ------------------------------------------------------ */

/* Each update changed since the last round, in order; clears the mark. What
 * update_is_over goes out of the journal, RECEIVING was never in it, and
 * VERIFYING is STAGED there. */
struct update *update_next_changed(struct update_zone *z);
/* Final, and no other update stands on it. */
bool update_is_over(const struct update_zone *z, const struct update *u);
/* Frees those that are over and were written; drop gets the data of each. */
void update_sweep(struct update_zone *z,
    void (*drop)(void *arg, struct update *u), void *arg);
void update_zone_clear(struct update_zone *z,
    void (*drop)(void *arg, struct update *u), void *arg);

/* refresh.h - when to ask which primary for what: the policy of one zone.
 * Pure: time and random numbers are given, decisions come back.
 *
 * Use: tell each event by one of the functions below, then call
 * refresh_decide; if it orders something, start it and tell its end by
 * refresh_result; when nothing is ordered, call refresh_decide again at
 * refresh_wake_s. At most one order of a zone is under way. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/sock.h"
#include "xfr/ixfr_fsm.h"

enum refresh_state {
	REFRESH_EMPTY,		/* nothing published */
	REFRESH_FRESH,
	REFRESH_STALE,		/* refresh time passed, no primary answered */
	REFRESH_EXPIRED
};
const char *refresh_state_text(enum refresh_state s);	/* "fresh" */

struct refresh_primary {
	struct addr addr;
	bool axfr_only, use_udp;
};

/* The configuration of the zone; copied by refresh_configure. */
struct refresh_policy {
	const struct refresh_primary *primaries;
	unsigned n_primaries;
	uint32_t min_refresh_s, max_refresh_s;
	uint32_t min_retry_s, max_retry_s;
	uint32_t min_expire_s;
	bool min_expire_is_sum;		/* refresh+retry+1 */
	bool multi_primary_check;
	bool allow_axfr_fallback;
};

/* What survives a restart; the journal stores these octets as they are. All
 * times are UNIX seconds, 0: never. No padding; version changes with it. */
#define REFRESH_TIMERS_VERSION 1
struct refresh_timers {
	uint32_t version;
	uint32_t serial;		/* of the published SOA */
	int64_t checked_s;		/* last completed serial check */
	int64_t expires_s;		/* end of the lease; 0: none */
	int64_t next_s;			/* next attempt */
	int64_t rejected_next_s;	/* not fetched again before */
	uint32_t rejected_serial;	/* when rejected_wait_s is not 0 */
	uint32_t rejected_wait_s;	/* doubled with each rejection */
	uint32_t notified_serial;	/* when notified_s is not 0 */
	uint32_t backoff;		/* rounds that failed in a row */
	int64_t notified_s;
};
_Static_assert(sizeof(struct refresh_timers) == 64, "stored as it is");

struct refresh;

/* timers: from the journal, or null. Null when memory is out. */
struct refresh *refresh_create(const struct refresh_policy *p,
    const struct refresh_timers *timers, int64_t now_s, uint32_t random);
void refresh_destroy(struct refresh **r);
/* A changed configuration; what is remembered of a primary that stays (same
 * address and port) is kept. False when memory is out: nothing changed.
 * An order under way must be cancelled before, by refresh_cancelled. */
bool refresh_configure(struct refresh *r, const struct refresh_policy *p,
    int64_t now_s);
const struct refresh_timers *refresh_timers(const struct refresh *r);

/* A version is published (also at start, from the snapshot: at_start, then
 * the stored timers hold if they belong to this serial). */
struct refresh_version {
	uint32_t serial, refresh_s, retry_s, expire_s;
	bool has_option;	/* it came with EDNS EXPIRE ... */
	uint32_t option_s;	/* ... of this value ... */
	int64_t received_s;	/* ... at this time */
	bool at_start;
};
void refresh_published(struct refresh *r, const struct refresh_version *v,
    int64_t now_s, uint32_t random);
/* A version is STAGED on top: IXFR is asked from it (GOT_* results do this
 * themselves; for what the journal holds at start). */
void refresh_staged(struct refresh *r, uint32_t serial);
/* The staged tail is gone (superseded, dropped): ask from what is published. */
void refresh_unstaged(struct refresh *r);
/* A verifier said no (or the retries of FAILED are used up, or it is HELD, or
 * known by its digest from before) to this version, that came from this
 * primary (-1: not known). What is staged on top is forgotten with it, and
 * asked for again at once, from what is published. */
void refresh_rejected(struct refresh *r, uint32_t serial, int primary,
    int64_t now_s, uint32_t random);
/* The candidate found that it does not apply, or not to be a zone. A delta:
 * AXFR at once from the same primary; a full zone: the next primary. */
void refresh_refused(struct refresh *r, uint32_t serial, int primary,
    bool was_delta, int64_t now_s, uint32_t random);

/* A NOTIFY that passed allow-notify. False: ignored (not newer, or known as
 * rejected and not due). has_serial: an SOA was in its answer section. */
bool refresh_notify(struct refresh *r, const struct addr *from,
    bool has_serial, uint32_t serial, int64_t now_s);
/* The operator's transfer / force_transfer: at once, whatever was rejected;
 * force: AXFR, any serial. */
void refresh_transfer(struct refresh *r, bool force, int64_t now_s);
/* Ask at once for what is newer (a staged tail was dropped); unlike the
 * operator's transfer, what was rejected stays held back. */
void refresh_now(struct refresh *r);
/* Ask within a second. */
void refresh_soon(struct refresh *r, int64_t now_s);
/* A full zone at once, from this primary (-1: the next), of a newer serial:
 * when the staged chain has grown beyond the zone. */
void refresh_full(struct refresh *r, int primary);
/* recheck, changed verifiers: a rejection is not held against a serial. */
void refresh_forgive(struct refresh *r);

/* The wall clock was set (delta_s: forward if positive), so far the same time
 * has passed: what was due in a minute is due in a minute. The primaries are
 * asked soon all the same. */
void refresh_clock_moved(struct refresh *r, int64_t delta_s, int64_t now_s);

struct refresh_order {
	enum xfr_ask ask;
	unsigned primary;	/* index into the policy's */
	bool is_udp;
	bool accept_any;	/* take any serial (force, expired, empty) */
	bool has_serial;	/* something is published */
	uint32_t from;		/* then: serial to ask from and to compare with,
				 * of the staged tip or the published version */
};
/* True: start this now (it counts as under way from here on). */
bool refresh_decide(struct refresh *r, int64_t now_s, uint32_t random,
    struct refresh_order *order);
bool refresh_is_busy(const struct refresh *r);
/* The serial that a delta must start at to be of use now: of the staged tip,
 * else of what is published; false: nothing is published, only a full zone
 * helps. */
bool refresh_base(const struct refresh *r, uint32_t *serial);

/* What became of the order; from struct xfr_result. */
enum refresh_verdict {
	REFRESH_FAILED,		/* refused, silent, broken: see ixfr_unknown */
	REFRESH_CURRENT,	/* XFR_UP_TO_DATE */
	REFRESH_NEWER,		/* SOA query only */
	REFRESH_GOT_DELTA,
	REFRESH_GOT_ZONE
};
struct refresh_outcome {
	enum refresh_verdict verdict;
	bool is_checked;	/* a completed serial check */
	bool ixfr_unknown;	/* failed: NOTIMP, FORMERR or an empty answer */
	bool bad_delta;		/* failed: an IXFR answer out of order */
	uint32_t serial;	/* offered, when is_checked */
	bool has_expire;
	uint32_t expire_s;
};
struct xfr_result;
void refresh_outcome_of(const struct xfr_result *x, enum xfr_ask ask,
    struct refresh_outcome *o);
void refresh_result(struct refresh *r, const struct refresh_outcome *o,
    int64_t now_s, uint32_t random);
/* The order under way was cancelled by us, or could not be started; nothing is
 * learnt from it. It is asked again a second later. */
void refresh_cancelled(struct refresh *r);

/* When refresh_decide or refresh_state has something new; INT64_MAX: never. */
int64_t refresh_wake_s(const struct refresh *r);
enum refresh_state refresh_state(const struct refresh *r, int64_t now_s);
/* For status: a round of asking is under way. */
bool refresh_is_round(const struct refresh *r);
bool refresh_notified(const struct refresh *r, uint32_t *serial);
/* Index of the primary of the order under way or of the last one; -1. */
int refresh_primary(const struct refresh *r);

/* refresh_inner.h - the body of struct refresh, for refresh.c (events and
 * orders) and refresh_time.c (timers, lease) only. */
#pragma once
#include "xfr/refresh.h"

struct refresh_peer {
	struct addr addr;
	bool axfr_only, use_udp;
	bool is_asked;		/* in this round */
	bool has_seen;		/* SOA query: a serial newer than ours ... */
	uint32_t seen;		/* ... and which */
	bool gave_rejected;	/* the rejected serial was fetched from here */
	int64_t ixfr_off_until_s;	/* does not know IXFR */
};

/* What the next order of the round is about. */
enum refresh_stage {
	STAGE_ASK,	/* the next primary: is there anything newer? */
	STAGE_FETCH,	/* the current one has something newer: get it */
	STAGE_FULL	/* get the whole zone from the current one */
};

/* What a round is for. */
struct refresh_why {
	unsigned from;		/* the primary to begin with */
	bool is_direct;		/* known to be newer: no SOA query before */
	bool may_refetch;	/* the rejected serial may come again */
	bool is_forced;		/* AXFR, any serial */
	bool is_full;		/* begin with an AXFR: its delta was no good */
	bool is_opinion;	/* only of those that never gave what was
				 * rejected */
};

struct refresh {
	struct refresh_policy policy;	/* primaries: not used, see peers */
	struct refresh_peer *peers;
	struct refresh_timers timers;
	int64_t stored_next_s;	/* from the journal, until published at start */
	/* the published version */
	bool is_published;
	uint32_t serial, refresh_s, retry_s, expire_s;
	bool is_expiry_seen;
	unsigned expired_rounds;	/* failed since the zone expired */
	/* the staged tail */
	bool is_staged;
	uint32_t tip;
	/* the round */
	bool is_round, is_busy;
	struct refresh_why why;
	bool is_collecting;	/* multi-primary-check: SOA of all first */
	bool takes_any;		/* next order only: any serial */
	bool has_missed;	/* something newer was there, but not got */
	bool has_checked;	/* a primary completed a serial check */
	enum refresh_stage stage;
	unsigned next;		/* where the search for a primary starts */
	unsigned current;	/* the one asked; valid while is_round */
	int last;		/* -1: none yet */
	struct refresh_order order;	/* under way */
	int64_t ordered_s;	/* when it began */
	/* another round is wanted when this one is over */
	bool is_again;
	bool is_again_anyway;	/* even if nothing newer is notified */
	struct refresh_why again;
	unsigned notified_rounds;	/* fruitless, since the NOTIFY */
};

void refresh_end_round(struct refresh *r, bool is_success, int64_t now_s,
    uint32_t random);
/* A newer serial was announced than we have. */
bool refresh_is_notified_newer(const struct refresh *r);
/* The newest serial that is here, published or not. */
bool refresh_newest(const struct refresh *r, uint32_t *serial);
/* A round: now, or after the one under way (anyway: even if by then nothing
 * newer is notified). */
void refresh_want_round(struct refresh *r, const struct refresh_why *why,
    bool anyway);

/* Seconds to the next check after success, after backoff failed rounds (at
 * least 1), and between fetches of a rejected serial (no jitter). */
int64_t refresh_interval_s(const struct refresh *r, uint32_t random);
int64_t refresh_retry_s(const struct refresh *r, uint32_t random);
uint32_t refresh_rejected_wait_s(const struct refresh *r);
uint32_t refresh_lease_s(const struct refresh *r);
/* A completed serial check: the lease starts again (P7). */
void refresh_renew(struct refresh *r, bool has_option, uint32_t option_s,
    int64_t now_s);
/* The lease and timers of a version just published. */
void refresh_new_lease(struct refresh *r, const struct refresh_version *v,
    int64_t now_s, uint32_t random);
/* The rejected serial must not be fetched now. */
bool refresh_is_held(const struct refresh *r, int64_t now_s);

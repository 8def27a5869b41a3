/* xfr_state.h - the position in an outgoing transfer, and the step that makes
 * one record of it. Internal to src/serve. */
#pragma once
#include "serve/reply.h"
#include "serve/xfr_out.h"

enum xfr_phase {
	XFR_FIRST_SOA,
	XFR_STEPS,	/* IXFR: deltas, oldest first */
	XFR_ZONE,	/* AXFR: all but the apex SOA */
	XFR_END
};

struct xfr_source {
	const struct zone_version *z;
	enum xfr_phase phase;
	unsigned step;		/* XFR_STEPS: index of the one under way */
	struct buf octets;	/* its records */
	struct zone_iter it;
	const struct zone_node *node;
	unsigned rrset_at;
	struct rrset rs;
	uint32_t rr_at;
	bool is_in_rrset;
};

/* AXFR order: SOA, nodes in canonical order, SOA. */
void xfr_source_zone(struct xfr_source *x, const struct zone_version *z);
/* What leads from this serial to the version's: the steps of its history, or
 * the whole zone if there is no chain of them or it is larger than the zone
 * (*why says which; null for steps). */
void xfr_source_from(struct xfr_source *x, const struct zone_version *z,
    uint32_t serial, const char **why);
/* The next record; valid until the next call. False at the end. */
bool xfr_source_next(struct xfr_source *x, struct rr *rr);

/* The whole IXFR answer into a reply, or nothing of it (false). */
bool xfr_out_put_whole(struct reply *r);

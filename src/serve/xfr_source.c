/* xfr_source.c - the records of an outgoing transfer, one after the other
 * (RFC 5936 section 3, RFC 1995 section 4). Pure.
 * Runs in: worker, candidate's worker. Nothing is copied: records point into
 * the sealed zone. */
#include "serve/xfr_state.h"

#include <limits.h>

/* A history that is larger than its zone is not worth sending, unless it is
 * small in itself: then the secondary's own history gains by the differences.
 */
#define SMALL_OCTETS (1024u * 1024)

void
xfr_source_zone(struct xfr_source *x, const struct zone_version *z)
{
	x->z = z;
	x->phase = XFR_FIRST_SOA;
	x->step = UINT_MAX;
	x->node = NULL;
	x->is_in_rrset = false;
	zone_iter_start(z, &x->it);
}

/* The index of the step that starts at serial, if from there on each joins
 * the next; the sum of their octets. */
static bool
find_chain(const struct zone_version *z, uint32_t serial, unsigned *index,
    uint64_t *octets)
{
	unsigned n = zone_step_count(z);
	uint32_t to = zone_serial(z);
	uint64_t sum = 0;
	struct zone_step s;
	for (unsigned i = 0; i < n; i++) {
		if (!zone_step(z, i, &s) || s.to != to)
			return false;
		sum += s.len;
		if (s.from == serial) {
			*index = i;
			*octets = sum;
			return true;
		}
		to = s.from;
	}
	return false;
}

static void
enter_step(struct xfr_source *x, unsigned index)
{
	struct zone_step s;
	x->step = index;
	x->octets = zone_step(x->z, index, &s) ?
	    buf_reading(s.octets, s.len) : buf_reading(NULL, 0);
}

void
xfr_source_from(struct xfr_source *x, const struct zone_version *z,
    uint32_t serial, const char **why)
{
	unsigned index;
	uint64_t octets;
	xfr_source_zone(x, z);
	*why = NULL;
	if (zone_step_count(z) == 0)
		*why = "no ixfr info";
	else if (!find_chain(z, serial, &index, &octets))
		*why = "no history for serial";
	else if (octets > SMALL_OCTETS && octets > zone_wire_octets(z))
		*why = "history is larger than the zone";
	else
		enter_step(x, index);
}

static bool
take_soa(const struct xfr_source *x, struct rr *rr)
{
	struct rrset rs;
	uint32_t at = 0;
	return node_rrset(x->z, zone_apex_node(x->z), TYPE_SOA, &rs) &&
	    rrset_next(&rs, &at, rr);
}

static bool
take_of_steps(struct xfr_source *x, struct rr *rr)
{
	for (;;) {
		if (rr_take(&x->octets, rr))
			return true;
		if (x->step == 0)
			return false;
		enter_step(x, x->step - 1);
	}
}

/* The next RRset of this node, or of the next one. */
static bool
next_rrset(struct xfr_source *x)
{
	const struct zone_node *apex = zone_apex_node(x->z);
	for (;;) {
		if (x->node == NULL) {
			x->node = zone_iter_next(&x->it);
			x->rrset_at = 0;
			if (x->node == NULL)
				return false;
		}
		if (!node_next_rrset(x->z, x->node, &x->rrset_at, &x->rs)) {
			x->node = NULL;
			continue;
		}
		if (x->node != apex || x->rs.type != TYPE_SOA)
			return true;
	}
}

static bool
take_of_zone(struct xfr_source *x, struct rr *rr)
{
	for (;;) {
		if (x->is_in_rrset && rrset_next(&x->rs, &x->rr_at, rr))
			return true;
		x->rr_at = 0;
		x->is_in_rrset = next_rrset(x);
		if (!x->is_in_rrset)
			return false;
	}
}

bool
xfr_source_next(struct xfr_source *x, struct rr *rr)
{
	switch (x->phase) {
	case XFR_FIRST_SOA:
		x->phase = x->step != UINT_MAX ? XFR_STEPS : XFR_ZONE;
		return take_soa(x, rr);
	case XFR_STEPS:
		if (take_of_steps(x, rr))
			return true;
		x->phase = XFR_END;
		return take_soa(x, rr);
	case XFR_ZONE:
		if (take_of_zone(x, rr))
			return true;
		x->phase = XFR_END;
		return take_soa(x, rr);
	case XFR_END:
		return false;
	}
	return false;
}

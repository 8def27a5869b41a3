/* ixfr_fsm.c - order of records in the answers to IXFR (RFC 1995 section 4)
 * and AXFR (RFC 5936 section 2.2).
 * Runs in: xfrd. Pure: no I/O, no clock, no allocation. A stream that does not
 * follow the order exactly is refused at the first record that leaves it; a
 * chain of differences moves forward with each step and never beyond the
 * serial offered, so it ends. */
#include "xfr/ixfr_fsm.h"

#include "dns/rrtype.h"
#include "dns/serial.h"

const char *
xfr_why_text(enum xfr_why why)
{
	static const char *const texts[] = {
#define X(name, text) [name] = text,
		XFR_WHY_TABLE(X)
#undef X
	};
	return texts[why];
}

void
xfr_seq_init(struct xfr_seq *x, const uint8_t *apex, enum xfr_ask ask)
{
	ASSERT(ask == XFR_ASK_IXFR || ask == XFR_ASK_AXFR);
	*x = (struct xfr_seq){ .apex = apex, .ask = ask };
}

void
xfr_first_soa(const struct xfr_seq *x, struct rr *soa)
{
	ASSERT(x->state != XFR_STATE_START);
	struct buf b = buf_reading(x->first, x->first_len);
	bool whole = rr_take(&b, soa);
	ASSERT(whole);
}

static enum xfr_act
refuse(struct xfr_seq *x, enum xfr_why why)
{
	x->state = XFR_STATE_END;
	x->why = why;
	return XFR_ACT_REFUSE;
}

static enum xfr_act
end(struct xfr_seq *x, enum xfr_act act)
{
	x->state = XFR_STATE_END;
	return act;
}

static bool
keep_first(struct xfr_seq *x, const struct rr *rr)
{
	struct buf b = buf_of(x->first, sizeof(x->first));
	if (!rr_put(&b, rr) || !rr_soa_serial(rr, &x->offered))
		return false;
	x->first_len = (uint16_t)b.at;
	return true;
}

static bool
is_same_as_first(const struct xfr_seq *x, const struct rr *rr)
{
	struct rr first;
	xfr_first_soa(x, &first);
	return rr_same(&first, rr);
}

/* RFC 1995 4: a serial that is not newer than ours comes alone, and means that
 * there is nothing to do. In an AXFR the rest is then not worth reading.
 * accept_any speaks of AXFR only: a difference can only lead forward. */
static enum xfr_act
step_start(struct xfr_seq *x, const struct rr *rr)
{
	if (rr->type != TYPE_SOA || !name_equal(rr->owner, x->apex))
		return refuse(x, XFR_WHY_NO_SOA_FIRST);
	if (!keep_first(x, rr))
		return refuse(x, XFR_WHY_SOA_FORMAT);
	x->state = XFR_STATE_FIRST;
	bool takes_any = x->accept_any && x->ask == XFR_ASK_AXFR;
	if (x->has_ours && !takes_any && !serial_newer(x->offered, x->ours))
		return end(x, XFR_ACT_CURRENT);
	return XFR_ACT_HOLD;
}

static enum xfr_act
step_zone(struct xfr_seq *x, const struct rr *rr)
{
	x->state = XFR_STATE_ZONE;
	x->is_zone = true;
	if (rr->type != TYPE_SOA)
		return XFR_ACT_ZONE;
	uint32_t serial;
	if (!rr_soa_serial(rr, &serial))
		return refuse(x, XFR_WHY_SOA_FORMAT);
	if (serial != x->offered)
		return refuse(x, XFR_WHY_OTHER_SOA);
	if (!is_same_as_first(x, rr))
		return refuse(x, XFR_WHY_LAST_SOA);
	return end(x, XFR_ACT_DONE);
}

/* The second record of an answer to IXFR tells its kind (RFC 1995 4). */
static enum xfr_act
step_second(struct xfr_seq *x, const struct rr *rr)
{
	if (x->ask == XFR_ASK_AXFR || rr->type != TYPE_SOA)
		return step_zone(x, rr);
	uint32_t serial;
	if (!rr_soa_serial(rr, &serial))
		return refuse(x, XFR_WHY_SOA_FORMAT);
	if (serial == x->offered)
		return step_zone(x, rr);	/* a zone of an SOA alone */
	if (serial != x->ours)
		return refuse(x, XFR_WHY_START);
	x->at = serial;
	x->state = XFR_STATE_DELETING;
	return XFR_ACT_FROM;
}

static enum xfr_act
step_deleting(struct xfr_seq *x, const struct rr *rr)
{
	uint32_t serial;
	if (rr->type != TYPE_SOA)
		return XFR_ACT_DELETE;
	if (!rr_soa_serial(rr, &serial))
		return refuse(x, XFR_WHY_SOA_FORMAT);
	if (!serial_newer(serial, x->at))
		return refuse(x, XFR_WHY_BACKWARDS);
	if (serial != x->offered && !serial_newer(x->offered, serial))
		return refuse(x, XFR_WHY_OVERSHOOT);
	if (serial == x->offered && !is_same_as_first(x, rr))
		return refuse(x, XFR_WHY_LAST_SOA);
	x->at = serial;
	x->state = XFR_STATE_ADDING;
	return XFR_ACT_TO;
}

static enum xfr_act
step_adding(struct xfr_seq *x, const struct rr *rr)
{
	uint32_t serial;
	if (rr->type != TYPE_SOA)
		return XFR_ACT_ADD;
	if (!rr_soa_serial(rr, &serial))
		return refuse(x, XFR_WHY_SOA_FORMAT);
	if (serial != x->at)
		return refuse(x, XFR_WHY_GAP);
	if (serial != x->offered) {
		x->state = XFR_STATE_DELETING;
		return XFR_ACT_FROM;
	}
	if (!is_same_as_first(x, rr))
		return refuse(x, XFR_WHY_LAST_SOA);
	return end(x, XFR_ACT_DONE);
}

/* What holds for each record wherever it stands; XFR_WHY_NONE when fine. */
static enum xfr_why
record_fault(const struct xfr_seq *x, const struct rr *rr)
{
	if (x->state == XFR_STATE_END)
		return XFR_WHY_AFTER_END;
	if (rr->class != CLASS_IN)
		return XFR_WHY_CLASS;
	if (rrtype_is_meta(rr->type))
		return XFR_WHY_META_TYPE;
	return XFR_WHY_NONE;
}

enum xfr_act
xfr_step(struct xfr_seq *x, const struct rr *rr)
{
	enum xfr_why fault = record_fault(x, rr);
	x->records++;
	if (fault != XFR_WHY_NONE)
		return refuse(x, fault);
	if (x->state != XFR_STATE_START) {
		if (!name_is_at_or_below(rr->owner, x->apex)) {
			x->outside++;
			return XFR_ACT_SKIP;
		}
		if (rr->type == TYPE_SOA && !name_equal(rr->owner, x->apex))
			return refuse(x, XFR_WHY_SOA_BELOW);
	}
	switch (x->state) {
	case XFR_STATE_START:
		return step_start(x, rr);
	case XFR_STATE_FIRST:
		return step_second(x, rr);
	case XFR_STATE_ZONE:
		return step_zone(x, rr);
	case XFR_STATE_DELETING:
		return step_deleting(x, rr);
	case XFR_STATE_ADDING:
		return step_adding(x, rr);
	case XFR_STATE_END:
		break;
	}
	return refuse(x, XFR_WHY_AFTER_END);
}

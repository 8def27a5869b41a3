/* rr.c - record octets: the form of a record outside messages and zones.
 * Runs in: every role. Pure: no I/O; allocation only by struct octets. */
#include "dns/rr.h"

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/rrtype.h"

#define SOA_TIMERS_OCTETS 20

size_t
rr_len(const struct rr *rr)
{
	return name_len(rr->owner) + RR_FIXED_OCTETS + rr->rdata_len;
}

static void
rr_write(uint8_t *to, size_t owner_len, const struct rr *rr)
{
	memcpy(to, rr->owner, owner_len);
	to += owner_len;
	octets_set_u16(to, rr->type);
	octets_set_u16(to + 2, rr->class);
	octets_set_u32(to + 4, rr->ttl);
	octets_set_u16(to + 8, rr->rdata_len);
	if (rr->rdata_len > 0)
		memcpy(to + RR_FIXED_OCTETS, rr->rdata, rr->rdata_len);
}

bool
rr_put(struct buf *b, const struct rr *rr)
{
	size_t owner_len = name_len(rr->owner);
	size_t len = owner_len + RR_FIXED_OCTETS + rr->rdata_len;
	if (buf_left(b) < len)
		return false;
	rr_write(buf_here(b), owner_len, rr);
	b->at += len;
	return true;
}

bool
rr_add(struct octets *o, const struct rr *rr)
{
	size_t owner_len = name_len(rr->owner);
	size_t len = owner_len + RR_FIXED_OCTETS + rr->rdata_len;
	uint8_t *to = octets_reserve(o, len);
	if (to == NULL)
		return false;
	rr_write(to, owner_len, rr);
	o->len += len;
	return true;
}

bool
rr_take(struct buf *b, struct rr *rr)
{
	size_t start = b->at;
	struct rr taken;
	const uint8_t *fixed;
	if (!name_take(b, &taken.owner) ||
	    !buf_take(b, RR_FIXED_OCTETS, &fixed))
		goto fail;
	taken.type = octets_u16(fixed);
	taken.class = octets_u16(fixed + 2);
	taken.ttl = octets_u32(fixed + 4);
	taken.rdata_len = octets_u16(fixed + 8);
	if (!buf_take(b, taken.rdata_len, &taken.rdata))
		goto fail;
	*rr = taken;
	return true;
fail:
	b->at = start;
	return false;
}

bool
rr_same(const struct rr *a, const struct rr *b)
{
	return a->type == b->type && a->class == b->class &&
	    name_equal(a->owner, b->owner) &&
	    rdata_compare(a->type, a->rdata, a->rdata_len, b->rdata,
	    b->rdata_len) == 0;
}

bool
rr_soa(const struct rr *rr, struct soa *soa)
{
	struct buf b = buf_reading(rr->rdata, rr->rdata_len);
	struct soa s;
	if (rr->type != TYPE_SOA || !name_take(&b, &s.mname) ||
	    !name_take(&b, &s.rname) || buf_left(&b) != SOA_TIMERS_OCTETS)
		return false;
	const uint8_t *p = buf_here(&b);
	s.serial = octets_u32(p);
	s.refresh = octets_u32(p + 4);
	s.retry = octets_u32(p + 8);
	s.expire = octets_u32(p + 12);
	s.minimum = octets_u32(p + 16);
	*soa = s;
	return true;
}

bool
rr_soa_serial(const struct rr *rr, uint32_t *serial)
{
	struct soa soa;
	if (!rr_soa(rr, &soa))
		return false;
	*serial = soa.serial;
	return true;
}

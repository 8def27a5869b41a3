/* node.c - reading node records (zone.h).
 * Runs in: store and its forks. Never writes. */
#include "zone/node.h"

#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/version.h"

static inline uint16_t
type_at(const uint8_t *p)
{
	return octets_u16(p);
}

/* Length of the RRset's head and of its data in the node. */
static inline size_t
rrset_extent(const uint8_t *p, size_t *data_len)
{
	uint8_t flags = p[2];
	size_t head = flags & RRSET_WIDE ? 9 : 6;
	*data_len = flags & RRSET_WIDE ? octets_u32(p + 5) : octets_u16(p + 4);
	return head + (flags & RRSET_ODD ? 0 : 4);
}

static inline const uint8_t *
rrset_skip(const uint8_t *p)
{
	size_t data_len, head = rrset_extent(p, &data_len);
	return p + head + data_len;
}

static uint32_t
lowest_ttl(const struct rrset *rs)
{
	struct rr rr;
	uint32_t at = 0, lowest = UINT32_MAX;
	while (rrset_next(rs, &at, &rr))
		if (rr.ttl < lowest)
			lowest = rr.ttl;
	return lowest;
}

static void
rrset_open(const struct zone_version *z, const struct zone_node *n,
    const uint8_t *p, struct rrset *rs)
{
	size_t data_len, head = rrset_extent(p, &data_len);
	uint8_t flags = p[2];
	rs->zone = z;
	rs->type = type_at(p);
	rs->count = flags & RRSET_WIDE ? octets_u16(p + 3) : p[3];
	rs->owner = n->octet;
	rs->data = p + head;
	rs->data_len = (uint32_t)data_len;
	rs->ttls = NULL;
	if (flags & RRSET_ODD) {
		rs->ttls = rs->data;
		rs->owner = rs->data + 4;
		rs->ttl = lowest_ttl(rs);
		return;
	}
	rs->ttl = octets_u32(p + head - 4);
	if (flags & RRSET_SHARED) {
		uint32_t ref;
		memcpy(&ref, rs->data, sizeof ref);
		rs->data = z->base + (size_t)ref * REGION_UNIT;
		memcpy(&rs->data_len, rs->data, sizeof rs->data_len);
		rs->data += sizeof rs->data_len;
	}
}

bool
node_rrset(const struct zone_version *z, const struct zone_node *n,
    uint16_t type, struct rrset *rs)
{
	const uint8_t *p = n->octet + n->owner_len;
	const uint8_t *end = (const uint8_t *)n + n->octets;
	while (p < end && type_at(p) < type)
		p = rrset_skip(p);
	if (p >= end || type_at(p) != type)
		return false;
	rrset_open(z, n, p, rs);
	return true;
}

bool
node_next_rrset(const struct zone_version *z, const struct zone_node *n,
    unsigned *at, struct rrset *rs)
{
	const uint8_t *p = n->octet + n->owner_len + *at;
	if (p >= (const uint8_t *)n + n->octets)
		return false;
	rrset_open(z, n, p, rs);
	*at += (unsigned)(rrset_skip(p) - p);
	return true;
}

const uint8_t *
node_owner(const struct zone_version *z, const struct zone_node *n)
{
	(void)z;
	return n->octet;
}

bool
rrset_next(const struct rrset *rs, uint32_t *at, struct rr *rr)
{
	const uint8_t *p = rs->data + *at;
	if (*at >= rs->data_len)
		return false;
	rr->type = rs->type;
	rr->class = CLASS_IN;
	rr->ttl = rs->ttl;
	rr->owner = rs->owner;
	if (rs->ttls != NULL) {
		rr->ttl = octets_u32(p);
		rr->owner = p + 4;
		p += 4 + name_len(rr->owner);
	}
	rr->rdata_len = octets_u16(p);
	rr->rdata = p + 2;
	*at = (uint32_t)(rr->rdata + rr->rdata_len - rs->data);
	return true;
}

bool
node_next_rrsig(const struct zone_version *z, const struct zone_node *n,
    uint16_t covered, uint32_t *at, struct rr *rr)
{
	struct rrset rs;
	if (!node_rrset(z, n, TYPE_RRSIG, &rs))
		return false;
	while (rrset_next(&rs, at, rr))
		if (rr->rdata_len >= 2 && octets_u16(rr->rdata) == covered)
			return true;
	return false;
}

bool
node_is_cut(const struct zone_node *n)
{
	return n->facts & NODE_CUT;
}

bool
node_has_ds(const struct zone_node *n)
{
	return n->facts & NODE_DS;
}

bool
node_has_cname(const struct zone_node *n)
{
	return n->facts & NODE_CNAME;
}

bool
node_records(const struct zone_version *z, const struct zone_node *n,
    struct recs *r)
{
	struct rrset rs;
	struct rr rr;
	unsigned at = 0;
	while (node_next_rrset(z, n, &at, &rs)) {
		uint32_t rr_at = 0;
		while (rrset_next(&rs, &rr_at, &rr))
			if (!recs_add(r, &rr))
				return false;
	}
	return true;
}

bool
node_has_shared(const struct zone_node *n)
{
	const uint8_t *p = n->octet + n->owner_len;
	const uint8_t *end = (const uint8_t *)n + n->octets;
	for (; p < end; p = rrset_skip(p))
		if (p[2] & RRSET_SHARED)
			return true;
	return false;
}

/* node_write.c - packing records into a node.
 * Runs in: store and candidate. */
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/node.h"

#define NODE_HEAD offsetof(struct zone_node, octet)
#define SHARE_LEAST 12
#define SHARE_MOST 4096

/* One RRset on its way into a node. */
struct packing {
	const struct rr *rr;
	size_t n;
	size_t data_len;	/* in the node */
	uint8_t flags;
	uint32_t shared;
};

static bool
is_odd(const uint8_t *owner, const struct rr *rr, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rr[i].ttl != rr[0].ttl ||
		    (rr[i].owner != owner &&
		    !name_identical(rr[i].owner, owner)))
			return true;
	return false;
}

static uint8_t *
put_data(const struct packing *p, uint8_t *to, size_t owner_len)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct rr *rr = p->rr + i;
		if (p->flags & RRSET_ODD) {
			octets_set_u32(to, rr->ttl);
			memcpy(to + 4, rr->owner, owner_len);
			to += 4 + owner_len;
		}
		octets_set_u16(to, rr->rdata_len);
		memcpy(to + 2, rr->rdata, rr->rdata_len);
		to += 2 + rr->rdata_len;
	}
	return to;
}

/* Which data occurs again and again in real zones. */
static bool
is_worth_sharing(const struct packing *p)
{
	uint16_t t = p->rr->type;
	return (t == TYPE_NS || t == TYPE_MX || t == TYPE_TXT) &&
	    !(p->flags & RRSET_ODD) && p->data_len >= SHARE_LEAST &&
	    p->data_len <= SHARE_MOST;
}

static void
try_sharing(const struct node_writer *w, struct packing *p)
{
	uint8_t data[SHARE_MOST];
	if (w->pool == NULL || !is_worth_sharing(p))
		return;
	put_data(p, data, 0);
	p->shared = pool_share(w->pool, w->op, data, (uint32_t)p->data_len);
	if (p->shared == 0)
		return;
	p->flags |= RRSET_SHARED;
	p->data_len = sizeof p->shared;
}

/* Takes the next RRset of the records; false when it is too big. */
static bool
next_packing(const struct node_writer *w, const struct rr *rr, size_t n,
    const uint8_t *owner, size_t owner_len, struct packing *p)
{
	*p = (struct packing){ .rr = rr };
	while (p->n < n && rr[p->n].type == rr->type)
		p->data_len += 2 + (size_t)rr[p->n++].rdata_len;
	if (is_odd(owner, rr, p->n)) {
		p->flags |= RRSET_ODD;
		p->data_len += p->n * (4 + owner_len);
	}
	if (p->n > 65535 || p->data_len > NODE_OCTETS_MAX)
		return false;
	if (p->n > 255 || p->data_len > 65535)
		p->flags |= RRSET_WIDE;
	else
		try_sharing(w, p);
	return true;
}

static size_t
packed_octets(const struct packing *p)
{
	return 3 + (p->flags & RRSET_WIDE ? 6 : 3) +
	    (p->flags & RRSET_ODD ? 0 : 4) + p->data_len;
}

static uint8_t *
put_rrset(const struct packing *p, uint8_t *to, size_t owner_len)
{
	octets_set_u16(to, p->rr->type);
	to[2] = p->flags;
	to += 3;
	if (p->flags & RRSET_WIDE) {
		octets_set_u16(to, (uint16_t)p->n);
		octets_set_u32(to + 2, (uint32_t)p->data_len);
		to += 6;
	} else {
		to[0] = (uint8_t)p->n;
		octets_set_u16(to + 1, (uint16_t)p->data_len);
		to += 3;
	}
	if (!(p->flags & RRSET_ODD)) {
		octets_set_u32(to, p->rr->ttl);
		to += 4;
	}
	if (p->flags & RRSET_SHARED) {
		memcpy(to, &p->shared, sizeof p->shared);
		return to + sizeof p->shared;
	}
	return put_data(p, to, owner_len);
}

static unsigned
fact_of(uint16_t type, bool is_apex)
{
	switch (type) {
	case TYPE_NS:
		return is_apex ? 0 : NODE_CUT;
	case TYPE_DS:
		return NODE_DS;
	case TYPE_DNAME:
		return NODE_DNAME;
	case TYPE_CNAME:
		return NODE_CNAME;
	case TYPE_DNSKEY:
		return NODE_DNSKEY;
	case TYPE_NSEC:
	case TYPE_NSEC3:
		return NODE_NSEC;
	default:
		return 0;
	}
}

struct twig
node_leaf(const struct zone_node *n, uint32_t ref)
{
	uint64_t word = 0;
	if (n->facts & NODE_NSEC)
		word |= TWIG_NSEC;
	if (n->facts & NODE_CUT)
		word |= LEAF_CUT;
	if (n->facts & NODE_DNAME)
		word |= LEAF_DNAME;
	return twig_of(word, ref);
}

/* The RRsets are laid out here first when they are few, which nearly all
 * nodes are; others are measured once and packed again. */
#define FEW 32

enum err
node_write(const struct node_writer *w, const struct rr *rr, size_t n,
    struct twig *leaf)
{
	struct packing few[FEW], p;
	const uint8_t *owner = rr->owner;
	size_t owner_len = name_len(owner), sets = 0;
	size_t octets = NODE_HEAD + owner_len;
	struct node_writer plain = *w;
	unsigned facts = w->is_nsec3 ? NODE_NSEC3 : 0;
	for (size_t i = 0; i < n; i += p.n) {
		/* Beyond the few nothing is shared: packing twice must yield
		 * the same. */
		if (sets >= FEW)
			plain.pool = NULL;
		if (!next_packing(&plain, rr + i, n - i, owner, owner_len,
		    &p))
			return ERR_PEER_SIZE;
		if (sets < FEW)
			few[sets] = p;
		sets++;
		octets += packed_octets(&p);
		facts |= fact_of(rr[i].type, w->is_apex);
		if (octets > NODE_OCTETS_MAX)
			return ERR_PEER_SIZE;
	}
	struct zone_node *node;
	uint32_t ref = mem_alloc(w->op, octets, &node);
	if (ref == 0)
		return ERR_FULL;
	node->octets = (uint32_t)octets;
	node->facts = (uint16_t)facts;
	node->owner_len = (uint8_t)owner_len;
	memcpy(node->octet, owner, owner_len);
	uint8_t *to = node->octet + owner_len;
	for (size_t i = 0, set = 0; i < n; i += p.n, set++) {
		p = few[set < FEW ? set : 0];
		if (set >= FEW && !next_packing(&plain, rr + i, n - i, owner,
		    owner_len, &p))
			return ERR_PEER_SIZE;
		to = put_rrset(&p, to, owner_len);
	}
	*leaf = node_leaf(node, ref);
	return OK;
}

enum err
node_copy(const struct node_writer *w, const struct zone_version *z,
    const struct zone_node *from, struct twig *leaf)
{
	struct zone_node *to;
	if (node_has_shared(from)) {
		struct recs r = { 0 };
		enum err e = node_records(z, from, &r) ?
		    node_write(w, r.rr, r.n, leaf) : ERR_MEMORY;
		recs_free(&r);
		return e;
	}
	uint32_t ref = mem_alloc(w->op, from->octets, &to);
	if (ref == 0)
		return ERR_FULL;
	memcpy(to, from, from->octets);
	*leaf = node_leaf(to, ref);
	return OK;
}

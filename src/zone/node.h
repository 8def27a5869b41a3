/* node.h - node records: one owner and its RRsets, packed.
 *
 * Layout: struct zone_node, owner octets, then RRsets in ascending type order:
 *   TYPE(2) FLAGS(1) COUNT LENGTH [TTL(4)] DATA
 * COUNT and LENGTH have 1 and 2 octets, or 2 and 4 with RRSET_WIDE. DATA is
 * RDLENGTH RDATA for each record in canonical order; with RRSET_ODD (TTLs
 * that differ, or an owner that differs in case from the node's) each record
 * has its own TTL and owner before it and the RRset has no TTL; with
 * RRSET_SHARED it is the reference of a block in the zone's pool. */
#pragma once
#include <stdint.h>

#include "zone/mem.h"
#include "zone/pool.h"
#include "zone/recs.h"
#include "zone/trie.h"
#include "zone/zone.h"

#define NODE_CUT 1u
#define NODE_DS 2u
#define NODE_DNAME 4u
#define NODE_CNAME 8u
#define NODE_NSEC 16u
#define NODE_NSEC3 32u	/* a node of the NSEC3 map */
#define NODE_DNSKEY 64u

#define RRSET_ODD 1u
#define RRSET_SHARED 2u
#define RRSET_WIDE 4u

#define NODE_OCTETS_MAX ((size_t)256 << 20)

struct zone_node {
	uint32_t octets;	/* of the whole record */
	uint16_t facts;
	uint8_t owner_len;
	uint8_t octet[];	/* owner, RRsets */
};

struct node_writer {
	struct mem_op *op;
	struct pool *pool;	/* null: share nothing */
	bool is_nsec3;
	bool is_apex;
};
/* Packs the records of one owner, sorted and unique, at least one. The first
 * record's owner is the node's. *leaf refers to it. ERR_PEER_SIZE when an
 * RRset has more than 65535 records or the node is too big. */
MUST_CHECK enum err node_write(const struct node_writer *w,
    const struct rr *rr, size_t n, struct twig *leaf);
/* Copies a node; shared data goes into the writer's pool or the node. */
MUST_CHECK enum err node_copy(const struct node_writer *w,
    const struct zone_version *z, const struct zone_node *from,
    struct twig *leaf);
/* All records of a node, in rr_order. */
MUST_CHECK bool node_records(const struct zone_version *z,
    const struct zone_node *n, struct recs *r);
/* Do all RRsets keep their data in the node itself? */
bool node_has_shared(const struct zone_node *n);
/* What a leaf says of a node. */
struct twig node_leaf(const struct zone_node *n, uint32_t ref);

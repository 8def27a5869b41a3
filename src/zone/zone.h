/* zone.h - reading a zone version: what the answer, transfer, feed and
 * snapshot code sees of the store.
 *
 * A version is immutable. All of it lies in the store's region and is reached
 * by 32-bit references; nodes and RRsets are handles that are valid as long as
 * the version is. Nothing here writes: workers run on sealed memory. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "dns/nsec3_hash.h"
#include "dns/rr.h"

struct zone_version;	/* one version of one zone */
struct zone_node;	/* a name that owns records; names that own none have no
			 * node: empty non-terminals follow from the map */

struct zone_digest {
	uint8_t octets[16];	/* sum modulo 2^128, little-endian */
};

const uint8_t *zone_apex(const struct zone_version *z);
uint32_t zone_serial(const struct zone_version *z);
const struct zone_digest *zone_digest(const struct zone_version *z);
uint64_t zone_record_count(const struct zone_version *z);
uint64_t zone_node_count(const struct zone_version *z);
/* Octets of the zone as record octets; the measure for ixfr-size etc. */
uint64_t zone_wire_octets(const struct zone_version *z);
const struct zone_node *zone_apex_node(const struct zone_version *z);
/* The apex has DNSKEY; has NSEC at the apex; has NSEC3PARAM with flags 0. */
bool zone_is_signed(const struct zone_version *z);
bool zone_uses_nsec(const struct zone_version *z);

/* NSEC3 parameters in force (RFC 5155 7.3, 4): false when there are none or
 * the chain's parameters are not usable. */
bool zone_nsec3_params(const struct zone_version *z, struct nsec3_params *p);

/* One RRset of a node, unpacked into the caller's struct; points into the
 * zone. */
struct rrset {
	const uint8_t *owner;	/* the owner as it came, case kept */
	uint16_t type;
	uint16_t count;
	uint32_t ttl;		/* the lowest of its records (RFC 2181 5.2) */
	const uint8_t *data;	/* see rrset_next */
	uint32_t data_len;	/* octets in data, however they are packed */
	const uint8_t *ttls;	/* internal: per-record TTLs that differ */
	const struct zone_version *zone;
};
bool node_rrset(const struct zone_version *z, const struct zone_node *n,
    uint16_t type, struct rrset *rs);
/* All RRsets of a node in ascending type order: at starts at 0. RRSIGs are an
 * RRset of type RRSIG here; rrset_next gives them one by one. */
bool node_next_rrset(const struct zone_version *z, const struct zone_node *n,
    unsigned *at, struct rrset *rs);
const uint8_t *node_owner(const struct zone_version *z,
    const struct zone_node *n);
/* Record after record, in canonical rdata order: *at starts at 0. rr->ttl is
 * the record's own TTL. */
bool rrset_next(const struct rrset *rs, uint32_t *at, struct rr *rr);
/* The RRSIGs of a node that cover a type: same iteration. */
bool node_next_rrsig(const struct zone_version *z, const struct zone_node *n,
    uint16_t covered, uint32_t *at, struct rr *rr);
/* Cheap facts, kept with the node. */
bool node_is_cut(const struct zone_node *n);	/* NS, and not the apex */
bool node_has_ds(const struct zone_node *n);
bool node_has_cname(const struct zone_node *n);
/* Below a zone cut or a DNAME: occluded, not authoritative. */
bool node_is_occluded(const struct zone_version *z, const struct zone_node *n);

/* Everything that one walk down the map learns about a name (RFC 1034 4.3.2,
 * RFC 4592, RFC 4035 3.1.3). qname must be at or below the apex. */
struct zone_walk {
	const struct zone_node *exact;	/* the node of qname, or null */
	bool is_empty_nonterminal;	/* qname exists, but owns nothing */
	unsigned encloser_labels;	/* labels of the closest encloser */
	const struct zone_node *encloser; /* its node; null if it is an ENT */
	const struct zone_node *cut;	/* topmost zone cut at or above qname */
	const struct zone_node *dname;	/* topmost DNAME strictly above qname */
	const struct zone_node *wildcard; /* *.<closest encloser>, when qname
					   * does not exist; or null */
	bool wildcard_is_empty;		/* there is one, but it owns nothing:
					 * names stand below it (RFC 4592
					 * 2.2.2, 4.9) */
	const struct zone_node *nsec;	/* the node with NSEC that matches or
					 * covers qname: the last name not
					 * after qname in canonical order that
					 * owns an NSEC; null if no NSEC */
};
void zone_walk(const struct zone_version *z, const uint8_t *qname,
    struct zone_walk *w);
/* Only the exact node (glue look-ups). */
const struct zone_node *zone_find(const struct zone_version *z,
    const uint8_t *name);
/* The NSEC covering a name (the wildcard, say), as zone_walk gives it. */
const struct zone_node *zone_nsec_cover(const struct zone_version *z,
    const uint8_t *name);
/* The node whose NSEC3 of this chain matches (*is_match) or covers the hash. */
const struct zone_node *zone_nsec3_cover(const struct zone_version *z,
    const struct nsec3_params *p, const uint8_t hash[NSEC3_HASH_OCTETS],
    bool *is_match);
/* How many labels the closest provable encloser of a name has, whose closest
 * encloser has *labels (RFC 5155 7.2.1): fewer where empty non-terminals above
 * insecure delegations are not in the chain. Hashes no name. False: there was
 * too much to look at when the version was made, it may have fewer still. */
bool zone_nsec3_encloser(const struct zone_version *z, const uint8_t *name,
    unsigned *labels);

/* All nodes in canonical order (NSEC3 nodes among the others). The iterator
 * lives on the caller's stack; slice by slice is fine. */
struct zone_iter {
	const struct zone_version *zone;
	uint64_t state[1040];
};
void zone_iter_start(const struct zone_version *z, struct zone_iter *it);
/* From the first node after this name (for going on after a pause). */
void zone_iter_after(const struct zone_version *z, const uint8_t *name,
    struct zone_iter *it);
const struct zone_node *zone_iter_next(struct zone_iter *it);

/* Net deltas that led to this version, from published version to published
 * version, newest first: index 0 ends at this version's serial. Octets are
 * record octets: SOA(old) deleted... SOA(new) added... */
struct zone_step {
	uint32_t from, to;
	const uint8_t *octets;
	size_t len;
};
unsigned zone_step_count(const struct zone_version *z);
bool zone_step(const struct zone_version *z, unsigned i, struct zone_step *s);

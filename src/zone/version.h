/* version.h - what a zone version is made of; inside the zone layer only.
 * It lies in zone memory and is written once; tidying moves what it refers to
 * but never changes what it says. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "zone/mem.h"
#include "zone/trie.h"
#include "zone/zone.h"

#define VERSION_SIGNED 1u	/* DNSKEY at the apex */
#define VERSION_NSEC 2u		/* NSEC at the apex */
#define VERSION_OPT_OUT 4u	/* an NSEC3 has the flag, or had in a version
				 * that this one was patched from */
#define VERSION_ENTS_UNKNOWN 8u	/* ents.c: it would have been too much */

/* A net delta kept for outgoing IXFR. */
struct zone_step_row {
	uint32_t from, to;
	uint32_t octets_ref;
	uint32_t len;
};

struct zone_version {
	const uint8_t *base;	/* of zone memory */
	uint64_t records, nodes, wire_octets;
	struct zone_digest digest;
	struct twig main;	/* all names but those of the NSEC3 chain */
	struct twig nsec3;	/* NSEC3 and its RRSIGs, right below the apex */
	uint32_t id;
	uint32_t owner;		/* of its chunks; 0: shared */
	uint32_t serial;
	uint32_t apex_node;
	uint32_t steps;		/* array of rows, newest first; 0: none */
	uint32_t n_steps;
	uint32_t ents;		/* ents.c: 64-bit numbers, ascending; 0: none */
	uint32_t n_ents;
	uint8_t flags;
	uint8_t apex_labels;
	uint8_t apex_len;
	uint8_t apex[];
};

static inline const struct zone_node *
node_at(const struct zone_version *z, uint32_t ref)
{
	return (const struct zone_node *)(const void *)(z->base +
	    (size_t)ref * REGION_UNIT);
}

static inline size_t
version_octets(const struct zone_version *z)
{
	return sizeof *z + z->apex_len;
}

static inline uint32_t
version_ref(const struct zone_version *z)
{
	return (uint32_t)((size_t)((const uint8_t *)z - z->base) / REGION_UNIT);
}

/* trie_key_fn: arg is the version. */
void version_key_of(const void *arg, uint32_t ref, struct zkey *k);
/* Does an NSEC3 of this chain match the hash? */
bool version_has_nsec3(const struct zone_version *z,
    const struct nsec3_params *p, const uint8_t hash[NSEC3_HASH_OCTETS]);
/* The hash that is an NSEC3 owner's first label; false if it is none. */
bool nsec3_hash_of_owner(const uint8_t *owner,
    uint8_t hash[NSEC3_HASH_OCTETS]);
bool nsec3_is_opt_out(const struct rr *rr);
/* Does a record belong to the NSEC3 map? */
bool record_is_nsec3(const struct rr *rr, unsigned apex_labels);

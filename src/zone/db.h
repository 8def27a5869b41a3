/* db.h - the inside of zonedb: zones by number and by name, versions that are
 * made but not yet current. Only within the zone layer. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "zone/digest.h"
#include "zone/mem.h"
#include "zone/pool.h"
#include "zone/recs.h"
#include "zone/version.h"
#include "zone/zonedb.h"

/* From this size on a zone has chunks of its own. */
#define OWN_CHUNKS_FROM ((uint64_t)1 << 20)
/* From this size on it shares RRset data in a pool and keeps old and young
 * chunks apart (tidy.c). Below, that would leave more room unused than it
 * saves: all chunks are young then, and there is no pool. */
#define LAYERED_FROM ((uint64_t)8 << 20)

struct zone_slot {
	uint32_t id;
	uint32_t hash;		/* of the apex */
	struct zone_version *version; /* current; null: no content */
	struct pool *pool;	/* null unless the zone is layered */
	uint32_t open, pool_open; /* their open chunks */
	uint64_t dead;		/* in shared chunks, since the last rewrite */
	uint64_t history_octets;
	uint32_t history_number;
	bool keep_history;
	bool is_touched;	/* changed since tidying looked at it */
	uint8_t apex_labels;
	uint8_t apex_len;
	uint8_t apex[];
};

/* Open addressing, linear; removal closes the gap. */
struct slot_table {
	struct zone_slot **rows;
	uint32_t mask;
	uint32_t n;
};

/* A version that was made and is neither current nor given up. */
struct pending {
	struct pending *next;
	struct zone_version *version;
	struct pool *pool;	/* of a build of a layered zone */
	uint32_t open, pool_open;
	bool is_build;
	struct tally taken, dead;
};

enum tidy_kind { TIDY_NONE, TIDY_YOUNG, TIDY_WHOLE };

/* The zone that is being rewritten. */
struct tidy {
	enum tidy_kind kind;
	uint32_t id;
	uint32_t rounds;
	bool has_cursor;
	struct zkey cursor;	/* done up to here */
	bool in_nsec3;
	uint32_t look_at;	/* of a sweep over all small zones */
	bool in_sweep;
};

struct zonedb {
	struct mem mem;
	struct region_warmer warmer;	/* while a base file is loaded */
	uint8_t key[16];
	struct slot_table by_id, by_apex;
	unsigned most_labels;	/* of any apex there ever was */
	struct pending *pendings;
	struct tidy tidy;
	/* Numbers of zones that changed since tidying looked at them; without
	 * memory for one it is looked at after its next change. */
	uint32_t *touched;
	uint32_t n_touched, touched_room;
	bool shared_changed;	/* octets died in shared chunks */
};

struct zone_slot *slot_of(const struct zonedb *db, uint32_t id);

/* Tidying is to look at the zone. */
void slot_touch(struct zonedb *db, struct zone_slot *s);
/* An operation on a zone's current chunks. */
void slot_op_start(struct zonedb *db, struct zone_slot *s, struct mem_op *op);
/* Keeps what an operation took and left dead with the version it made. */
MUST_CHECK enum err pending_add(struct zonedb *db, struct mem_op *op,
    struct zone_version *v, struct pending *from);
/* Undoes an operation that failed. */
void op_undo(struct zonedb *db, struct mem_op *op);

/* A version block with the zone's facts; roots and counts are the caller's. */
MUST_CHECK struct zone_version *version_alloc(struct zonedb *db,
    struct mem_op *op, const struct zone_slot *s);
/* Flags and apex node from the map. */
MUST_CHECK bool version_finish(struct zone_version *v);
/* The version's empty non-terminals without an NSEC3 (ents.c). Its maps and
 * flags are there; the apex is found. */
MUST_CHECK enum err ents_build(struct mem_op *op, struct zone_version *v);
struct changes;
MUST_CHECK enum err ents_patch(struct mem_op *op,
    const struct zone_version *from, struct zone_version *v,
    const struct changes *c);
void ents_retire(struct mem_op *op, const struct zone_version *v);
/* Everything that a version reaches is dead (shared chunks). */
void version_retire(struct zonedb *db, struct mem_op *op,
    const struct zone_version *v, bool with_steps);
/* The steps of v: the new one, then the old version's, within the limits.
 * copy: the old version's memory is about to go. */
MUST_CHECK bool steps_write(struct zonedb *db, struct mem_op *op,
    const struct zone_slot *s, struct zone_version *v,
    const struct zone_version *old, const uint8_t *net, size_t net_len,
    uint32_t from, bool copy);
/* Of the old version's steps the first so many live on. */
void steps_retire(struct zonedb *db, struct mem_op *op,
    const struct zone_version *old, unsigned stay);

void trouble_set(struct zone_trouble *t, const struct rr *rr,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

MUST_CHECK bool version_soa(const struct zone_version *z, struct rr *soa);

/* What is no fault of the data: memory. Other errors have their text. */
void trouble_local(struct zone_trouble *t, enum err e);

/* One change of a delta; the record points into the delta. */
struct change {
	struct rr rr;
	bool is_add;
	bool is_nsec3;
};

struct changes {
	struct change *at;
	size_t n, room;
	struct rr soa_new;
	uint32_t from, to;
	uint64_t dropped;
};

/* Parses a chain of deltas and sorts it by owner, map, record and sequence. */
MUST_CHECK enum err changes_read(struct changes *c, const uint8_t *octets,
    size_t len, const struct zone_version *z, struct zone_trouble *t);
void changes_free(struct changes *c);
/* How many from i on have the same owner and map. */
size_t changes_group(const struct changes *c, size_t i);

/* What becomes of one owner's records. */
struct merged {
	struct recs keep, dels, adds;
};
MUST_CHECK enum err merge_owner(const struct recs *old,
    const struct change *c, size_t n, struct merged *m,
    struct zone_trouble *t);
void merged_clear(struct merged *m);
void merged_free(struct merged *m);

/* The node of an owner in one of the two maps, or null. */
const struct zone_node *node_of(const struct zone_version *z,
    const uint8_t *owner, bool is_nsec3);

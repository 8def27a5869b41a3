/* pool.h - the slots of all verifiers (verifier-count). Pure: no clock, no
 * process; the supervisor asks it who may start.
 * A number given is a hard limit. Unset: as many as there are cores, at least
 * 4, and one that has run for 10 s no longer counts, 64 in all: a verifier that
 * hangs does not keep other zones waiting. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define POOL_LONG_RUN_MS 10000
#define POOL_UNSET_LEAST 4
#define POOL_UNSET_MOST 64

struct pool;

/* count 0: unset. */
MUST_CHECK enum err pool_create(unsigned count, unsigned cores,
    struct pool **p);
void pool_destroy(struct pool **p);
/* After a reconfiguration; what runs goes on running. */
void pool_set_count(struct pool *p, unsigned count, unsigned cores);

/* A run waits for a slot, behind those that wait already. id: the caller's,
 * unique among all that wait or hold. */
MUST_CHECK enum err pool_ask(struct pool *p, uint64_t id, uint32_t zone_id,
    int64_t now_ms);
/* Gives a slot to the next that may start: the one that has waited longest
 * among zones that hold none, else the one that has waited longest. Call until
 * false, after each ask, release, and at pool_wake_ms. */
bool pool_next(struct pool *p, int64_t now_ms, uint64_t *id);
/* Ended, or no longer waiting. False if the id is unknown. */
bool pool_release(struct pool *p, uint64_t id);
/* When a slot may come free although nothing ends; -1: never. */
int64_t pool_wake_ms(const struct pool *p, int64_t now_ms);

/* For `zonestatus`. */
struct pool_entry {
	uint64_t id;
	uint32_t zone_id;
	int64_t since_ms;	/* when it asked, or got its slot */
};
unsigned pool_waiting_count(const struct pool *p);
unsigned pool_holder_count(const struct pool *p);
/* In the order of their slots; false beyond the last. */
bool pool_holder(const struct pool *p, unsigned i, struct pool_entry *e);
/* Where in the queue a run stands (0: next) and who holds the slot that has
 * been held longest; false if it does not wait. */
bool pool_is_waiting(const struct pool *p, uint64_t id, unsigned *position,
    struct pool_entry *longest);

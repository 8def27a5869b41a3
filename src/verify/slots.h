/* slots.h - the slots of all verifiers (verifier-count). Pure: no clock, no
 * process; the supervisor asks it who may start.
 * A number given is a hard limit. Unset: as many as there are cores, at least
 * 4, and one that has run for 10 s no longer counts, 64 in all: a verifier that
 * hangs does not keep other zones waiting. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SLOTS_LONG_RUN_MS 10000
#define SLOTS_UNSET_LEAST 4
#define SLOTS_UNSET_MOST 64

struct slots;

/* count 0: unset. */
MUST_CHECK enum err slots_create(unsigned count, unsigned cores,
    struct slots **s);
void slots_destroy(struct slots **s);
/* After a reconfiguration; what runs goes on running. */
void slots_set_count(struct slots *s, unsigned count, unsigned cores);

/* A run waits for a slot, behind those that wait already. id: the caller's,
 * unique among all that wait or hold. */
MUST_CHECK enum err slots_ask(struct slots *s, uint64_t id, uint32_t zone_id,
    int64_t now_ms);
/* Gives a slot to the next that may start: the one that has waited longest
 * among zones that hold none, else the one that has waited longest. Call until
 * false, after each ask, release, and at slots_wake_ms. */
bool slots_next(struct slots *s, int64_t now_ms, uint64_t *id);
/* Ended, or no longer waiting. False if the id is unknown. */
bool slots_release(struct slots *s, uint64_t id);
/* When a slot may come free although nothing ends; -1: never. */
int64_t slots_wake_ms(const struct slots *s, int64_t now_ms);

/* For `zonestatus`. */
struct slot {
	uint64_t id;
	uint32_t zone_id;
	int64_t since_ms;	/* when it asked, or got its slot */
};
unsigned slots_waiting_count(const struct slots *s);
unsigned slots_holder_count(const struct slots *s);
/* In the order of their slots; false beyond the last. */
bool slots_holder(const struct slots *s, unsigned i, struct slot *e);
/* Where in the queue a run stands (0: next) and who holds the slot that has
 * been held longest; false if it does not wait. */
bool slots_is_waiting(const struct slots *s, uint64_t id, unsigned *position,
    struct slot *longest);

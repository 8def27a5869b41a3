/* iter.h - what stands in struct zone_iter. */
#pragma once
#include "zone/version.h"
#include "zone/zone.h"

struct iter_state {
	struct trie_walk main, nsec3;
	const struct zone_node *next_main, *next_nsec3; /* heads of the two */
};
_Static_assert(sizeof(struct iter_state) <=
    sizeof(((struct zone_iter *)0)->state), "zone_iter is too small");

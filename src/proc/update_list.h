/* update_list.h - what the files of the update policy share. Private to
 * src/proc/update*.c. */
#pragma once
#include "proc/update.h"

/* By a row of states.def; the policy asks only for what has one. */
void update_fire(struct update *u, enum update_happening h);
struct update *update_by_id(const struct update_zone *z, uint64_t id);
/* Staged, under verification or accepted: its fate is open. */
bool update_is_under_way(const struct update *u);
/* The newest of these, or null. */
struct update *update_tip(const struct update_zone *z);
/* Its chain leads down to a whole version or to what is published now. */
bool update_is_sound(const struct update_zone *z, const struct update *u);
/* Staged ones that stand on it are dropped, and transfers that would; true
 * if a staged one was. */
bool update_drop_above(struct update_zone *z, const struct update *base);
/* When nothing is under way: what operators asked for, then what is due. */
void update_settle(struct update_zone *z, int64_t now_s,
    struct update_acts *acts);

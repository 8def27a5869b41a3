/* fsm.c - look-up tables made of tables/states.def.
 * Always holds: a state moves only by a row of the table. */
#include "base/fsm.h"

#include <stddef.h>

/* Cells hold the next state plus one; 0: no row. */
static const uint8_t update_to[UPDATE_STATES][UPDATE_HAPPENINGS] = {
#define FSM_ONLY_update(...) __VA_ARGS__
#define FSM_ONLY_zone(...)
#define FSM_ONLY_generation(...)
#define TRANSITION(m, from, on, to)                                            \
	FSM_ONLY_##m([UPDATE_##from][ON_UPDATE_##on] = UPDATE_##to + 1, )
#include "tables/states.def"
};
static const char *const update_states[] = {
#define STATE(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
};
static const char *const update_happenings[] = {
#define HAPPENING(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_zone
};

static const uint8_t zone_to[ZONE_STATES][ZONE_HAPPENINGS] = {
#define FSM_ONLY_update(...)
#define FSM_ONLY_zone(...) __VA_ARGS__
#define TRANSITION(m, from, on, to)                                            \
	FSM_ONLY_##m([ZONE_##from][ON_ZONE_##on] = ZONE_##to + 1, )
#include "tables/states.def"
};
static const char *const zone_states[] = {
#define STATE(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
};
static const char *const zone_happenings[] = {
#define HAPPENING(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
#undef FSM_ONLY_zone
#undef FSM_ONLY_generation
};

static const uint8_t generation_to[GENERATION_STATES][GENERATION_HAPPENINGS] = {
#define FSM_ONLY_zone(...)
#define FSM_ONLY_generation(...) __VA_ARGS__
#define TRANSITION(m, from, on, to)                                            \
	FSM_ONLY_##m(                                                          \
	    [GENERATION_##from][ON_GENERATION_##on] = GENERATION_##to + 1, )
#include "tables/states.def"
};
static const char *const generation_states[] = {
#define STATE(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
};
static const char *const generation_happenings[] = {
#define HAPPENING(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_zone
#undef FSM_ONLY_generation
};

static uint64_t update_seen[UPDATE_STATES][UPDATE_HAPPENINGS];
static uint64_t zone_seen[ZONE_STATES][ZONE_HAPPENINGS];
static uint64_t generation_seen[GENERATION_STATES][GENERATION_HAPPENINGS];

struct machine {
	const char *name;
	unsigned states, happenings;
	const uint8_t *to;
	uint64_t *seen;
	const char *const *state_names, *const *happening_names;
};

static const struct machine machines[FSM_MACHINES] = {
	[FSM_UPDATE] = { "update", UPDATE_STATES, UPDATE_HAPPENINGS,
	    &update_to[0][0], &update_seen[0][0], update_states,
	    update_happenings },
	[FSM_ZONE] = { "zone", ZONE_STATES, ZONE_HAPPENINGS, &zone_to[0][0],
	    &zone_seen[0][0], zone_states, zone_happenings },
	[FSM_GENERATION] = { "generation", GENERATION_STATES,
	    GENERATION_HAPPENINGS, &generation_to[0][0],
	    &generation_seen[0][0], generation_states,
	    generation_happenings },
};

bool
fsm_next(enum fsm_machine m, unsigned state, unsigned happening, unsigned *to)
{
	const struct machine *k = &machines[m];
	if (state >= k->states || happening >= k->happenings)
		return false;
	uint8_t cell = k->to[state * k->happenings + happening];
	if (cell == 0)
		return false;
	*to = cell - 1u;
	return true;
}

static enum err
fire(enum fsm_machine m, unsigned state, unsigned happening, unsigned *to)
{
	if (!fsm_next(m, state, happening, to))
		return ERR_TRANSITION;
	machines[m].seen[state * machines[m].happenings + happening]++;
	return OK;
}

enum err
update_state_fire(enum update_state *state, enum update_happening h)
{
	unsigned to;
	enum err e = fire(FSM_UPDATE, *state, h, &to);
	if (e == OK)
		*state = (enum update_state)to;
	return e;
}

enum err
zone_state_fire(enum zone_state *state, enum zone_happening h)
{
	unsigned to;
	enum err e = fire(FSM_ZONE, *state, h, &to);
	if (e == OK)
		*state = (enum zone_state)to;
	return e;
}

enum err
generation_state_fire(enum generation_state *state,
    enum generation_happening h)
{
	unsigned to;
	enum err e = fire(FSM_GENERATION, *state, h, &to);
	if (e == OK)
		*state = (enum generation_state)to;
	return e;
}

const char *
fsm_machine_name(enum fsm_machine m)
{
	return machines[m].name;
}

unsigned
fsm_states(enum fsm_machine m)
{
	return machines[m].states;
}

unsigned
fsm_happenings(enum fsm_machine m)
{
	return machines[m].happenings;
}

const char *
fsm_state_name(enum fsm_machine m, unsigned state)
{
	return state < machines[m].states ? machines[m].state_names[state]
					  : "?";
}

const char *
fsm_happening_name(enum fsm_machine m, unsigned happening)
{
	return happening < machines[m].happenings
	    ? machines[m].happening_names[happening] : "?";
}

uint64_t
fsm_visits(enum fsm_machine m, unsigned state, unsigned happening)
{
	const struct machine *k = &machines[m];
	ASSERT(state < k->states && happening < k->happenings);
	return k->seen[state * k->happenings + happening];
}

const char *
update_state_name(enum update_state s)
{
	return fsm_state_name(FSM_UPDATE, s);
}

const char *
zone_state_name(enum zone_state s)
{
	return fsm_state_name(FSM_ZONE, s);
}

const char *
generation_state_name(enum generation_state s)
{
	return fsm_state_name(FSM_GENERATION, s);
}

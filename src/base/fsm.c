/* fsm.c - look-up tables made of tables/states.def.
 * Always holds: a state moves only by a row of the table. */
#include "base/fsm.h"

#include <stddef.h>

/* Cells hold the next state plus one; 0: no row. */
static const uint8_t update_to[UPDATE_STATES][UPDATE_HAPPENINGS] = {
#define FSM_ONLY_update(...) __VA_ARGS__
#define FSM_ONLY_worker(...)
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
#undef FSM_ONLY_worker
};

static const uint8_t worker_to[WORKER_STATES][WORKER_HAPPENINGS] = {
#define FSM_ONLY_update(...)
#define FSM_ONLY_worker(...) __VA_ARGS__
#define TRANSITION(m, from, on, to)                                            \
	FSM_ONLY_##m([WORKER_##from][ON_WORKER_##on] = WORKER_##to + 1, )
#include "tables/states.def"
};
static const char *const worker_states[] = {
#define STATE(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
};
static const char *const worker_happenings[] = {
#define HAPPENING(m, n) FSM_ONLY_##m(#n, )
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_worker
};

static uint64_t update_seen[UPDATE_STATES][UPDATE_HAPPENINGS];
static uint64_t worker_seen[WORKER_STATES][WORKER_HAPPENINGS];

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
	[FSM_WORKER] = { "worker", WORKER_STATES, WORKER_HAPPENINGS,
	    &worker_to[0][0], &worker_seen[0][0], worker_states,
	    worker_happenings },
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
worker_state_fire(enum worker_state *state, enum worker_happening h)
{
	unsigned to;
	enum err e = fire(FSM_WORKER, *state, h, &to);
	if (e == OK)
		*state = (enum worker_state)to;
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
worker_state_name(enum worker_state s)
{
	return fsm_state_name(FSM_WORKER, s);
}

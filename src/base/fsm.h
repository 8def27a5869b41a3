/* fsm.h - the state machines of tables/states.def as look-up tables.
 * Every pair of state and happening is decided there; what has no row is an
 * error and moves nothing. Visits are counted for the tests' coverage. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A row of the table counts only for the machine whose enum is being made:
 * FSM_ONLY_x(y) yields y for that machine and nothing for the others. */
enum update_state {
#define FSM_ONLY_update(x) x,
#define FSM_ONLY_worker(x)
#define STATE(m, n) FSM_ONLY_##m(UPDATE_##n)
#include "tables/states.def"
};

enum update_happening {
#define HAPPENING(m, n) FSM_ONLY_##m(ON_UPDATE_##n)
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_worker
};

enum worker_state {
#define FSM_ONLY_update(x)
#define FSM_ONLY_worker(x) x,
#define STATE(m, n) FSM_ONLY_##m(WORKER_##n)
#include "tables/states.def"
};

enum worker_happening {
#define HAPPENING(m, n) FSM_ONLY_##m(ON_WORKER_##n)
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_worker
};

/* How many there are of each; no members of the enums, so that a switch over
 * one of them names only what can be. */
enum {
#define FSM_ONLY_update(x) +1
#define FSM_ONLY_worker(x)
#define STATE(m, n) FSM_ONLY_##m(n)
	UPDATE_STATES =
#include "tables/states.def"
#define HAPPENING(m, n) FSM_ONLY_##m(n)
	    , UPDATE_HAPPENINGS =
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_worker
#define FSM_ONLY_update(x)
#define FSM_ONLY_worker(x) +1
#define STATE(m, n) FSM_ONLY_##m(n)
	    , WORKER_STATES =
#include "tables/states.def"
#define HAPPENING(m, n) FSM_ONLY_##m(n)
	    , WORKER_HAPPENINGS =
#include "tables/states.def"
#undef FSM_ONLY_update
#undef FSM_ONLY_worker
};

enum fsm_machine { FSM_UPDATE, FSM_WORKER };
#define FSM_MACHINES 2

/* OK and *state is the next one, or ERR_TRANSITION and it stays. */
MUST_CHECK enum err update_state_fire(enum update_state *state,
    enum update_happening h);
MUST_CHECK enum err worker_state_fire(enum worker_state *state,
    enum worker_happening h);

/* As in the table, upper case; static storage. */
const char *update_state_name(enum update_state s);
const char *worker_state_name(enum worker_state s);

/* For tests, lint and documentation: the table itself. */
const char *fsm_machine_name(enum fsm_machine m);
unsigned fsm_states(enum fsm_machine m);
unsigned fsm_happenings(enum fsm_machine m);
const char *fsm_state_name(enum fsm_machine m, unsigned state);
const char *fsm_happening_name(enum fsm_machine m, unsigned happening);
/* False when no row leads from there. */
bool fsm_next(enum fsm_machine m, unsigned state, unsigned happening,
    unsigned *to);
/* How often this process went by that row. */
uint64_t fsm_visits(enum fsm_machine m, unsigned state, unsigned happening);

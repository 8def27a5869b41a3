/* keeper.h - one small process per verifier that makes sure it ends.
 * The supervisor forks it; it keeps the supervisor's user, starts the
 * verifier, adopts what the verifier leaves behind, and ends all of it (TERM,
 * KILL after the grace) at the time limit, on order, and when the supervisor
 * is gone. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/spawn.h"

#define KEEPER_GRACE_MS 2000

struct keeper_spec {
	struct spawn_spec run;	/* dies_with_parent is set by the keeper */
	unsigned timeout_s;	/* 0: never */
	unsigned grace_ms;	/* between TERM and KILL; 0: KEEPER_GRACE_MS */
};

/* The supervisor's side. */
struct keeper {
	pid_t pid;	/* the keeper's; the supervisor waits for it as for any
			 * child */
	int channel;	/* non-blocking, close-on-exec: readable when there is a
			 * report; closing it ends the verifier */
};

/* The order of reports: STARTED then ENDED, or NOT_STARTED alone; then end of
 * file when the keeper exits, which it does when nothing of the verifier is
 * left. End of file without ENDED or NOT_STARTED: the keeper was killed; the
 * run failed (no wait status is known), and reap_signal_all ends what came
 * back to the supervisor. */
enum keeper_what { KEEPER_STARTED = 1, KEEPER_NOT_STARTED, KEEPER_ENDED };

enum keeper_reason {
	KEEPER_BY_ITSELF = 1,	/* the verifier ended of its own accord */
	KEEPER_BY_TIMEOUT,	/* ended, or to be ended, at the time limit */
	KEEPER_BY_ORDER		/* the supervisor's order or TERM */
};

#define KEEPER_STATUS_UNKNOWN (-1)	/* neither exited nor signalled */

struct keeper_report {
	enum keeper_what what;
	pid_t verifier;		/* STARTED, ENDED */
	enum keeper_reason reason;	/* ENDED */
	int wait_status;	/* ENDED: raw; KEEPER_STATUS_UNKNOWN: it did not
				 * end although it was killed */
	struct spawn_failure failure;	/* NOT_STARTED */
};

/* The descriptors of the spec stay the caller's, who closes them after this.
 * Every other fork of the supervisor must close the channel. */
MUST_CHECK enum err keeper_start(const struct keeper_spec *s, struct keeper *k);
/* The next report; ERR_AGAIN: none yet; ERR_PEER_CLOSED: the keeper is gone
 * (or wrote what no keeper writes). */
MUST_CHECK enum err keeper_read(struct keeper *k, struct keeper_report *r);
/* Orders the verifier's end; its ENDED comes as a report. */
void keeper_cancel(struct keeper *k);
/* Closes the channel: the verifier ends unreported. The keeper is still to be
 * waited for. */
void keeper_close(struct keeper *k);

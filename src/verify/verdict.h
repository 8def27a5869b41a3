/* verdict.h - what a verifier's end means. Pure.
 * Refuse by default: a verdict starts at FAIL and only one fact, an exit with
 * 0 of a verifier that ran undisturbed to its own end, raises it to PASS. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum verdict {
	VERDICT_FAIL,	/* no judgement: could not run, judge or end; retried */
	VERDICT_REJECT,	/* the verifier said no */
	VERDICT_PASS	/* the verifier said yes */
};

/* Why, in one word for the log, the journal and `explain`. */
enum verdict_cause {
	VERDICT_BY_NOTHING,	/* nothing is known: the start value */
	VERDICT_BY_EXIT,	/* its exit code */
	VERDICT_BY_SIGNAL,	/* killed by a signal */
	VERDICT_BY_TIMEOUT,
	VERDICT_BY_ORDER,	/* we ended it */
	VERDICT_BY_START,	/* could not be started */
	VERDICT_BY_CONF,	/* the configuration changed; not counted */
	VERDICT_BY_FEED,	/* our feed broke off */
	VERDICT_BY_LOSS		/* its wait status is lost */
};

/* What is known of a run's end. All zero: nothing, so FAIL. */
struct verdict_facts {
	bool has_started;
	bool is_lost;		/* who was to tell of start and end is gone */
	bool has_ended;		/* wait_status is valid */
	bool is_timed_out;
	bool is_cancelled;	/* ended on our order */
	bool is_feed_broken;	/* by trouble of our own, not by the reader */
	int wait_status;	/* as from waitpid */
};

struct verdict_of_run {
	enum verdict verdict;
	enum verdict_cause cause;
	int exit;		/* -1: did not exit */
	int signal;		/* 0: not signalled */
};
struct verdict_of_run verdict_judge(const struct verdict_facts *f);

/* Of several verifiers of one version: PASS only if there is at least one and
 * all say PASS; REJECT if any says no; else FAIL. */
enum verdict verdict_of_all(const enum verdict *v, unsigned count);

/* "pass", "reject", "fail". */
const char *verdict_text(enum verdict v);

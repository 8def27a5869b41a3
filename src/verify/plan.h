/* plan.h - the verifiers of one version of one zone, one after the other, and
 * the one verdict that comes of it. Several zones run side by side, each with
 * a plan of its own.
 * Runs in: candidate, on its event loop. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "verify/run.h"

struct event_base;
struct verify_plan;

struct verify_step {
	const char *verifier;	/* name */
	enum verify_feed feed;
	size_t output_max;	/* 0: default */
};

struct verify_plan_spec {
	const char *zone;	/* name in the log */
	const struct verify_step *steps;	/* in the order of the zone's
						 * list: request.index */
	unsigned step_count;
	bool runs_all;		/* verify-all: do not stop at the first no */
	/* run, index are filled in; run numbers are first_run + index. */
	struct verify_request request;
	const struct zone_version *version;
	const uint8_t *delta;	/* net delta, or null: nothing published */
	size_t delta_len;
};

struct verify_plan_result {
	enum verdict verdict;
	unsigned count;			/* of steps that have a result */
	const struct verify_result *results;	/* in order; live as long as the
						 * plan */
	const struct verify_result *decisive;	/* the first that did not pass;
						 * null when all did */
};

struct verify_plan_calls {
	/* As in struct verify_run_calls. */
	bool (*send_start)(void *arg, const struct verify_request *r,
	    const int fds[3]);
	void (*send_cancel)(void *arg, uint64_t run);
	/* The last act: the plan may be freed in it. */
	void (*on_verdict)(void *arg, struct verify_plan *p,
	    const struct verify_plan_result *result);
};

/* Nothing is called back before the loop runs. The spec's strings and octets
 * must outlive the plan; the steps are copied. A plan without steps ends with
 * FAIL. */
MUST_CHECK enum err verify_plan_start(struct event_base *loop,
    const struct verify_plan_spec *s, const struct verify_plan_calls *calls,
    void *arg, struct verify_plan **p);
/* The run that is under way, for the supervisor's reports; null when there is
 * none or the number is another one's. */
struct verify_run *verify_plan_run(struct verify_plan *p, uint64_t run);
/* The present step, for `zonestatus`; is_running: its verifier has started
 * (else it waits for a slot). False when no step is under way. */
bool verify_plan_position(const struct verify_plan *p, unsigned *index,
    bool *is_running);
/* Ends the step under way and starts no other; the verdict is FAIL, or REJECT
 * if a verifier had said no. */
void verify_plan_cancel(struct verify_plan *p);
void verify_plan_free(struct verify_plan **p);

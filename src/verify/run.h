/* run.h - one run of one verifier, as the candidate sees it: pipes, feed,
 * output, and the verdict. The process itself belongs to the supervisor, who
 * is reached through the calls given here and tells what became of it.
 * Runs in: candidate, on its event loop. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "verify/feed.h"
#include "verify/request.h"
#include "verify/verdict.h"

struct event_base;
struct verify_run;

struct verify_run_spec {
	const char *zone;	/* name in the log (no final dot) */
	const char *verifier;	/* its name (last part of the path) */
	struct verify_request request;
	struct feed_source feed;
	size_t output_max;	/* octets kept; 0: OUTPUT_KEPT_DEFAULT */
};

struct verify_result {
	struct verdict_of_run end;
	const char *verifier;	/* as in the spec */
	pid_t pid;		/* 0: was never started */
	int64_t duration_ms;	/* from its start to its end */
	const uint8_t *output;	/* what it wrote; lives as long as the run */
	size_t output_len;
	bool output_is_cut;
	const char *reason;	/* one phrase: "exited with 1", "timed out" */
};

struct verify_run_calls {
	/* Sends the request with the verifier's descriptors to the supervisor
	 * (fds[0] is -1 for the feed none); they stay the run's, who closes
	 * them when this returns. False with errno: the run has failed. */
	bool (*send_start)(void *arg, const struct verify_request *r,
	    const int fds[3]);
	/* Asks the supervisor to end this run; its end is still reported. */
	void (*send_cancel)(void *arg, uint64_t run);
	/* The run has its result. Called from the loop or from the functions
	 * below, as their last act: the run may be freed in it. */
	void (*on_end)(void *arg, struct verify_run *r,
	    const struct verify_result *result);
};

/* The strings, the feed's octets and the calls must outlive the run. */
MUST_CHECK enum err verify_run_start(struct event_base *loop,
    const struct verify_run_spec *s, const struct verify_run_calls *calls,
    void *arg, struct verify_run **r);

/* From the supervisor. Whatever comes twice or too late is ignored. */
/* timeout_s: for the log line; 0: never. */
void verify_run_started(struct verify_run *r, pid_t pid, unsigned timeout_s);
/* wait_status raw, from waitpid. */
void verify_run_ended(struct verify_run *r, int wait_status,
    bool is_timed_out);
/* The verifier could not be started; why: "No such file or directory". */
void verify_run_not_started(struct verify_run *r, const char *why);
/* The supervisor has another configuration: FAIL by VERDICT_BY_CONF, which is
 * retried and not counted. */
void verify_run_stale(struct verify_run *r);
/* The supervisor lost the keeper: nothing is known of the verifier. */
void verify_run_lost(struct verify_run *r);

/* Ends the run on our own accord: its result will be FAIL whatever the exit. */
void verify_run_cancel(struct verify_run *r);
bool verify_run_is_running(const struct verify_run *r);	/* started */
uint64_t verify_run_number(const struct verify_run *r);
/* Closes the descriptors and frees, with no result; null is accepted. */
void verify_run_free(struct verify_run **r);

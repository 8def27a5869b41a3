/* verdict.c - what a verifier's end means.
 * Runs in: candidate. Pure. Refuse by default: one line here, and no other in
 * the program, makes a PASS out of a verifier's end. */
#include "verify/verdict.h"

#include <sys/wait.h>

#define EXIT_COULD_NOT_JUDGE 75		/* EX_TEMPFAIL of sysexits.h */
#define EXIT_NOT_EXECUTABLE 126		/* as a shell says it */
#define EXIT_NOT_FOUND 127

/* Whatever disturbed the run decides before its exit code is looked at: a
 * verifier that catches TERM may well exit with 0. */
static enum verdict_cause
cause_of(const struct verdict_facts *f)
{
	if (!f->has_started && f->is_lost && !f->is_cancelled)
		return VERDICT_BY_LOSS;
	if (!f->has_started)
		return f->is_cancelled ? VERDICT_BY_ORDER : VERDICT_BY_START;
	if (f->is_timed_out)
		return VERDICT_BY_TIMEOUT;
	if (f->is_feed_broken)
		return VERDICT_BY_FEED;
	if (f->is_cancelled)
		return VERDICT_BY_ORDER;
	if (!f->has_ended)
		return VERDICT_BY_LOSS;
	if (WIFSIGNALED(f->wait_status))
		return VERDICT_BY_SIGNAL;
	if (!WIFEXITED(f->wait_status))
		return VERDICT_BY_LOSS;
	return VERDICT_BY_EXIT;
}

struct verdict_of_run
verdict_judge(const struct verdict_facts *f)
{
	struct verdict_of_run r = { .verdict = VERDICT_FAIL,
		.cause = cause_of(f), .exit = -1, .signal = 0 };
	if (f->has_started && f->has_ended) {
		if (WIFEXITED(f->wait_status))
			r.exit = WEXITSTATUS(f->wait_status);
		else if (WIFSIGNALED(f->wait_status))
			r.signal = WTERMSIG(f->wait_status);
	}
	if (r.cause != VERDICT_BY_EXIT)
		return r;
	if (r.exit == 0)
		r.verdict = VERDICT_PASS;
	else if (r.exit != EXIT_COULD_NOT_JUDGE &&
	    r.exit != EXIT_NOT_EXECUTABLE && r.exit != EXIT_NOT_FOUND)
		r.verdict = VERDICT_REJECT;
	return r;
}

enum verdict
verdict_of_all(const enum verdict *v, unsigned count)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < count; i++) {
		if (v[i] == VERDICT_REJECT)
			return VERDICT_REJECT;
		if (v[i] == VERDICT_PASS)
			passed++;
	}
	return count > 0 && passed == count ? VERDICT_PASS : VERDICT_FAIL;
}

const char *
verdict_text(enum verdict v)
{
	switch (v) {
	case VERDICT_FAIL:
		return "fail";
	case VERDICT_REJECT:
		return "reject";
	case VERDICT_PASS:
		return "pass";
	}
	return "unknown";
}

/* candidate.h - the dress rehearsal of a window: applies the staged versions,
 * has them verified, reports one verdict per zone, exits.
 * candidate.c: start, channels, end; cand_apply.c: a staged version becomes a
 * zone version and a net delta; cand_verify.c: verifiers and the verdict. */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "proc/daemon.h"
#include "proc/ipc.h"
#include "proc/roles.h"
#include "verify/plan.h"
#include "zone/zonedb.h"

struct candidate;

/* One zone of the window, from its staged octets to its verdict. */
struct cand_zone {
	struct cand_zone *next;
	struct candidate *c;
	const struct candidate_zone *in;
	const struct conf_zone *conf;
	const struct zone_version *version;
	const struct zone_version *before;	/* published; null: none */
	struct octets net;	/* from what is published; empty: not known */
	bool is_whole;		/* publish from what was staged, not the net */
	uint64_t dropped;
	struct verify_step *steps;
	struct verify_plan *plan;
	int64_t started_ms;
	bool is_stale_conf;
	bool is_done;
};

struct candidate {
	struct candidate_start start;
	struct event_base *loop;
	struct ipc *supervisor, *xfrd, *gate;
	struct cand_zone *zones;
	struct progress *progress;
	uint64_t next_run;
	struct ipc *to_worker;	/* closed with us: the worker ends */
	pid_t worker;		/* 0: none */
	bool is_lost;		/* what its verifiers see is no longer what
				 * it is to be judged by */
};

/* Whatever it dies of or stands still at between these is laid to this zone;
 * outside of them any of its zones may be to blame. */
void cand_begin(struct cand_zone *z);
void cand_pause(struct candidate *c);

/* May a verdict be given? The worker that verifiers ask lives. */
bool cand_is_whole(struct candidate *c);

/* False: it does not apply; xfrd was told. */
bool cand_apply(struct cand_zone *z);
/* Reports the verdict at once, or starts the verifiers. */
void cand_verify(struct cand_zone *z);
void cand_verifier_message(struct candidate *c, struct ipc_msg *m);
/* is_let_out: what was verified is what is published from now on. */
void cand_zone_done(struct cand_zone *z, bool is_let_out);

/* supervisor.h - the process that outlives the others.
 * supervisor.c starts it and holds the signals; sup_roles.c forks and repairs
 * the roles; sup_generation.c hands over from worker to worker; sup_verifier.c
 * runs verifiers; sup_conf.c reads and hands out configurations, sup_tls.c what
 * the TLS service is made of.
 * It reads no packets, holds no zone data, and aborts on no message. */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fsm.h"
#include "proc/daemon.h"
#include "proc/ipc.h"
#include "proc/keeper.h"
#include "serve/tls.h"
#include "verify/slots.h"

struct sup;

/* xfrd, store, gate: one of each, always. */
struct sup_role {
	enum role role;
	pid_t pid;		/* 0: not running */
	struct ipc *channel;
	int64_t started_ms;
	unsigned quick_deaths;	/* in a row, each within a second */
	struct event *restart;
	struct sup *sup;
};

struct sup_worker {
	struct sup_worker *next;
	struct sup *sup;
	uint32_t generation, number;
	enum worker_state state;
	struct ipc *channel;
	int pidfd;
};

struct sup_candidate {
	struct sup_candidate *next;
	struct sup *sup;
	uint32_t number;
	struct ipc *channel;
	int pidfd;
};

struct sup_verifier {
	struct sup_verifier *next;
	struct sup *sup;
	uint64_t id;		/* ours, in the pool */
	uint32_t candidate;
	struct verify_request request;
	int fds[3];
	bool is_kept;		/* its keeper runs */
	bool has_ended;		/* reported to the candidate */
	struct keeper keeper;
	pid_t pid;		/* of the verifier, once started */
	unsigned timeout_s;
	int64_t overdue_ms;	/* the keeper must have reported the end by
				 * then; 0: no time limit */
	struct event *readable;
};

struct sup_loader {
	struct sup_loader *next;
	pid_t pid;
	uint32_t id;		/* of xfrd's order */
};

struct sup {
	struct daemon *d;
	struct event_base *loop;
	struct sup_role xfrd, store, gate;
	struct sup_worker *workers;
	uint32_t generation;		/* the newest asked for */
	bool is_switching;		/* old workers are told to stop */
	bool is_refilling;		/* workers that did not start are due */
	bool is_asked_for;		/* the next one, meanwhile */
	bool store_has_forked;		/* the present store: a generation */
	struct event *switch_timer;
	uint8_t ticket_key[TLS_TICKET_KEY_OCTETS];
	struct event *ticket_timer;
	struct sup_candidate *candidates;
	struct slots *slots;
	struct sup_verifier *verifiers;
	uint64_t next_verifier;
	struct event *pool_timer;
	struct event *watch_timer;
	int64_t watched_ms;		/* the last time, monotonic */
	struct sup_loader *loaders;
	bool is_stopping;
	bool has_orphans;		/* a store was lost */
	bool has_served;		/* some generation serves */
	bool has_failed;		/* to start */
};

/* sup_roles.c */
void sup_role_start(struct sup *s, struct sup_role *r);
void sup_role_on_exit(struct sup *s, struct sup_role *r, int status);
void sup_candidates_end(struct sup *s);
/* The descriptor of itself that a worker or candidate sent, or -1: whatever
 * else it may have sent is not ours to signal. */
int sup_take_pidfd(const struct sup *s, struct ipc_msg *m);
struct sup_candidate *sup_candidate_find(struct sup *s, uint32_t number);
/* Looks at the progress of store, xfrd, candidates and keepers; ends what
 * stands still. */
void sup_progress_watch(struct sup *s);

/* sup_generation.c */
void sup_generation_ask(struct sup *s);
void sup_generation_store_gone(struct sup *s);
void sup_workers_end(struct sup *s);

/* sup_verifier.c */
bool sup_verifier_init(struct sup *s);
void sup_verifier_configure(struct sup *s);
void sup_verifier_start(struct sup *s, struct sup_candidate *c,
    struct ipc_msg *m);
void sup_verifier_stop(struct sup *s, uint32_t candidate, uint64_t run);
/* The candidate is gone: its verifiers end. */
void sup_verifier_candidate_gone(struct sup *s, uint32_t candidate);
/* Keepers that let the time limit pass are ended with their verifiers. */
void sup_verifier_watch(struct sup *s);
/* A child that we waited for was perhaps a keeper. */
void sup_verifier_reaped(struct sup *s, pid_t pid, int status);

/* sup_conf.c */
/* Waits for a child that was forked (-1: was not): did it exit with 0? */
bool sup_has_succeeded(pid_t pid);
/* Reads path in a child; the normalised configuration as a memory file, or -1
 * (the child has told what is wrong on standard error and in the log). */
int sup_conf_read(const struct daemon *d, const char *path);
/* Puts a normalised configuration in force in this process. Zone ids of zones
 * that stay are kept. */
bool sup_conf_apply(struct daemon *d, int fd);
/* What another role gets: the normalised text and the ids; -1 on failure. */
int sup_conf_share(const struct daemon *d);
/* reconfig: reads, applies, hands out; *text says how it went. */
bool sup_reconfig(struct sup *s, char *text, size_t room);

/* sup_tls.c */
/* Before anything is started: false when the files are not good (it is said on
 * standard error). */
MUST_CHECK bool sup_tls_start(struct daemon *d);
MUST_CHECK bool sup_tls_init(struct sup *s);
/* Reads the files again. If they are not good, nothing changes. */
void sup_tls_reload(struct sup *s);
void sup_tls_hand_out(struct sup *s, struct sup_worker *w);

/* supervisor.c */
int supervisor_main(struct daemon *d);
/* The first generation serves. */
void sup_serves(struct sup *s);
void sup_stop(struct sup *s);
void sup_order(struct sup *s, struct ipc_msg *m);
void sup_load_file(struct sup *s, struct ipc_msg *m);

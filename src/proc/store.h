/* store.h - the process that owns all zones in memory.
 * store.c: start and messages; store_load.c: what xfrd has from its journal;
 * store_publish.c: accepted versions become the published ones and a new
 * generation of workers; store_fork.c: candidates and scribe; store_scrub.c:
 * is the memory what was published? */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/daemon.h"
#include "proc/ipc.h"
#include "proc/roles.h"
#include "zone/zonedb.h"

struct store;

/* An accepted version on its way. */
struct store_publication {
	struct store_publication *next;
	struct msg_publish order;
	struct ipc_blob blob;
	uint64_t wire_octets, records;
};

/* A window that xfrd has told us, before its candidate is forked. */
struct store_window {
	struct store_window *next;
	uint32_t number;
	struct candidate_zone *zones;
};

struct store_scribe {
	struct store_scribe *next;
	pid_t pid;
	struct msg_wrote_zone result;
};

struct store {
	struct daemon *d;
	struct event_base *loop;
	struct ipc *supervisor, *xfrd;
	struct zonedb *db;
	bool *has_zone;		/* by id: is in db */
	uint32_t has_zone_limit;
	bool is_loaded;		/* xfrd has given all it has */
	bool has_loads;		/* not told yet that they are answered */

	/* waiting -> in a generation being forked -> told to xfrd */
	struct store_publication *waiting, **waiting_end;
	struct store_publication *forked;
	bool generation_wanted;	/* asked for, not serving */
	bool pending_generation; /* zones or configuration have changed */
	uint32_t generation;	/* the newest that we forked workers of */
	int64_t served_ms;
	struct event *publish_timer;

	struct store_window *windows;
	struct store_scribe *scribes;
	struct event *tidy_timer;
};

/* store.c */
void store_configure_zones(struct store *s);

/* store_load.c */
void store_load_message(struct store *s, struct ipc_msg *m);
void store_tell_state(struct store *s);
/* The zone under load, if any, is given up (xfrd is gone). */
void store_load_abort(struct store *s);

/* store_publish.c */
void store_publish_message(struct store *s, struct ipc_msg *m);
void store_generation_message(struct store *s, struct ipc_msg *m);
/* How much the zones take, for the statistics. */
void store_tell_size(const struct store *s);
void store_serving(struct store *s, const struct msg_serving *m);
/* Zones came, went or were loaded: workers need a new generation. */
void store_want_generation(struct store *s);
/* xfrd is gone: what waits is forgotten, it will be told again. */
void store_publish_forget(struct store *s);

/* store_fork.c */
void store_cand_zone(struct store *s, struct ipc_msg *m);
void store_cand_start(struct store *s, const struct msg_cand_start *m);
void store_cand_fork(struct store *s, struct ipc_msg *m);
void store_cand_forget(struct store *s);
void store_write_zone(struct store *s, struct ipc_msg *m);
void store_reaped(struct store *s, pid_t pid, int status);

/* store_scrub.c */
void store_scrub_start(struct store *s);
/* Something was published: all is read again, in a moment. */
void store_scrub_soon(void);
/* False: that child was not of here. */
bool store_scrub_reaped(struct store *s, pid_t pid, int status);

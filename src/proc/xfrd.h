/* xfrd.h - the process that talks to primaries, secondaries and operators, and
 * alone keeps the journal.
 *   xfrd.c          start, channels, the turn: changes are written and
 *                   committed before anything that depends on them leaves
 *   xfrd_zone.c     a zone's machines from configuration and journal
 *   xfrd_intake.c   records of one transfer, into memory or a spool
 *   xfrd_transfer.c when to ask whom, and what came of it
 *   xfrd_window.c   windows and candidates
 *   xfrd_verdict.c  verdicts, and what changed of versions into the journal
 *   xfrd_publish.c  accepted versions to the store, NOTIFY, snapshots
 *   xfrd_load.c     the journal's content to a store that lacks it
 *   xfrd_file.c     zone files in and out
 *   control.c       the control socket; commands.c its commands */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/statedir.h"
#include "journal/journal.h"
#include "proc/daemon.h"
#include "proc/ipc.h"
#include "proc/update.h"
#include "verify/request.h"
#include "xfr/notify_out.h"
#include "xfr/refresh.h"
#include "xfr/xfr_conn.h"

struct xfrd;
struct basefile_writer;

#define LOADERS_MAX 16		/* at a time */

/* Flags of journal_zone. */
#define XZONE_CLEARED 1u	/* older steps must not go out */

/* The records of one transfer or file. Small ones stay in memory, larger ones
 * go to a spool. */
struct intake {
	struct xfrd *x;
	bool is_zone;		/* else a chain of deltas */
	bool is_spooled;
	struct octets mem;
	int fd;
	char file[SPOOL_NAME_MAX];
	struct basefile_writer *base;
	uint64_t len;		/* octets of records */
	uint32_t from, to;
	uint64_t synced;
};

/* What an update needs beyond update.h. */
struct xbody {
	char file[SPOOL_NAME_MAX];	/* "": in the journal */
	uint64_t len;
	bool is_plain;		/* zone octets, not a base file */
	bool has_expire;
	uint32_t expire_s;
	int64_t received_s;
	int primary_index;	/* -1: a file, or not known any more */
	char primary[ADDR_TEXT_MAX];
};

struct xzone {
	struct xfrd *x;
	uint32_t id;
	const struct conf_zone *conf;
	uint32_t conf_number;		/* since when it is as it is */
	struct name apex;		/* lower case: the journal's key */
	struct update_zone updates;
	struct update_acts acts;	/* after the commit of this turn */
	struct refresh *refresh;	/* null: no primaries */
	struct xfr_conn *conn;
	struct refresh_order order;
	struct intake intake;
	struct update *receiving;
	struct notify_zone *notify;

	bool is_published, is_known_to_store;
	bool is_loaded_unnotified;	/* since a start */
	uint32_t serial;
	struct zone_digest digest;
	int64_t published_s;
	uint64_t wire_octets, records;
	struct octets soa;		/* record octets of the published SOA */
	bool is_sent;			/* to the store, for publication */
	bool wants_notify;		/* once the journal knows of it */

	bool is_dirty, is_due;		/* in the lists of the turn */
	bool is_just_staged;		/* by what arrived in this turn */
	bool is_timers_changed;
	/* Questions to primaries in a row, each within FRUITLESS_MS of the
	 * one before, that brought nothing. */
	unsigned fruitless;
	int64_t fruitless_ms;
	struct xzone *next_dirty, *next_due;
	struct event *timer;

	uint64_t delta_octets;		/* since the base */
	int64_t snapshot_s;		/* when the base was made */
	uint64_t snapshot_delta;	/* asked for: covers up to this delta */
	bool is_snapshotting;
	char snapshot_file[SPOOL_NAME_MAX];
	int snapshot_fd;

	bool is_loading_file;
	bool is_file_queued, is_file_forced;	/* waits for a loader */
	struct xzone *next_file;
	bool is_file_alone;	/* who read it with others died */
	int load_fd;
	char load_file[SPOOL_NAME_MAX];	/* "": in memory */
	uint32_t load_order;
	bool load_may_go_back;
	struct journal_zonefile load_facts;
	bool is_writing_file, is_file_old;
	char *write_tmp, *write_path;
	int64_t file_written_s;
	char last_rejection[200];	/* for zonestatus */
};

#define ZONES_PER_CANDIDATE 256
struct xcandidate {
	struct xcandidate *next;
	struct xfrd *x;
	uint32_t number;
	struct ipc *channel;
	unsigned zones;
	uint32_t ids[ZONES_PER_CANDIDATE];
};

struct xloader {
	uint32_t order;			/* 0: free */
	unsigned count;
	uint32_t zones[LOAD_ZONES_MAX];
};

struct control;

struct xfrd {
	struct daemon *d;
	struct event_base *loop;
	struct ipc *supervisor, *store;
	bool is_store_told;	/* state_end came, loads are sent */
	struct statedir *statedir;
	struct journal *journal;
	struct xfr_net *net;
	struct notify_net *notify_net;
	struct xzone **zones;	/* by id */
	uint32_t zone_limit;
	struct xzone *dirty, *due, **due_end;
	struct event *turn_event, *window_event, *minute_event;
	struct window_clock window;
	struct xcandidate *candidates;
	unsigned candidate_count;
	uint32_t next_candidate, next_order;
	uint32_t minutes;
	int64_t booted_s;	/* by the wall clock as it was last */
	struct xzone *files, **files_end;	/* wait for a loader */
	struct xloader loaders[LOADERS_MAX];
	struct control *control;
};

static inline struct xzone *
xfrd_zone(const struct xfrd *x, uint32_t id)
{
	return id < x->zone_limit ? x->zones[id] : NULL;
}

/* xfrd.c */
/* Something of the zone changed: it is written, committed and acted on at the
 * end of this turn. */
void xzone_touch(struct xzone *z);
/* What the policy wants done, after the commit of this turn. */
void xzone_take_acts(struct xzone *z, const struct update_acts *a);
/* All that has changed goes to the journal now. */
void xfrd_commit(struct xfrd *x);
uint32_t xfrd_random(void);
/* The wall clock, UNIX seconds. When it was set, all timers have moved with it
 * before this returns: every use of the time in xfrd goes through here. */
int64_t xfrd_now_s(struct xfrd *x);
/* An order to the supervisor; its number comes back in the answer. */
uint32_t xfrd_order(struct xfrd *x, enum order order, int32_t value);

/* xfrd_zone.c */
bool xfrd_zones_configure(struct xfrd *x);
/* At start: what the journal has of zones that left the configuration while
 * nobody ran. */
bool xfrd_zones_forget(struct xfrd *x);
/* xfrd_cookie.c: which secrets hold now. */
void xfrd_cookies_configure(struct xfrd *x);
void xzone_destroy(struct xzone **z);
/* Row of the shared page, timers into the journal, next wake-up. */
void xzone_refresh_state(struct xzone *z);
void xzone_set_soa(struct xzone *z, const struct rr *soa);
bool xzone_soa(const struct xzone *z, struct rr *rr, struct soa *soa);

/* xfrd_intake.c */
void intake_begin(struct intake *in, struct xfrd *x);
/* Frees memory and an unfinished spool. */
void intake_drop(struct intake *in);
struct xfr_sink intake_sink(struct intake *in);
/* All records came: durable if spooled. */
MUST_CHECK enum err intake_finish(struct intake *in);

/* xfrd_transfer.c */
/* Starts what the zone's policy wants now; sets its timer. */
void xzone_drive(struct xzone *z);
void xzone_cancel(struct xzone *z);
void xfrd_notify_note(struct xfrd *x, const struct notify_note *n);
/* A version came in whole; the body goes into the journal. */
void xzone_arrived(struct xzone *z, struct update *u, struct intake *in,
    enum update_kind kind, struct xbody *body);

/* xfrd_window.c */
void xfrd_windows(struct xfrd *x);
void xzone_due(struct xzone *z);
void xfrd_candidate_channel(struct xfrd *x, uint32_t number, int fd);
void xfrd_candidate_lost(struct xfrd *x, const struct msg_lost *m);
void xfrd_candidates_end(struct xfrd *x);
void xbody_drop(void *arg, struct update *u);

/* xfrd_verdict.c */
/* False: it is none that this candidate may send. */
MUST_CHECK bool xfrd_verdict_message(struct xcandidate *c, struct ipc_msg *m);
/* Writes what changed into the journal (hop 8). */
void xzone_write_updates(struct xzone *z);
/* A version that will not be published as it stands is not asked for again at
 * once, and nothing is asked on top of it. */
void xzone_hold_back(struct xzone *z, const struct update *tip);

/* xfrd_publish.c */
void xzone_publish(struct xzone *z, struct update *u);
void xzone_not_served(struct xzone *z, struct update *u, const char *why);
void xfrd_published(struct xfrd *x, const struct msg_published *m);
void xfrd_publish_failed(struct xfrd *x, const struct msg_publish_failed *m);
void xzone_now_published(struct xzone *z, struct update *u, uint32_t serial,
    const struct zone_digest *digest);
void xzone_snapshot_if_due(struct xzone *z);
void xfrd_wrote_base(struct xzone *z, const struct msg_wrote_zone *m);
void xzone_notify(struct xzone *z);

/* xfrd_load.c */
/* A message to the store with data of the journal behind it: octets, or the
 * spool that holds them. False: it cannot be read, nothing was sent. */
struct xmessage {
	enum msg_type type;
	const void *body;
	size_t body_len;
	uint64_t *blob_len;	/* in the body; filled in */
};
#define XMESSAGE(name, m)                                                      \
	((struct xmessage){ MSG_##name, (m), sizeof(struct msg_##name),        \
	    &(m)->blob_len })
MUST_CHECK bool xfrd_send_data(struct xfrd *x, const struct xmessage *m,
    const struct journal_data *d);
void xfrd_store_channel(struct xfrd *x, int fd);
void xfrd_store_lost(struct xfrd *x, uint32_t zone);
void xfrd_zone_state(struct xfrd *x, const struct msg_zone_state *m);
void xfrd_state_end(struct xfrd *x);
void xfrd_loaded(struct xfrd *x, const struct msg_loaded *m);
/* The SOA of what is published, from the journal. */
bool xzone_read_soa(struct xzone *z);

/* xfrd_file.c */
/* Reads the zone's file if it has changed; force: `reload ZONE`. */
void xzone_load_file(struct xzone *z, bool is_forced);
/* At start and on SIGHUP: as zonefiles-check says. */
void xzone_check_file(struct xzone *z);
/* Loaders for what waits, after a turn. */
void xfrd_start_loaders(struct xfrd *x);
/* The zone goes: it waits for no loader any more. */
void xzone_forget_file(struct xzone *z);
bool xfrd_file_answer(struct xfrd *x, const struct msg_answer *m);
void xzone_write_file(struct xzone *z);
void xfrd_wrote_file(struct xzone *z, const struct msg_wrote_zone *m);

/* control.c */
bool control_start(struct xfrd *x);
void control_answer(struct xfrd *x, const struct msg_answer *m);
/* At the end: replies that are complete go out. */
void control_flush(void);

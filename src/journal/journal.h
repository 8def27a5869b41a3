/* journal.h - the durable state of this installation (LMDB).
 * Runs in: xfrd, which alone opens it.
 *
 * What happens in one turn of the event loop is one transaction: the first
 * put begins it, journal_commit makes it durable, and only then may anything
 * that depends on it leave the process. Reads see the puts of the same turn.
 * A turn with nothing but staged updates and timers survives the death of any
 * process, but a failure of power may undo it: they are asked for again.
 * No read transaction outlives a call.
 *
 * A put that fails spoils the transaction: later puts do nothing and return
 * the same error, and so does journal_commit, which then gives up the whole
 * turn. So puts may go unchecked, the commit may not.
 *
 * Zones are named by their apex in wire format, in lower case. Octets given
 * to a put are copied; octets and texts handed to a callback are valid until
 * it returns or puts something. A callback may read, and put or drop what it
 * was called for; it must not commit or abort. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fsm.h"
#include "base/spool.h"

struct journal;

#define JOURNAL_DIGEST 16
#define JOURNAL_TIMERS_MAX 256
#define JOURNAL_INLINE_MAX (1024 * 1024) /* what is larger stands in a spool */
#define JOURNAL_BASE_MAX (64 * 1024)	/* likewise for a base */
#define JOURNAL_OUTPUT_MAX (64 * 1024)	/* what is kept; the rest is cut */
#define JOURNAL_TEXT_MAX 128		/* short texts, with the final zero */
#define JOURNAL_KEEP_ACCEPTED 100	/* accepted serials in the trail */
#define JOURNAL_KEEP_S (90 * 86400)	/* all else there */

struct journal_settings {
	const char *directory;	/* the state directory */
	size_t map_octets;	/* 0: 64 GiB; address space, not disk */
	/* The last record that names a file is gone for good: called after
	 * the commit, once for each such file, to remove it (spool_remove).
	 * Null: they stay until spool_clean at the next start. */
	void (*on_unused_file)(void *arg, const char *name);
	void *arg;
};

/* Makes the journal if there is none (then the digest key is drawn). Refuses
 * one that is damaged, in use, or of another format: why says so in one line.
 * Nothing is changed in a journal that is refused. */
MUST_CHECK enum err journal_open(const struct journal_settings *s,
    struct journal **j, char why[ERR_WHY_MAX]);
const char *journal_path(const struct journal *j);
/* What was not committed is given up. */
void journal_close(struct journal **j);
/* Secret of this installation, 16 octets (P2). */
const uint8_t *journal_digest_key(const struct journal *j);

/* OK at once when nothing was put. */
MUST_CHECK enum err journal_commit(struct journal *j);
void journal_abort(struct journal *j);
bool journal_is_dirty(const struct journal *j);

struct journal_stats {
	uint64_t commits;
	uint64_t last_commit_us, longest_commit_us;
	uint64_t file_octets, free_octets;	/* of the data file */
};
void journal_stats(struct journal *j, struct journal_stats *s);

/* --- zone ------------------------------------------------------------- */

/* Octets kept here, or the name of a spool file if they are many. */
struct journal_data {
	const uint8_t *octets;	/* null when in a file */
	size_t len;		/* octets; for a file as the caller says */
	const char *file;	/* null or "": kept here */
};

enum journal_base {
	JOURNAL_BASE_NONE,	/* nothing to start from: transfer it anew */
	JOURNAL_BASE_INLINE,	/* journal_read_base */
	JOURNAL_BASE_FILE	/* base_file in the state directory */
};

/* What was published last = base + the deltas with number > base_delta. */
struct journal_zone {
	uint8_t timers[JOURNAL_TIMERS_MAX];	/* opaque here */
	uint16_t timers_len;
	uint32_t flags;				/* opaque here */
	bool is_published;
	uint32_t serial;
	uint8_t digest[JOURNAL_DIGEST];
	int64_t published_s;
	/* Only journal_put_base and the like change what stands below. */
	enum journal_base base;
	uint32_t base_serial;
	uint8_t base_digest[JOURNAL_DIGEST];
	uint64_t base_delta;
	uint64_t last_delta;	/* number of the newest; 0: never one */
	char base_file[SPOOL_NAME_MAX];
};

/* ERR_NOT_FOUND for a zone never put. */
MUST_CHECK enum err journal_zone(struct journal *j, const uint8_t *apex,
    struct journal_zone *z);
/* Timers and flags alone; the rest of the record stays (a new zone gets an
 * empty one). */
enum err journal_put_timers(struct journal *j, const uint8_t *apex,
    const uint8_t *timers, size_t timers_len, uint32_t flags);
/* In the order of the keys; the callback returns false to stop. */
typedef bool journal_zone_fn(void *arg, const uint8_t *apex,
    const struct journal_zone *z);
MUST_CHECK enum err journal_each_zone(struct journal *j, journal_zone_fn *fn,
    void *arg);
/* Everything about a zone that is not configured any more. */
enum err journal_forget_zone(struct journal *j, const uint8_t *apex);
/* That of every zone which is_kept denies. */
typedef bool journal_apex_fn(void *arg, const uint8_t *apex);
MUST_CHECK enum err journal_forget_others(struct journal *j,
    journal_apex_fn *is_kept, void *arg);

/* --- publication: base and net deltas --------------------------------- */

/* A version on its way from accepted to published, and a step of history. */
struct journal_delta {
	bool is_whole;		/* the whole zone, not a difference */
	bool has_from;		/* false: nothing was published before */
	bool goes_back;		/* or other content at the same serial: neither
				 * it nor an older one goes out (P3) */
	uint32_t from, to;
	uint8_t digest[JOURNAL_DIGEST];	/* of the version it leads to */
	int64_t when_s;
	struct journal_data data;
};
typedef bool journal_delta_fn(void *arg, uint64_t number,
    const struct journal_delta *d);

/* The result of an accepted (or held) update: what the store publishes. One
 * for each update; stored with the verdict, before anyone sees the serial. */
enum err journal_put_net(struct journal *j, const uint8_t *apex,
    uint64_t update_id, const struct journal_delta *d);
/* Octets are copied into *copy (d->data.octets points there). */
MUST_CHECK enum err journal_read_net(struct journal *j, const uint8_t *apex,
    uint64_t update_id, struct journal_delta *d, char file[SPOOL_NAME_MAX],
    struct octets *copy);

/* The store published it: the net becomes the newest step of the history, or
 * if whole the new base, and the history is empty. Serial, digest and time go
 * into the zone's record. ERR_NOT_FOUND without a net, ERR_TRANSITION when it
 * does not start at the published serial. With goes_back older steps that
 * the base does not need are dropped. */
enum err journal_publish(struct journal *j, const uint8_t *apex,
    uint64_t update_id, int64_t now_s);
/* The base moves on: the version reached with delta number `delta` (0 or
 * last_delta of the moment it was written), of this serial and digest, stands
 * in this file or octets.
 * Older deltas stay as history until trimmed. ERR_AGAIN, and the turn is not
 * spoilt: overtaken by a newer base; the file is reported as unused. */
enum err journal_put_base(struct journal *j, const uint8_t *apex,
    uint32_t serial, const uint8_t digest[JOURNAL_DIGEST], uint64_t delta,
    const struct journal_data *base);
MUST_CHECK enum err journal_read_base(struct journal *j, const uint8_t *apex,
    struct octets *copy);
/* Drops old steps until at most `number` of at most `octets` together are
 * left; never one that the base needs. */
enum err journal_trim_deltas(struct journal *j, const uint8_t *apex,
    unsigned number, uint64_t octets, unsigned *dropped);
/* No step is kept that the base does not need. */
enum err journal_clear_history(struct journal *j, const uint8_t *apex);
enum journal_order { JOURNAL_OLDEST_FIRST, JOURNAL_NEWEST_FIRST };
MUST_CHECK enum err journal_each_delta(struct journal *j, const uint8_t *apex,
    enum journal_order order, journal_delta_fn *fn, void *arg);

/* --- staged tail ------------------------------------------------------ */

struct journal_update {
	uint64_t id;
	uint64_t base_id;	/* what it stands on; 0: what is published */
	uint8_t kind;		/* opaque here */
	enum update_state state; /* not RECEIVING; VERIFYING goes as STAGED */
	bool has_from;
	uint32_t from, to;
	bool has_digest;
	uint8_t digest[JOURNAL_DIGEST];
	uint16_t attempts, timeouts;
	uint32_t flags;		/* opaque here */
	int64_t received_s, judged_s, retry_s;
	char primary[JOURNAL_TEXT_MAX];	/* address and key, as text */
	struct journal_data data;
	char file[SPOOL_NAME_MAX];	/* filled on reading; data.file points
					 * to the caller's text on writing */
};
/* Ids rise over restarts; never 0. */
uint64_t journal_new_id(struct journal *j);
enum err journal_put_update(struct journal *j, const uint8_t *apex,
    const struct journal_update *u);
/* All but data: state, attempts, times; ERR_NOT_FOUND spoils nothing. */
enum err journal_change_update(struct journal *j, const uint8_t *apex,
    const struct journal_update *u);
/* With its net, if there is one. */
enum err journal_drop_update(struct journal *j, const uint8_t *apex,
    uint64_t id);
/* In the order of their ids. data.octets is valid during the callback. */
typedef bool journal_update_fn(void *arg, const struct journal_update *u);
MUST_CHECK enum err journal_each_update(struct journal *j,
    const uint8_t *apex, journal_update_fn *fn, void *arg);
/* Of all zones, in one pass, for the start. */
typedef bool journal_any_update_fn(void *arg, const uint8_t *apex,
    const struct journal_update *u);
MUST_CHECK enum err journal_each_update_of_all(struct journal *j,
    journal_any_update_fn *fn, void *arg);
/* Octets are copied into *copy (u->data.octets points there). */
MUST_CHECK enum err journal_read_update(struct journal *j,
    const uint8_t *apex, uint64_t id, struct journal_update *u,
    struct octets *copy);

/* --- audit trail ------------------------------------------------------ */

struct journal_verdict {
	uint32_t serial, previous;
	bool has_previous;
	bool is_accepted;	/* counts for the last 100; else the 90 days */
	bool is_unverified;	/* let out by report, waiver, verify-zone */
	uint8_t verdict;	/* opaque here */
	uint8_t digest[JOURNAL_DIGEST];
	char verifier[JOURNAL_TEXT_MAX];	/* empty: the candidate */
	int32_t exit, signal;	/* -1: none */
	uint32_t duration_ms;
	uint16_t attempt;
	int64_t when_s;
	char primary[JOURNAL_TEXT_MAX];
	const uint8_t *output;
	size_t output_len;
};

struct journal_decision {
	uint32_t serial;
	uint8_t digest[JOURNAL_DIGEST];
	uint8_t what;		/* opaque here: approve, reject, recheck ... */
	int64_t when_s;
	char who[JOURNAL_TEXT_MAX];
	char waived[JOURNAL_TEXT_MAX * 2];	/* names of verifiers */
	char reason[JOURNAL_TEXT_MAX * 2];
};

enum err journal_put_verdict(struct journal *j, const uint8_t *apex,
    const struct journal_verdict *v);
enum err journal_put_decision(struct journal *j, const uint8_t *apex,
    const struct journal_decision *d);

/* One of the two is not null. */
struct journal_trail {
	uint64_t number;
	const struct journal_verdict *verdict;
	const struct journal_decision *decision;
};
typedef bool journal_trail_fn(void *arg, const struct journal_trail *t);
MUST_CHECK enum err journal_each_trail(struct journal *j,
    const uint8_t *apex, enum journal_order order, journal_trail_fn *fn,
    void *arg);
/* Keeps JOURNAL_KEEP_ACCEPTED serials and what is younger than
 * JOURNAL_KEEP_S. */
enum err journal_trim_trail(struct journal *j, const uint8_t *apex,
    int64_t now_s, unsigned *dropped);

/* --- zone files ------------------------------------------------------- */

/* The zone file as it was when last read or written by us. */
struct journal_zonefile {
	uint64_t octets;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint32_t serial;
	uint8_t digest[JOURNAL_DIGEST];	/* of the version in it */
};
enum err journal_put_zonefile(struct journal *j, const uint8_t *apex,
    const struct journal_zonefile *f);
MUST_CHECK enum err journal_zonefile(struct journal *j, const uint8_t *apex,
    struct journal_zonefile *f);

/* --- files ------------------------------------------------------------ */

/* A record names this spool file; made for spool_clean. */
bool journal_uses_file(void *journal, const char *name);

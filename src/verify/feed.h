/* feed.h - a zone version, or its net delta, onto a verifier's standard
 * input.
 * Runs in: candidate, on its event loop. Never blocks; holds at most one
 * buffer of text; a reader that closes early is no error. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "verify/request.h"

struct event_base;
struct feed;
struct zone_version;

struct feed_source {
	enum verify_feed kind;
	const struct zone_version *zone;	/* ZONE; DELTA without a delta:
						 * all of it counts as new */
	const uint8_t *delta;	/* DELTA: the net delta's octets; null: nothing
				 * is published yet, or no difference is known:
				 * "; none SERIAL", then the zone with "+ "
				 * before each record */
	size_t delta_len;
};

enum feed_end {
	FEED_WHOLE,	/* all was written */
	FEED_UNREAD,	/* the reader closed before the end */
	FEED_BROKEN	/* trouble of our own: what was read is not whole */
};
typedef void feed_done_fn(void *arg, enum feed_end how);

/* Takes over fd (the write end of a pipe), also on failure. on_done is called
 * once, from the loop, fd being closed already; feed_stop may be called in it.
 * Version and delta must stay until then. SIGPIPE becomes ignored in this
 * process. */
MUST_CHECK enum err feed_start(struct event_base *loop, int fd,
    const struct feed_source *s, feed_done_fn *on_done, void *arg,
    struct feed **f);
/* Octets written so far. */
uint64_t feed_octets(const struct feed *f);
/* Closes and frees, whatever is left; null is accepted. */
void feed_stop(struct feed **f);

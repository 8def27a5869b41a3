/* xfrd_intake.c - the records of one transfer, as they come: in memory while
 * there are few, in a spool of the state directory when there are many.
 * Runs in: xfrd. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proc/xfrd.h"
#include "zone/zonefile.h"

#define WRITE_OCTETS (256u * 1024)
#define SYNC_OCTETS (8u * 1024 * 1024)

void
intake_begin(struct intake *in, struct xfrd *x)
{
	*in = (struct intake){ .x = x, .fd = -1 };
}

static void
forget(struct intake *in)
{
	basefile_abort(&in->base);
	if (in->fd != -1)
		spool_drop(in->x->statedir, in->file);
	fd_close(&in->fd);
	octets_free(&in->mem);
	intake_begin(in, in->x);
}

void
intake_drop(struct intake *in)
{
	if (in->x != NULL)
		forget(in);
}

/* Delta octets that wait in memory go to the spool. */
static enum err
flush_delta(struct intake *in)
{
	if (!fd_write_all(in->fd, in->mem.at, in->mem.len))
		return ERR_IO;
	in->mem.len = 0;
	return OK;
}

/* From memory to a spool: what came so far is written there. */
static enum err
start_spool(struct intake *in)
{
	enum err e = spool_create(in->x->statedir, in->is_zone ?
	    SPOOL_TRANSFER : SPOOL_DELTA, &in->fd, in->file);
	if (e != OK)
		return e;
	in->is_spooled = true;
	if (!in->is_zone)
		return flush_delta(in);
	e = basefile_start(in->fd, &in->base);
	struct buf b = buf_reading(in->mem.at, in->mem.len);
	struct rr rr;
	while (e == OK && buf_left(&b) > 0)
		e = rr_take(&b, &rr) ? basefile_add(in->base, &rr) :
		    ERR_CORRUPT;
	octets_free(&in->mem);
	return e;
}

/* Starts the disk early, so that the end of a large transfer does not wait for
 * all of it; and leaves room on it (P8). */
static enum err
pace(struct intake *in)
{
	if (in->len - in->synced < SYNC_OCTETS)
		return OK;
	in->synced = in->len;
	sync_file_range(in->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return statedir_has_room(in->x->statedir, SYNC_OCTETS) ? OK :
	    ERR_FULL;
}

static enum err
take_record(void *arg, const struct rr *rr)
{
	struct intake *in = arg;
	size_t most = in->is_zone ? JOURNAL_BASE_MAX : JOURNAL_INLINE_MAX;
	enum err e = OK;
	in->len += rr_len(rr);
	if (!in->is_spooled && in->len > most)
		e = start_spool(in);
	if (e != OK)
		return e;
	if (in->base != NULL)
		e = basefile_add(in->base, rr);
	else if (!rr_add(&in->mem, rr))
		e = ERR_MEMORY;
	if (e == OK && in->is_spooled && !in->is_zone &&
	    in->mem.len > WRITE_OCTETS)
		e = flush_delta(in);
	return e == OK && in->is_spooled ? pace(in) : e;
}

static enum err
begin_zone(void *arg, uint32_t serial)
{
	struct intake *in = arg;
	in->is_zone = true;
	in->to = serial;
	return OK;
}

static enum err
begin_delta(void *arg, uint32_t from, uint32_t to)
{
	struct intake *in = arg;
	in->is_zone = false;
	in->from = from;
	in->to = to;
	return OK;
}

static void
reset(void *arg)
{
	forget(arg);
}

struct xfr_sink
intake_sink(struct intake *in)
{
	return (struct xfr_sink){ .begin_zone = begin_zone,
		.begin_delta = begin_delta, .record = take_record,
		.reset = reset, .arg = in };
}

enum err
intake_finish(struct intake *in)
{
	enum err e = OK;
	/* In the journal: a commit that fails for want of room would cost
	 * more than this transfer. */
	if (!in->is_spooled)
		return statedir_has_room(in->x->statedir, in->len) ? OK :
		    ERR_FULL;
	if (in->base != NULL)
		e = basefile_finish(&in->base, in->to);
	else if (!in->is_zone)
		e = flush_delta(in);
	if (e == OK)
		e = spool_keep(in->x->statedir, in->fd, in->file);
	if (e == OK)
		fd_close(&in->fd);
	octets_free(&in->mem);
	return e;
}

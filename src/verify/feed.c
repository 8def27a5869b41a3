/* feed.c - a zone version, or its net delta, onto a verifier's standard input.
 * Runs in: candidate. One event, one buffer, one write: other events of the
 * loop have their turn between any two. What was fed is counted: a zone is
 * whole only if as many records went out as it has. */
#include "verify/feed.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "dns/rr.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "zone/zonefile.h"

#define BUFFER_OCTETS (256u * 1024)
#define PIPE_OCTETS (1024 * 1024)
/* One record may have 64 KiB of rdata, each octet up to four characters. */
#define TEXT_LIMIT (2u * 1024 * 1024)
/* A full pipe is left alone this long: the reader empties much of it then,
 * and we are not woken for each page. */
#define PAUSE_US 1000

struct feed {
	struct feed_source source;
	struct event *writable, *pause;
	int fd;
	struct octets text;	/* of which sent octets are written */
	size_t sent;
	uint64_t written;
	struct zone_text_out zone_out;
	struct octets zone_lines;	/* DELTA without a delta */
	struct buf delta;
	char sign;		/* of delta records: '-' or '+' */
	bool has_head;		/* the line with the serials is out */
	bool is_at_end;
	uint64_t record_count;
	feed_done_fn *on_done;
	void *arg;
};

static void
feed_end_with(struct feed *f, enum feed_end how)
{
	event_del(f->writable);
	event_del(f->pause);
	fd_close(&f->fd);
	f->on_done(f->arg, how);	/* last: f may be freed in it */
}

static uint64_t
count_lines(const uint8_t *at, size_t len)
{
	uint64_t n = 0;
	const uint8_t *end = at + len;
	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		n++;
	}
	return n;
}

static bool
fill_zone(struct feed *f, struct octets *to)
{
	size_t before = to->len;
	f->is_at_end = !zone_text_out_more(&f->zone_out, to, BUFFER_OCTETS);
	if (to->len > before)
		f->record_count += count_lines(to->at + before,
		    to->len - before);
	/* The end may also be a writer that ran out of memory. */
	return !f->is_at_end ||
	    f->record_count == zone_record_count(f->source.zone);
}

/* Nothing is published yet: every record is new. */
static bool
fill_all_new(struct feed *f)
{
	char head[64];
	if (!f->has_head) {
		int n = snprintf(head, sizeof(head), "; none %u\n",
		    zone_serial(f->source.zone));
		f->has_head = true;
		return octets_add(&f->text, head, (size_t)n);
	}
	f->zone_lines.len = 0;
	if (!fill_zone(f, &f->zone_lines))
		return false;
	const uint8_t *at = f->zone_lines.at;
	const uint8_t *end = at + f->zone_lines.len;
	while (at < end) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		size_t n = nl != NULL ? (size_t)(nl - at) + 1 :
		    (size_t)(end - at);
		if (!octets_add(&f->text, "+ ", 2) ||
		    !octets_add(&f->text, at, n))
			return false;
		at += n;
	}
	return true;
}

/* The SOAs of a net delta, which has two: the first is the old one. */
static bool
put_delta_head(struct feed *f)
{
	struct buf b = f->delta;
	struct rr rr;
	uint32_t serial[2];
	unsigned found = 0;
	while (found < 2) {
		if (!rr_take(&b, &rr))
			return false;
		if (rr.type != TYPE_SOA)
			continue;
		if (!rr_soa_serial(&rr, &serial[found]))
			return false;
		found++;
	}
	char head[64];
	int n = snprintf(head, sizeof(head), "; %u %u\n", serial[0],
	    serial[1]);
	f->has_head = true;
	return octets_add(&f->text, head, (size_t)n);
}

static bool
put_delta_record(struct feed *f)
{
	struct rr rr;
	if (!rr_take(&f->delta, &rr))
		return false;
	if (rr.type == TYPE_SOA)
		f->sign = f->sign == '-' ? '+' : '-';
	const char lead[2] = { f->sign, ' ' };
	return octets_add(&f->text, lead, 2) && text_put_rr(&f->text, &rr) &&
	    octets_add(&f->text, "\n", 1);
}

static bool
fill_delta(struct feed *f)
{
	if (!f->has_head && !put_delta_head(f))
		return false;
	while (buf_left(&f->delta) > 0 && f->text.len < BUFFER_OCTETS)
		if (!put_delta_record(f))
			return false;
	f->is_at_end = buf_left(&f->delta) == 0;
	return true;
}

/* False: trouble of our own. */
static bool
feed_fill(struct feed *f)
{
	f->text.len = 0;
	f->sent = 0;
	switch (f->source.kind) {
	case VERIFY_FEED_NONE:
		f->is_at_end = true;
		return true;
	case VERIFY_FEED_ZONE:
		return fill_zone(f, &f->text);
	case VERIFY_FEED_DELTA:
		return f->source.delta == NULL ? fill_all_new(f) :
		    fill_delta(f);
	}
	return false;
}

/* The pipe is full. If the reader took nothing at all since the last time, it
 * is slow: then only its reading wakes us. */
static void
feed_wait(struct feed *f, bool has_progress)
{
	const struct timeval pause = { 0, PAUSE_US };
	if (has_progress && event_add(f->pause, &pause) == 0)
		event_del(f->writable);
	else
		event_add(f->writable, NULL);
}

static void
feed_write(struct feed *f)
{
	size_t left = f->text.len - f->sent;
	ssize_t n = write(f->fd, f->text.at + f->sent, left);
	if (n == -1 && errno == EPIPE) {
		feed_end_with(f, FEED_UNREAD);
		return;
	}
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		feed_end_with(f, FEED_BROKEN);
		return;
	}
	if (n > 0) {
		f->sent += (size_t)n;
		f->written += (uint64_t)n;
	}
	if (n < (ssize_t)left)
		feed_wait(f, n > 0);
}

static void
feed_on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct feed *f = arg;
	event_add(f->writable, NULL);	/* after a pause */
	if (f->sent == f->text.len) {
		if (f->is_at_end) {
			feed_end_with(f, FEED_WHOLE);
			return;
		}
		if (!feed_fill(f)) {
			feed_end_with(f, FEED_BROKEN);
			return;
		}
	}
	if (f->sent < f->text.len)
		feed_write(f);
}

enum err
feed_start(struct event_base *loop, int fd, const struct feed_source *s,
    feed_done_fn *on_done, void *arg, struct feed **feed)
{
	struct feed *f = calloc(1, sizeof(*f));
	if (f == NULL) {
		fd_close(&fd);
		return ERR_MEMORY;
	}
	*f = (struct feed){ .source = *s, .fd = fd, .sign = '+',
		.on_done = on_done, .arg = arg,
		.text.limit = TEXT_LIMIT, .zone_lines.limit = TEXT_LIMIT };
	if (s->kind != VERIFY_FEED_NONE && s->zone != NULL)
		zone_text_out_start(s->zone, &f->zone_out);
	f->delta = buf_reading(s->delta, s->delta_len);
	signal(SIGPIPE, SIG_IGN);
	fd_wish_pipe(fd, PIPE_OCTETS);
	f->writable = event_new(loop, fd, EV_WRITE | EV_PERSIST,
	    feed_on_writable, f);
	f->pause = event_new(loop, -1, 0, feed_on_writable, f);
	if (f->writable == NULL || f->pause == NULL || !fd_set_nonblock(fd) ||
	    event_add(f->writable, NULL) == -1) {
		feed_stop(&f);
		return ERR_SYSTEM;
	}
	*feed = f;
	return OK;
}

uint64_t
feed_octets(const struct feed *f)
{
	return f->written;
}

void
feed_stop(struct feed **f)
{
	struct feed *x = *f;
	if (x == NULL)
		return;
	if (x->writable != NULL)
		event_free(x->writable);
	if (x->pause != NULL)
		event_free(x->pause);
	fd_close(&x->fd);
	octets_free(&x->text);
	octets_free(&x->zone_lines);
	free(x);
	*f = NULL;
}

/* output.c - what a verifier writes to its standard output and error.
 * Runs in: candidate. A verifier that floods costs its own time: beyond what
 * is kept it is read at a bounded rate. */
#include "verify/output.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"

/* In one turn of the loop: each line costs a write to the log, and lines may
 * be short. */
#define READ_OCTETS (8u * 1024)
/* When it is only dropped: this much, then a pause. 25 MiB a second. */
#define DROP_OCTETS (256u * 1024)
#define DROP_PAUSE_US 10000
/* What is taken after the verifier's end: pipes hold at most 1 MiB each; more
 * can only come from a process that it left behind. */
#define FINISH_OCTETS (1024u * 1024)

struct stream {
	struct output *output;
	struct event *readable, *pause;
	int fd;
	bool is_error;
	bool is_continued;	/* the line began in a part before */
	size_t line_len;
	char line[OUTPUT_LINE_MAX];
};

struct output {
	struct stream streams[2];
	char *zone;
	struct octets kept;
	bool is_cut;
};

static void
line_log(struct stream *s, bool is_part)
{
	char text[OUTPUT_LINE_MAX + 8];
	char *end = text;
	if (s->is_continued)
		end = mempcpy(end, ".. ", 3);
	for (size_t i = 0; i < s->line_len; i++)
		/* A zero octet would end the text in the log. */
		*end++ = s->line[i] == '\0' ? '?' : s->line[i];
	const char *rest = is_part ? " .." : "";
	memcpy(end, rest, strlen(rest) + 1);
	if (s->is_error)
		ev_verifier_complains(s->output->zone, text);
	else
		ev_verifier_says(s->output->zone, text);
	s->line_len = 0;
	s->is_continued = is_part;
}

static void
stream_lines(struct stream *s, const char *at, size_t n)
{
	while (n > 0) {
		const char *nl = memchr(at, '\n', n);
		size_t part = nl != NULL ? (size_t)(nl - at) : n;
		if (part > 0 && s->line_len == sizeof(s->line))
			line_log(s, true);
		size_t room = sizeof(s->line) - s->line_len;
		if (part > room) {
			nl = NULL;
			part = room;
		}
		memcpy(s->line + s->line_len, at, part);
		s->line_len += part;
		if (nl != NULL) {
			line_log(s, false);
			part++;
		}
		at += part;
		n -= part;
	}
}

static void
line_end(struct stream *s)
{
	if (s->line_len > 0)
		line_log(s, false);
	s->is_continued = false;
}

static void
stream_take(struct stream *s, const char *at, size_t n)
{
	struct output *o = s->output;
	if (o->is_cut)
		return;
	size_t room = o->kept.limit - o->kept.len;
	size_t take = n < room ? n : room;
	if (take > 0 && octets_add(&o->kept, at, take))
		stream_lines(s, at, take);
	else
		take = 0;
	if (take == n)
		return;
	o->is_cut = true;
	line_end(&o->streams[0]);
	line_end(&o->streams[1]);
	ev_verifier_output_cut(o->zone, o->kept.len);
}

static void
stream_close(struct stream *s)
{
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->pause != NULL)
		event_free(s->pause);
	s->readable = s->pause = NULL;
	fd_close(&s->fd);
}

/* Up to so many octets; returns how many. *is_open false: end of file. */
static size_t
stream_read(struct stream *s, size_t most, bool *is_open)
{
	char octets[64 * 1024];
	size_t done = 0;
	*is_open = true;
	while (done < most) {
		size_t want = most - done < sizeof(octets) ? most - done :
		    sizeof(octets);
		ssize_t n = read(s->fd, octets, want);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n <= 0) {
			*is_open = false;
			break;
		}
		stream_take(s, octets, (size_t)n);
		done += (size_t)n;
	}
	return done;
}

static void
stream_on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct stream *s = arg;
	bool is_open;
	stream_read(s, s->output->is_cut ? DROP_OCTETS : READ_OCTETS,
	    &is_open);
	if (!is_open) {
		line_end(s);
		stream_close(s);
		return;
	}
	const struct timeval pause = { 0, DROP_PAUSE_US };
	if (s->output->is_cut && event_add(s->pause, &pause) == 0)
		event_del(s->readable);
}

static void
stream_on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct stream *s = arg;
	event_add(s->readable, NULL);
}

static bool
stream_open(struct event_base *loop, struct output *o, unsigned i)
{
	struct stream *s = &o->streams[i];
	s->is_error = i == 1;
	s->readable = event_new(loop, s->fd, EV_READ | EV_PERSIST,
	    stream_on_readable, s);
	s->pause = event_new(loop, -1, 0, stream_on_pause_end, s);
	return s->readable != NULL && s->pause != NULL &&
	    fd_set_nonblock(s->fd) && event_add(s->readable, NULL) == 0;
}

enum err
output_start(struct event_base *loop, const char *zone, int fd_out, int fd_err,
    size_t kept_max, struct output **out)
{
	struct output *o = calloc(1, sizeof(*o));
	if (o == NULL) {
		fd_close(&fd_out);
		fd_close(&fd_err);
		return ERR_MEMORY;
	}
	o->streams[0].fd = fd_out;
	o->streams[1].fd = fd_err;
	o->streams[0].output = o->streams[1].output = o;
	o->kept.limit = kept_max > 0 ? kept_max : OUTPUT_KEPT_DEFAULT;
	o->zone = strdup(zone);
	if (o->zone == NULL || !stream_open(loop, o, 0) ||
	    !stream_open(loop, o, 1)) {
		output_free(&o);
		return ERR_SYSTEM;
	}
	*out = o;
	return OK;
}

void
output_finish(struct output *o)
{
	for (unsigned i = 0; i < 2; i++) {
		struct stream *s = &o->streams[i];
		bool is_open;
		if (s->fd != -1)
			stream_read(s, FINISH_OCTETS, &is_open);
		line_end(s);
		stream_close(s);
	}
}

const uint8_t *
output_text(const struct output *o, size_t *len)
{
	*len = o->kept.len;
	return o->kept.at;
}

bool
output_is_cut(const struct output *o)
{
	return o->is_cut;
}

void
output_free(struct output **o)
{
	if (*o == NULL)
		return;
	for (unsigned i = 0; i < 2; i++)
		stream_close(&(*o)->streams[i]);
	octets_free(&(*o)->kept);
	free((*o)->zone);
	free(*o);
	*o = NULL;
}

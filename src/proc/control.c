/* control.c - the control socket: nsd-control's protocol (NSDCT1, one command
 * per connection) on a unix socket.
 * Runs in: xfrd. A client gets a few seconds and a few kilobytes. */
#include "proc/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define TALKS_MAX 32
#define LINE_MAX_OCTETS 4096
#define PATIENCE_S 10
#define ANSWER_PATIENCE_S 300

static const char greeting[] = "NSDCT1 ";

struct talk {
	struct control_talk t;	/* first: found by its address */
	struct talk *next;
	int fd;
	struct event *event;
	size_t line_len;
	char line[LINE_MAX_OCTETS];
	size_t sent;
};

static struct talk *talks;
static unsigned talk_count;

static void
talk_end(struct talk *k)
{
	for (struct talk **at = &talks; *at != NULL; at = &(*at)->next) {
		if (*at != k)
			continue;
		*at = k->next;
		break;
	}
	talk_count--;
	if (k->event != NULL)
		event_free(k->event);
	octets_free(&k->t.reply);
	free(k->t.rest);
	close(k->fd);
	free(k);
}

static bool
has_more(struct talk *k)
{
	if (k->t.more == NULL)
		return false;
	k->t.reply.len = k->sent = 0;
	return k->t.more(&k->t);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval patience = { PATIENCE_S, 0 };
	struct talk *k = arg;
	if ((what & EV_TIMEOUT) != 0) {
		talk_end(k);
		return;
	}
	ssize_t n = send(fd, k->t.reply.at + k->sent,
	    k->t.reply.len - k->sent, MSG_NOSIGNAL);
	if (n > 0)
		k->sent += (size_t)n;
	bool is_broken = n == -1 && errno != EAGAIN && errno != EINTR;
	if (is_broken || (k->sent == k->t.reply.len && !has_more(k))) {
		talk_end(k);
		return;
	}
	event_add(k->event, &patience);
}

static void
on_waited(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	talk_end(arg);
}

static void
talk_event(struct talk *k, short what, event_callback_fn fn, int seconds)
{
	struct timeval t = { seconds, 0 };
	if (k->event != NULL)
		event_free(k->event);
	k->event = event_new(k->t.x->loop, k->fd, what, fn, k);
	ASSERT(k->event != NULL);
	event_add(k->event, &t);
}

static void
talk_reply(struct talk *k)
{
	if (k->t.reply.len == 0)
		control_say(&k->t, "ok\n");
	talk_event(k, EV_WRITE, on_writable, PATIENCE_S);
}

/* Words are apart by white space; there is no quoting, as in nsd-control. */
static void
split_words(struct control_talk *t, char *line)
{
	char *rest = NULL;
	for (char *w = strtok_r(line, " \t\r", &rest); w != NULL &&
	    t->count < CONTROL_WORDS_MAX; w = strtok_r(NULL, " \t\r", &rest))
		t->words[t->count++] = w;
}

/* A secret is nothing for the log. */
static const char *
shown_argument(const struct control_talk *t)
{
	if (t->count < 2)
		return "";
	return strcmp(t->words[0], "add_cookie_secret") == 0 ? "(secret)" :
	    t->words[1];
}

static void
run_line(struct talk *k)
{
	size_t n = strlen(greeting);
	if (strncmp(k->line, greeting, n) != 0) {
		ev_control_not_understood();
		talk_end(k);
		return;
	}
	split_words(&k->t, k->line + n);
	if (k->t.count > 0)
		ev_control_command(k->t.words[0], shown_argument(&k->t));
	control_command(&k->t);
	if (k->t.order == 0)
		talk_reply(k);
	else
		talk_event(k, 0, on_waited, ANSWER_PATIENCE_S);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct talk *k = arg;
	ssize_t n = -1;
	if ((what & EV_READ) != 0)
		n = recv(fd, k->line + k->line_len,
		    sizeof(k->line) - 1 - k->line_len, 0);
	if (n == -1 && (what & EV_READ) != 0 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		talk_end(k);
		return;
	}
	k->line_len += (size_t)n;
	k->line[k->line_len] = '\0';
	char *end = memchr(k->line, '\n', k->line_len);
	if (end != NULL) {
		*end = '\0';
		run_line(k);
	} else if (k->line_len == sizeof(k->line) - 1) {
		ev_control_not_understood();
		talk_end(k);
	}
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	int c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c == -1)
		return;
	struct talk *k = talk_count < TALKS_MAX ? calloc(1, sizeof(*k)) :
	    NULL;
	if (k == NULL) {
		close(c);
		return;
	}
	k->t.x = arg;
	k->fd = c;
	k->next = talks;
	talks = k;
	talk_count++;
	talk_event(k, EV_READ | EV_PERSIST, on_readable, PATIENCE_S);
}

void
control_answer(struct xfrd *x, const struct msg_answer *m)
{
	struct talk *k = talks;
	(void)x;
	while (k != NULL && k->t.order != m->id)
		k = k->next;
	if (k == NULL)
		return;
	control_finish(&k->t, m);
	k->t.order = 0;
	talk_reply(k);
}

void
control_flush(void)
{
	for (struct talk *k = talks; k != NULL; k = k->next)
		if (k->t.order == 0 && k->sent < k->t.reply.len &&
		    send(k->fd, k->t.reply.at + k->sent, k->t.reply.len -
		    k->sent, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
			return;
}

bool
control_start(struct xfrd *x)
{
	const struct sockets *s = &x->d->listening.control;
	for (unsigned i = 0; i < s->count; i++) {
		struct event *e = event_new(x->loop, s->fds[i],
		    EV_READ | EV_PERSIST, on_connection, x);
		if (e == NULL || event_add(e, NULL) == -1)
			return false;
	}
	return true;
}

/* store_fork.c - forks of the store that are no workers: candidates, and the
 * scribe that writes a version to a file.
 * Runs in: store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/log.h"
#include "proc/store.h"
#include "zone/zonefile.h"

#define SCRIBE_NICE 10
#define TEXT_SLICE_OCTETS (1u << 18)

/* A zone of a window with its blob, which stays mapped until the fork. */
struct window_zone {
	struct candidate_zone zone;	/* first: freed by its address */
	struct ipc_blob blob;
};

static struct store_window *
window_find(struct store *s, uint32_t number)
{
	struct store_window *w = s->windows;
	while (w != NULL && w->number != number)
		w = w->next;
	return w;
}

static void
window_remove(struct store *s, struct store_window *w)
{
	for (struct store_window **at = &s->windows; *at != NULL;
	    at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		break;
	}
	while (w->zones != NULL) {
		struct window_zone *z = (struct window_zone *)w->zones;
		w->zones = z->zone.next;
		ipc_blob_close(&z->blob);
		free(z);
	}
	free(w);
}

void
store_cand_zone(struct store *s, struct ipc_msg *m)
{
	const struct msg_cand_zone *b = m->body;
	struct store_window *w = window_find(s, b->number);
	if (w == NULL) {
		w = calloc(1, sizeof(*w));
		ASSERT(w != NULL);
		*w = (struct store_window){ .next = s->windows,
			.number = b->number };
		s->windows = w;
	}
	struct window_zone *z = calloc(1, sizeof(*z));
	ASSERT(z != NULL);
	z->zone.order = *b;
	if (ipc_blob_keep(m, b->blob_len, &z->blob) != OK) {
		/* The candidate finds no octets and refuses. */
		z->blob = (struct ipc_blob){ 0 };
	}
	z->zone.octets = z->blob.octets;
	z->zone.len = z->blob.len;
	z->zone.next = w->zones;
	w->zones = &z->zone;
}

void
store_cand_start(struct store *s, const struct msg_cand_start *b)
{
	struct msg_want_candidate m = { b->number };
	ipc_send(s->supervisor, want_candidate, &m);
}

void
store_cand_fork(struct store *s, struct ipc_msg *m)
{
	const struct msg_candidate *b = m->body;
	const struct sockets *v = &s->d->listening.verify_udp;
	struct store_window *w = window_find(s, b->number);
	int keep[MAX_SOCKETS + 4];
	size_t n = 0;
	for (unsigned i = 0; i < 4; i++)
		keep[n++] = m->fds[i];
	for (unsigned i = 0; i < v->count; i++)
		keep[n++] = v->fds[i];
	if (w == NULL)
		return;	/* its channels close: it is lost */
	struct candidate_start c = { .d = s->d, .db = s->db,
		.number = b->number, .to_supervisor = m->fds[0],
		.to_xfrd = m->fds[1], .to_gate = m->fds[2],
		.data = m->fds[3], .store = getpid(), .zones = w->zones };
	hook_at("hop-5-fork", NULL);
	pid_t pid = role_fork(ROLE_CANDIDATE, b->number, keep, n);
	if (pid == 0)
		candidate_main(&c);
	if (pid == -1)
		ev_system_trouble("fork", strerror(errno));
	window_remove(s, w);
}

void
store_cand_forget(struct store *s)
{
	while (s->windows != NULL)
		window_remove(s, s->windows);
}

static bool
write_text(int fd, const struct zone_version *v)
{
	struct zone_text_out o;
	struct octets text = { 0 };
	bool is_more = true;
	zone_text_out_start(v, &o);
	while (is_more) {
		text.len = 0;
		is_more = zone_text_out_more(&o, &text, TEXT_SLICE_OCTETS);
		if (!fd_write_all(fd, text.at, text.len))
			return false;
	}
	return fsync(fd) == 0;
}

static _Noreturn void
scribe_main(struct store *s, const struct zone_version *v, int fd,
    bool as_text)
{
	zonedb_seal(s->db);
	setpriority(PRIO_PROCESS, 0, SCRIBE_NICE);
	if (as_text)
		_exit(write_text(fd, v) ? 0 : 1);
	_exit(basefile_write_version(fd, v) == OK && fsync(fd) == 0 ? 0 : 1);
}

void
store_write_zone(struct store *s, struct ipc_msg *m)
{
	const struct msg_write_zone *b = m->body;
	struct msg_wrote_zone r = { .zone = b->zone, .id = b->id };
	const struct zone_version *v = b->zone < s->has_zone_limit &&
	    s->has_zone[b->zone] ? zonedb_current(s->db, b->zone) : NULL;
	pid_t pid = -1;
	if (v != NULL) {
		r.serial = zone_serial(v);
		r.digest = *zone_digest(v);
		pid = role_fork(ROLE_SCRIBE, b->zone, m->fds, 1);
		if (pid == 0)
			scribe_main(s, v, m->fds[0], b->as_text);
	}
	if (pid == -1) {
		ipc_send(s->xfrd, wrote_zone, &r);
		return;
	}
	struct store_scribe *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	*c = (struct store_scribe){ .next = s->scribes, .pid = pid,
		.result = r };
	s->scribes = c;
}

void
store_reaped(struct store *s, pid_t pid, int status)
{
	if (store_scrub_reaped(s, pid, status))
		return;
	for (struct store_scribe **at = &s->scribes; *at != NULL;
	    at = &(*at)->next) {
		struct store_scribe *c = *at;
		if (c->pid != pid)
			continue;
		*at = c->next;
		c->result.is_ok = WIFEXITED(status) &&
		    WEXITSTATUS(status) == 0;
		ipc_send(s->xfrd, wrote_zone, &c->result);
		free(c);
		return;
	}
}

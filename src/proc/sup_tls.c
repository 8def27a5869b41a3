/* sup_tls.c - key, certificate and OCSP response of the TLS service: read again
 * whenever the configuration is, and given to the workers.
 *
 * They are read in a child with the first privileges and outside the chroot,
 * and stand in a sealed memory file that goes to workers alone: neither the
 * supervisor nor any other role has the key in its memory. Files that are not
 * good change nothing after the start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/supervisor.h"
#include "serve/tls_files.h"

#define TICKET_KEY_S 86400

static bool
read_files(const struct daemon *d, int fd, bool is_start)
{
	char why[TLS_FILES_WHY_MAX];
	struct octets parts = { 0 };
	if (tls_files_read(&d->conf->server, &parts, why)) {
		/* Served all the same: some clients do not look. */
		if (why[0] != '\0')
			ev_tls_out_of_date(why);
		return fd_write_all(fd, parts.at, parts.len);
	}
	if (is_start)
		fprintf(stderr, "nsd-verify: error: %s\n", why);
	else
		ev_tls_not_read(why);
	return false;
}

/* A sealed memory file, or -1: the child has said why. */
static int
read_in_child(const struct daemon *d, bool is_start)
{
	int fd = memfd_create("tls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1) {
		ev_system_trouble("memfd_create", strerror(errno));
		return -1;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(read_files(d, fd, is_start) ? 0 : 1);
	if (pid == -1)
		ev_system_trouble("fork", strerror(errno));
	if (!sup_has_succeeded(pid) || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL |
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == -1)
		fd_close(&fd);
	return fd;
}

bool
sup_tls_start(struct daemon *d)
{
	d->tls_parts = -1;
	if (!tls_is_wanted(&d->conf->server))
		return true;
	d->tls_parts = read_in_child(d, true);
	return d->tls_parts != -1;
}

void
sup_tls_hand_out(struct sup *s, struct sup_worker *w)
{
	struct msg_tls m;
	if (s->d->tls_parts == -1)
		return;
	int fd = fcntl(s->d->tls_parts, F_DUPFD_CLOEXEC, 3);
	if (fd == -1) {
		ev_system_trouble("TLS for a server", strerror(errno));
		return;
	}
	memcpy(m.ticket_key, s->ticket_key, sizeof(m.ticket_key));
	ipc_send_fds(w->channel, tls, &m, &fd, 1);
}

static void
hand_out_to_all(struct sup *s)
{
	for (struct sup_worker *w = s->workers; w != NULL; w = w->next)
		if (w->state == WORKER_STARTING || w->state == WORKER_READY ||
		    w->state == WORKER_SERVING)
			sup_tls_hand_out(s, w);
}

void
sup_tls_reload(struct sup *s)
{
	struct daemon *d = s->d;
	bool is_wanted = tls_is_wanted(&d->conf->server);
	if (d->listening.tls.count == 0) {
		if (is_wanted)
			ev_tls_needs_restart();
		return;
	}
	if (!is_wanted) {
		ev_tls_stays();
		return;
	}
	int fd = read_in_child(d, false);
	if (fd == -1)
		return;
	fd_close(&d->tls_parts);
	d->tls_parts = fd;
	hand_out_to_all(s);
	ev_tls_read();
}

/* What was recorded of a session must not be readable for ever by who gets
 * hold of one key. */
static void
renew_ticket_key(evutil_socket_t fd, short what, void *arg)
{
	struct sup *s = arg;
	(void)fd;
	(void)what;
	if (getrandom(s->ticket_key, sizeof(s->ticket_key), 0) !=
	    (ssize_t)sizeof(s->ticket_key)) {
		ev_system_trouble("getrandom", strerror(errno));
		return;
	}
	hand_out_to_all(s);
}

bool
sup_tls_init(struct sup *s)
{
	static const struct timeval day = { TICKET_KEY_S, 0 };
	if (s->d->tls_parts == -1)
		return true;
	if (getrandom(s->ticket_key, sizeof(s->ticket_key), 0) !=
	    (ssize_t)sizeof(s->ticket_key))
		return false;
	s->ticket_timer = event_new(s->loop, -1, EV_PERSIST,
	    renew_ticket_key, s);
	return s->ticket_timer != NULL && event_add(s->ticket_timer,
	    &day) == 0;
}

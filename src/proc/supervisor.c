/* supervisor.c - start, signals, orders and end of the daemon.
 * Runs in: supervisor. See supervisor.h for its other files. */
#include "proc/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/clock.h"
#include "base/log.h"
#include "base/reap.h"
#include "proc/listen.h"
#include "proc/pidfile.h"
#include "proc/roles.h"
#include "proc/signals.h"

#define END_WAIT_MS 5000

unsigned
daemon_worker_count(const struct daemon *d)
{
	int64_t n = d->conf->server.server_count;
	return n < 1 ? 1 : n > MAX_WORKERS ? MAX_WORKERS : (unsigned)n;
}

/* The log outlives the configuration that named its file. */
enum err
daemon_open_log(const struct daemon *d)
{
	static char file[4096];
	const struct conf_server *s = &d->conf->server;
	snprintf(file, sizeof(file), "%s", s->logfile ? s->logfile : "");
	struct log_settings l = { .ident = "nsd-verify", .file = file,
		.only_syslog = s->log_only_syslog,
		.also_syslog = !d->is_foreground && file[0] == '\0',
		.time = s->log_time_iso ? LOG_TIME_ISO :
		    s->log_time_ascii ? LOG_TIME_ASCII : LOG_TIME_UNIX,
		.verbosity = (int)s->verbosity };
	return log_open(&l);
}

static void
tell_service_manager(const char *state)
{
#if HAVE_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

static void
answer_order(struct sup *s, uint32_t id, bool is_ok, const char *text)
{
	struct msg_answer a = { .id = id, .is_ok = is_ok };
	snprintf(a.text, sizeof(a.text), "%s", text);
	ipc_send(s->xfrd.channel, answer, &a);
}

/* fd: -1 or what comes along; stays ours. */
static void
tell_log(struct ipc *c, const struct msg_log *m, int fd)
{
	int copy = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	ipc_send_fds(c, log, m, &copy, copy == -1 ? 0 : 1);
}

static void
tell_all_log(struct sup *s, const struct msg_log *m, int fd)
{
	tell_log(s->xfrd.channel, m, fd);
	tell_log(s->store.channel, m, fd);
	tell_log(s->gate.channel, m, fd);
	for (struct sup_worker *w = s->workers; w != NULL; w = w->next)
		tell_log(w->channel, m, fd);
	for (struct sup_candidate *c = s->candidates; c != NULL; c = c->next)
		tell_log(c->channel, m, fd);
}

/* What cannot be opened leaves all with the log they have. */
static bool
reopen_log(struct sup *s, char *text, size_t size)
{
	struct msg_log m = { .order = LOG_ORDER_REOPEN };
	enum err e = log_reopen();
	if (e == OK) {
		tell_all_log(s, &m, log_fd());
		return true;
	}
	const char *file = log_file();
	snprintf(text, size, "log file %s: %s", file == NULL ? "" : file,
	    err_text_errno(e));
	ev_system_trouble("log_reopen", text);
	return false;
}

static void
set_verbosity(struct sup *s, int verbosity)
{
	struct msg_log m = { .order = LOG_ORDER_VERBOSITY,
		.verbosity = verbosity };
	log_set_verbosity(verbosity);
	tell_all_log(s, &m, -1);
}

void
sup_serves(struct sup *s)
{
	struct msg_log m = { .order = LOG_ORDER_QUIET,
		.in_background = !s->d->is_foreground };
	s->has_served = true;
	tell_all_log(s, &m, -1);
	tell_service_manager("READY=1");
	if (s->d->starter != -1 && !fd_write_all(s->d->starter, "", 1))
		ev_system_trouble("telling of the start", strerror(errno));
	fd_close(&s->d->starter);
	log_quiet(!s->d->is_foreground);
}

void
sup_order(struct sup *s, struct ipc_msg *m)
{
	const struct msg_order *o = m->body;
	char text[512] = "ok";
	bool is_ok = o->order <= ORDER_VERBOSITY;
	if (!is_ok)
		snprintf(text, sizeof(text), "unknown order");
	switch ((enum order)o->order) {
	case ORDER_STOP:
		answer_order(s, o->id, true, text);
		sup_stop(s);
		return;
	case ORDER_RECONFIG:
		is_ok = sup_reconfig(s, text, sizeof(text));
		break;
	case ORDER_LOG_REOPEN:
		is_ok = reopen_log(s, text, sizeof(text));
		break;
	case ORDER_VERBOSITY:
		set_verbosity(s, o->value);
		break;
	}
	answer_order(s, o->id, is_ok, text);
}

void
sup_load_file(struct sup *s, struct ipc_msg *m)
{
	const struct msg_load_file *b = m->body;
	uint32_t zones[LOAD_ZONES_MAX];
	struct loader_start start = { .d = s->d, .zones = zones,
		.fds = m->fds, .count = m->fd_count };
	pid_t pid = -1;
	if (m->fd_count > 0 && m->fd_count <= LOAD_ZONES_MAX &&
	    m->payload_len == m->fd_count * sizeof(*zones)) {
		memcpy(zones, m->payload, m->payload_len);
		pid = role_fork(ROLE_LOADER, zones[0], m->fds, m->fd_count);
	}
	if (pid == 0)
		loader_main(&start);
	struct sup_loader *l = calloc(1, sizeof(*l));
	if (pid == -1 || l == NULL) {
		free(l);
		answer_order(s, b->id, false, "could not be started");
		return;
	}
	*l = (struct sup_loader){ .next = s->loaders, .pid = pid,
		.id = b->id };
	s->loaders = l;
}

static bool
loader_reaped(struct sup *s, pid_t pid, int status)
{
	for (struct sup_loader **at = &s->loaders; *at != NULL;
	    at = &(*at)->next) {
		struct sup_loader *l = *at;
		if (l->pid != pid)
			continue;
		bool is_ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		*at = l->next;
		answer_order(s, l->id, is_ok, is_ok ? "ok" : "errors");
		free(l);
		return true;
	}
	return false;
}

static void
on_child(struct sup *s)
{
	pid_t pid;
	int status;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->xfrd.pid)
			sup_role_on_exit(s, &s->xfrd, status);
		else if (pid == s->store.pid)
			sup_role_on_exit(s, &s->store, status);
		else if (pid == s->gate.pid)
			sup_role_on_exit(s, &s->gate, status);
		else if (!loader_reaped(s, pid, status))
			sup_verifier_reaped(s, pid, status);
	}
	if (s->is_stopping && s->xfrd.pid == 0 && s->store.pid == 0 &&
	    s->gate.pid == 0)
		event_base_loopbreak(s->loop);
}

static void
on_hangup(struct sup *s)
{
	char text[512];
	ev_sighup();
	reopen_log(s, text, sizeof(text));
	if (s->d->conf->server.reload_config)
		sup_reconfig(s, text, sizeof(text));
	else
		sup_tls_reload(s);
	struct msg_answer a = { .id = 0, .is_ok = true, .text = "reload" };
	ipc_send(s->xfrd.channel, answer, &a);
}

static void
tell_log_stats(struct sup *s)
{
	struct msg_log_stats m = { 0 };
	for (struct sup_worker *w = s->workers; w != NULL; w = w->next)
		ipc_send(w->channel, log_stats, &m);
}

static void
on_signal(int sig, void *arg)
{
	struct sup *s = arg;
	if (sig == SIGCHLD) {
		on_child(s);
	} else if (sig == SIGHUP) {
		on_hangup(s);
	} else if (sig == SIGUSR1) {
		tell_log_stats(s);
	} else {
		ev_stop_signal(sig);
		sup_stop(s);
	}
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sup_progress_watch(arg);
}

static void
on_end_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sup *s = arg;
	(void)fd;
	(void)what;
	event_base_loopbreak(s->loop);
}

/* xfrd ends in order (its last commit), the others at once. Whoever is still
 * there when the supervisor exits dies with it. */
void
sup_stop(struct sup *s)
{
	static const struct timeval limit = { END_WAIT_MS / 1000, 0 };
	if (s->is_stopping)
		return;
	s->is_stopping = true;
	tell_service_manager("STOPPING=1");
	sup_candidates_end(s);
	sup_workers_end(s);
	ipc_flush(s->xfrd.channel, 100);
	ipc_close(&s->xfrd.channel);
	ipc_close(&s->store.channel);
	ipc_close(&s->gate.channel);
	event_base_once(s->loop, -1, EV_TIMEOUT, on_end_timer, s, &limit);
}

static bool
make_pairs(struct daemon *d)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    d->notify_pair) == -1)
		return false;
	for (unsigned i = 0; i < MAX_WORKERS; i++)
		if (!ipc_pair(d->handover[i]))
			return false;
	return shared_create(&d->shared, (size_t)d->conf->server.rrl_size,
	    daemon_worker_count(d));
}

static bool
sup_init(struct sup *s)
{
	struct timeval watch = progress_beat();
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP,
		SIGUSR1 };
	s->loop = event_base_new();
	if (s->loop == NULL || !sup_verifier_init(s) || !sup_tls_init(s))
		return false;
	s->xfrd = (struct sup_role){ .role = ROLE_XFRD, .sup = s };
	s->store = (struct sup_role){ .role = ROLE_STORE, .sup = s };
	s->gate = (struct sup_role){ .role = ROLE_GATE, .sup = s };
	if (!signals_watch(s->loop, signals, 5, on_signal, s))
		return false;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	s->watch_timer = event_new(s->loop, -1, EV_PERSIST, on_watch, s);
	event_add(s->watch_timer, &watch);
	return true;
}

static bool
start(struct sup *s)
{
	struct daemon *d = s->d;
	if (!make_pairs(d)) {
		ev_system_trouble("start", strerror(errno));
		return false;
	}
	if (!sup_init(s))
		return false;
	sup_role_start(s, &s->store);
	if (d->listening.verify_udp.count > 0)
		sup_role_start(s, &s->gate);
	sup_role_start(s, &s->xfrd);
	return true;
}

int
supervisor_main(struct daemon *d)
{
	static struct sup s;
	struct pidfile pidfile = { 0 };
	s.d = d;
	d->supervisor = getpid();
	d->booted_s = clock_wall_s();
	role_set_title(ROLE_SUPERVISOR, 0);
	reap_adopt_orphans();
	fd_limit_raise();
	bool is_good = listen_open(d) && pidfile_write(d, &pidfile) &&
	    start(&s);
	if (is_good) {
		ev_started(NSDV_VERSION, (int)getpid());
		event_base_dispatch(s.loop);
	}
	/* What others would find of us. */
	listen_remove_names(d);
	pidfile_remove(&pidfile);
	if (!is_good)
		return 1;
	ev_stopped();
	return s.has_failed ? 1 : 0;
}

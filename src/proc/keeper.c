/* keeper.c - one small process per verifier that makes sure it ends.
 * Runs in: supervisor (keeper_start to keeper_close) and keeper (the rest).
 * The keeper holds no descriptor but its channel and reads nothing but orders;
 * it goes only when nothing of the verifier is left. */
#include "proc/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/reap.h"
#include "proc/role.h"

#define ORDER_END 'E'
/* Without a supervisor all verifiers end within a second (P5). */
#define ORPHAN_GRACE_MS 500
/* After KILL: as long until the end is reported without a wait status. */
#define STUCK_MS 5000
#define KILL_ROUND_MS 100
#define SWEEP_LEAST_MS 2
#define SWEEP_MOST_MS 500

#define CHANNEL_FD 3
#define REPORT_FD 4

struct watch {
	pid_t supervisor;
	int channel;		/* -1: the supervisor is gone */
	int report;		/* of the spawn; -1: it was read */
	pid_t verifier;
	unsigned grace_ms;
	int64_t limit_ms;	/* time limit; -1: none */
	int64_t kill_ms;	/* next KILL; -1: TERM was not sent yet */
	int64_t stuck_ms;	/* -1: KILL was not sent yet */
	enum keeper_reason reason;
	bool is_reported;	/* ENDED or NOT_STARTED */
};

static volatile sig_atomic_t got_term;

static void
on_term(int signal)
{
	(void)signal;
	got_term = 1;
}

static void
on_child(int signal)
{
	(void)signal;	/* only ends the wait */
}

static void
send_report(struct watch *w, const struct keeper_report *r)
{
	if (w->channel != -1)
		(void)send(w->channel, r, sizeof(*r),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
send_ended(struct watch *w, int wait_status)
{
	if (w->is_reported)
		return;
	w->is_reported = true;
	struct keeper_report r = { .what = KEEPER_ENDED,
		.verifier = w->verifier, .reason = w->reason,
		.wait_status = wait_status };
	send_report(w, &r);
}

static void
send_not_started(struct watch *w, const struct spawn_failure *f)
{
	w->is_reported = true;
	struct keeper_report r = { .what = KEEPER_NOT_STARTED, .failure = *f };
	send_report(w, &r);
}

/* Blocked but for the time of ppoll, so that none is missed. */
static void
signals_set(void)
{
	struct sigaction term = { .sa_handler = on_term };
	struct sigaction child = { .sa_handler = on_child };
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGCHLD, &child, NULL);
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

/* The group, and the process itself if it has none of its own yet. A stopped
 * one must go on to hear TERM. */
static void
signal_verifier(const struct watch *w, int signal)
{
	if (kill(-w->verifier, signal) == -1)
		kill(w->verifier, signal);
	if (signal == SIGTERM && kill(-w->verifier, SIGCONT) == -1)
		kill(w->verifier, SIGCONT);
}

static void
begin_end(struct watch *w, enum keeper_reason reason, unsigned grace_ms)
{
	int64_t at = clock_mono_ms() + grace_ms;
	if (w->kill_ms == -1) {
		w->reason = reason;
		signal_verifier(w, SIGTERM);
		w->kill_ms = at;
	} else if (at < w->kill_ms) {
		w->kill_ms = at;
	}
}

static void
read_spawn_report(struct watch *w)
{
	struct spawn_failure f;
	if (spawn_report(&w->report, &f)) {
		struct keeper_report r = { .what = KEEPER_STARTED,
			.verifier = w->verifier };
		send_report(w, &r);
	} else {
		send_not_started(w, &f);
	}
}

static void
read_channel(struct watch *w)
{
	char order;
	ssize_t n = recv(w->channel, &order, 1, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 1 && order == ORDER_END) {
		begin_end(w, KEEPER_BY_ORDER, w->grace_ms);
		return;
	}
	fd_close(&w->channel);
	begin_end(w, KEEPER_BY_ORDER, w->grace_ms < ORPHAN_GRACE_MS ?
	    w->grace_ms : ORPHAN_GRACE_MS);
}

static void
check_clock(struct watch *w)
{
	int64_t now = clock_mono_ms();
	if (w->limit_ms != -1 && now >= w->limit_ms) {
		w->limit_ms = -1;
		begin_end(w, KEEPER_BY_TIMEOUT, w->grace_ms);
	}
	if (w->kill_ms == -1 || now < w->kill_ms)
		return;
	if (w->stuck_ms == -1)
		w->stuck_ms = now + STUCK_MS;
	signal_verifier(w, SIGKILL);
	reap_signal_all(SIGKILL, NULL, 0);
	w->kill_ms = now + (now < w->stuck_ms ? KILL_ROUND_MS : 1000);
	if (now >= w->stuck_ms)
		send_ended(w, KEEPER_STATUS_UNKNOWN);
}

/* True when the verifier has ended, and is reported. Its group is killed while
 * its number is still its own, that is before it is waited for. */
static bool
wait_children(struct watch *w)
{
	siginfo_t info = { 0 };
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid != 0) {
		int status;
		bool is_verifier = info.si_pid == w->verifier;
		if (is_verifier) {
			if (w->report != -1)
				read_spawn_report(w);
			kill(-w->verifier, SIGKILL);
		}
		if (waitpid(info.si_pid, &status, 0) == -1)
			status = KEEPER_STATUS_UNKNOWN;
		if (is_verifier) {
			send_ended(w, status);
			return true;
		}
		info.si_pid = 0;
	}
	return false;
}

static void
wait_for_event(struct watch *w)
{
	struct pollfd p[2] = { { .fd = w->channel, .events = POLLIN },
		{ .fd = w->report, .events = POLLIN } };
	int64_t wake = w->limit_ms;
	if (w->kill_ms != -1 && (wake == -1 || w->kill_ms < wake))
		wake = w->kill_ms;
	int64_t left = wake - clock_mono_ms();
	if (left < 0)
		left = 0;
	struct timespec t = { .tv_sec = (time_t)(left / 1000),
		.tv_nsec = (long)(left % 1000) * 1000000 };
	sigset_t none;
	sigemptyset(&none);
	int n = ppoll(p, 2, wake == -1 ? NULL : &t, &none);
	if (got_term != 0) {
		got_term = 0;
		bool is_orphan = getppid() != w->supervisor;
		begin_end(w, KEEPER_BY_ORDER,
		    is_orphan && w->grace_ms > ORPHAN_GRACE_MS ?
		    ORPHAN_GRACE_MS : w->grace_ms);
	}
	if (n <= 0)
		return;
	if (p[1].revents != 0)
		read_spawn_report(w);
	if (p[0].revents != 0)
		read_channel(w);
}

/* Whatever the verifier left behind. Rounds follow each other quickly as long
 * as there is something to kill, slowly when only the kernel can help. */
static void
sweep(void)
{
	long pause_ms = SWEEP_LEAST_MS;
	sigset_t none;
	sigemptyset(&none);
	for (;;) {
		pid_t pid;
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			pause_ms = SWEEP_LEAST_MS;
		if (pid == -1 && errno == ECHILD)
			return;
		reap_signal_all(SIGKILL, NULL, 0);
		struct timespec t = { .tv_nsec = pause_ms * 1000000 };
		ppoll(NULL, 0, &t, &none);
		pause_ms = pause_ms * 2 < SWEEP_MOST_MS ? pause_ms * 2 :
		    SWEEP_MOST_MS;
	}
}

/* Nothing stays open but the channel, the report and standard error, which is
 * there for the diagnostics of a test build. */
static bool
descriptors_keep(struct watch *w)
{
	int channel = fcntl(w->channel, F_DUPFD, REPORT_FD + 1);
	int report = fcntl(w->report, F_DUPFD, REPORT_FD + 1);
	if (channel == -1 || report == -1 ||
	    dup2(channel, CHANNEL_FD) == -1 || dup2(report, REPORT_FD) == -1)
		return false;
	closefrom(REPORT_FD + 1);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	w->channel = CHANNEL_FD;
	w->report = REPORT_FD;
	return true;
}

static void
keeper_run(const struct keeper_spec *s, pid_t supervisor, int channel)
{
	struct watch w = { .supervisor = supervisor, .channel = channel,
		.report = -1, .limit_ms = -1, .kill_ms = -1, .stuck_ms = -1,
		.reason = KEEPER_BY_ITSELF,
		.grace_ms = s->grace_ms > 0 ? s->grace_ms : KEEPER_GRACE_MS };
	struct spawn_spec run = s->run;
	struct spawn_failure f;
	signals_set();
	/* Where that cannot be had the group is all that can be ended. */
	(void)reap_adopt_orphans();
	if (!reap_die_with(supervisor, SIGTERM))
		return;
	run.dies_with_parent = true;
	if (s->timeout_s > 0)
		w.limit_ms = clock_mono_ms() + (int64_t)s->timeout_s * 1000;
	if (spawn_start(&run, &w.verifier, &w.report, &f) != OK) {
		send_not_started(&w, &f);
		return;
	}
	if (!descriptors_keep(&w))
		begin_end(&w, KEEPER_BY_ORDER, 0);
	while (!wait_children(&w)) {
		check_clock(&w);
		wait_for_event(&w);
	}
	sweep();
}

enum err
keeper_start(const struct keeper_spec *s, struct keeper *k)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return ERR_SYSTEM;
	if (!fd_set_nonblock(ends[0])) {
		fd_close(&ends[0]);
		fd_close(&ends[1]);
		return ERR_SYSTEM;
	}
	pid_t supervisor = getpid();
	const int keep[4] = { ends[1], s->run.fds[0], s->run.fds[1],
		s->run.fds[2] };
	pid_t pid = role_fork(ROLE_KEEPER, 0, keep, 4);
	if (pid == 0) {
		keeper_run(s, supervisor, ends[1]);
		_exit(0);
	}
	fd_close(&ends[1]);
	if (pid == -1) {
		fd_close(&ends[0]);
		return ERR_SYSTEM;
	}
	*k = (struct keeper){ .pid = pid, .channel = ends[0] };
	return OK;
}

static bool
report_is_valid(const struct keeper_report *r)
{
	switch (r->what) {
	case KEEPER_STARTED:
	case KEEPER_NOT_STARTED:
		return true;
	case KEEPER_ENDED:
		return r->reason >= KEEPER_BY_ITSELF &&
		    r->reason <= KEEPER_BY_ORDER;
	}
	return false;
}

enum err
keeper_read(struct keeper *k, struct keeper_report *r)
{
	struct keeper_report got;
	ssize_t n;
	do {
		/* A keeper that exits with an order unread resets the
		 * channel; its reports come after that. */
		n = recv(k->channel, &got, sizeof(got), MSG_DONTWAIT);
	} while (n == -1 && (errno == EINTR || errno == ECONNRESET));
	if (n == -1 && errno == EAGAIN)
		return ERR_AGAIN;
	if (n != (ssize_t)sizeof(got) || !report_is_valid(&got))
		return ERR_PEER_CLOSED;
	*r = got;
	return OK;
}

void
keeper_cancel(struct keeper *k)
{
	const char order = ORDER_END;
	if (k->channel != -1)
		(void)send(k->channel, &order, 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
keeper_close(struct keeper *k)
{
	fd_close(&k->channel);
}

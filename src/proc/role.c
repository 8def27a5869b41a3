/* role.c - the processes, and the one way to make one.
 * Runs in: every process that forks. */
#include "proc/role.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

static char *title_at;
static size_t title_room;

const char *
role_title(enum role r)
{
	switch (r) {
#define ROLE(name, title)                                                      \
	case ROLE_##name:                                                      \
		return title;
#include "tables/roles.def"
#undef ROLE
	case ROLES:
		break;
	}
	return "unknown";
}

/* The title takes the room of the arguments and no more: the environment
 * behind them stays readable in /proc for whoever looks for a process by it. */
void
role_init(int argc, char **argv)
{
	const char *last = argv[argc - 1];
	title_at = argv[0];
	title_room = (size_t)(last + strlen(last) + 1 - argv[0]);
}

void
role_set_title(enum role r, uint32_t number)
{
	prctl(PR_SET_NAME, role_title(r), 0, 0, 0);
	if (title_at == NULL || title_room < 2)
		return;
	memset(title_at, 0, title_room);
	if (number == 0)
		snprintf(title_at, title_room, "%s", role_title(r));
	else
		snprintf(title_at, title_room, "%s %u", role_title(r), number);
}

static int
compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return x < y ? -1 : x > y;
}

static void
close_all_but(const int *keep, size_t n_keep)
{
	int sorted[ROLE_KEEP_MAX + 1];
	size_t n = 0;
	ASSERT(n_keep <= ROLE_KEEP_MAX);
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] > 2)
			sorted[n++] = keep[i];
	if (log_fd() > 2)
		sorted[n++] = log_fd();
	qsort(sorted, n, sizeof(*sorted), compare_int);
	unsigned from = 3;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned)sorted[i] > from)
			close_range(from, (unsigned)sorted[i] - 1, 0);
		from = (unsigned)sorted[i] + 1;
	}
	close_range(from, ~0u, 0);
}

static void
signals_default(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			sigaction(s, &dfl, NULL);
	struct sigaction ign = { .sa_handler = SIG_IGN };
	sigaction(SIGPIPE, &ign, NULL);
	/* A file that may not grow is an error like a full disk. */
	sigaction(SIGXFSZ, &ign, NULL);
	/* The supervisor alone decides on these; a terminal's Ctrl-C goes to
	 * the whole group. */
	sigaction(SIGINT, &ign, NULL);
	sigaction(SIGHUP, &ign, NULL);
	sigaction(SIGUSR1, &ign, NULL);
}

pid_t
role_fork(enum role r, uint32_t number, const int *keep, size_t n_keep)
{
	sigset_t all, before, none;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t pid = fork();
	if (pid != 0) {
		int saved = errno;
		sigprocmask(SIG_SETMASK, &before, NULL);
		errno = saved;
		return pid;
	}
	signals_default();
	close_all_but(keep, n_keep);
	role_set_title(r, number);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

bool
role_enter(const char *chroot_dir, const char *work_dir)
{
	if (chroot_dir != NULL && chroot_dir[0] != '\0')
		if (chroot(chroot_dir) == -1 || chdir("/") == -1)
			return false;
	if (work_dir != NULL && work_dir[0] != '\0')
		return chdir(work_dir) == 0;
	return true;
}

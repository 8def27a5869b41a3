/* signals.c - signals as events of the loop, by a descriptor.
 * Runs in: supervisor, store. */
#include "proc/signals.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"

struct watch {
	void (*fn)(int sig, void *arg);
	void *arg;
};

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	const struct watch *w = arg;
	struct signalfd_siginfo i;
	(void)what;
	while (read(fd, &i, sizeof(i)) == (ssize_t)sizeof(i))
		w->fn((int)i.ssi_signo, w->arg);
}

bool
signals_watch(struct event_base *loop, const int *signals, unsigned n,
    void (*fn)(int sig, void *arg), void *arg)
{
	sigset_t set;
	sigemptyset(&set);
	for (unsigned i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	struct watch *w = calloc(1, sizeof(*w));
	if (fd == -1 || w == NULL || sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return false;
	*w = (struct watch){ fn, arg };
	struct event *e = event_new(loop, fd, EV_READ | EV_PERSIST,
	    on_readable, w);
	return e != NULL && event_add(e, NULL) == 0;
}

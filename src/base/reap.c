/* reap.c - processes below this one.
 * Linux: subreaper, parent-death signal, and the process table of /proc, which
 * needs no kernel option beyond /proc itself. Elsewhere only what POSIX has.
 * A pid is signalled only through a descriptor of that very process, checked
 * to be below us: numbers are used again. */
#include "base/reap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Of linux/pidfd.h since 6.9. */
#define SIGNAL_WHOLE_GROUP (1u << 2)

struct process {
	pid_t pid;
	pid_t parent;
	pid_t group;
	bool is_below;
};

struct table {
	struct process *at;
	size_t count, room;
};

bool
reap_adopt_orphans(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

bool
reap_die_with(pid_t parent, int signal)
{
	/* The check comes last: a parent that ended before the first line
	 * sends nothing. */
	return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) == 0 &&
	    getppid() == parent;
}

/* False: no such process, or it is a zombie, which needs no signal. */
static bool
process_read(pid_t pid, struct process *p)
{
	char text[512], path[64];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name may hold anything, also ')': the last one ends it. */
	const char *end = strrchr(text, ')');
	char state;
	int parent, group;
	if (end == NULL ||
	    sscanf(end + 1, " %c %d %d", &state, &parent, &group) != 3)
		return false;
	*p = (struct process){ .pid = pid, .parent = parent, .group = group };
	return state != 'Z' && state != 'X';
}

static bool
table_add(struct table *t, const struct process *p)
{
	if (t->count == t->room) {
		size_t room = t->room == 0 ? 256 : t->room * 2;
		struct process *at = reallocarray(t->at, room, sizeof(*at));
		if (at == NULL)
			return false;
		t->at = at;
		t->room = room;
	}
	t->at[t->count++] = *p;
	return true;
}

/* A short table is better than none: what is in it can be ended. */
static void
table_read(struct table *t)
{
	DIR *d = opendir("/proc");
	if (d == NULL)
		return;
	const struct dirent *e;
	while ((e = readdir(d)) != NULL) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);
		if (*end != '\0' || pid <= 0)
			continue;
		struct process p;
		if (process_read((pid_t)pid, &p) && !table_add(t, &p))
			break;
	}
	closedir(d);
}

static int
by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct process *)a)->pid;
	pid_t y = ((const struct process *)b)->pid;
	return x < y ? -1 : x > y;
}

static bool
is_spared(pid_t pid, const pid_t *spared, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (spared[i] == pid)
			return true;
	return false;
}

static bool
is_parent_below(const struct table *t, pid_t parent)
{
	if (parent == getpid())
		return true;
	struct process key = { .pid = parent };
	const struct process *p = bsearch(&key, t->at, t->count, sizeof(key),
	    by_pid);
	return p != NULL && p->is_below;
}

/* Each pass goes at least one generation down. */
static void
table_mark(struct table *t, const pid_t *spared, size_t count)
{
	bool is_changed = true;
	while (is_changed) {
		is_changed = false;
		for (size_t i = 0; i < t->count; i++) {
			struct process *p = &t->at[i];
			if (p->is_below || is_spared(p->pid, spared, count) ||
			    !is_parent_below(t, p->parent))
				continue;
			p->is_below = is_changed = true;
		}
	}
}

/* The whole group where the system can do that: no member escapes by forking
 * while it is signalled. Never our own group, in which a child stands until it
 * has a session of its own; from there none comes back into ours. */
static bool
signal_one(const struct process *p, int signal)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (fd == -1) {
		/* Too old a kernel, or no descriptor left: only our own
		 * children keep their numbers until we wait for them. */
		return errno != ESRCH && p->parent == getpid() &&
		    kill(p->pid, signal) == 0;
	}
	/* A parent that ended meanwhile makes it ours in the next round. */
	struct process now;
	bool is_sent = false;
	if (process_read(p->pid, &now) && now.parent == p->parent) {
		unsigned whole = now.group != getpgrp() ?
		    SIGNAL_WHOLE_GROUP : 0;
		is_sent = (whole != 0 && syscall(SYS_pidfd_send_signal, fd,
		    signal, NULL, whole) == 0) ||
		    syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
	}
	fd_close(&fd);
	return is_sent;
}

/* 0: none, or it was waited for already. */
static pid_t
pid_of(int pidfd)
{
	char text[1024], path[64];
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	text[n > 0 ? n : 0] = '\0';
	const char *line = strstr(text, "\nPid:");
	int pid;
	return line != NULL && sscanf(line, " Pid: %d", &pid) == 1 &&
	    pid > 0 ? pid : 0;
}

bool
reap_pidfd_is_child(int pidfd, pid_t parent)
{
	struct process p;
	if (access("/proc/self/fdinfo", X_OK) == -1)
		return true;
	pid_t pid = pid_of(pidfd);
	/* Asked again at the end: the number was not used anew meanwhile. */
	return pid != 0 && process_read(pid, &p) && p.parent == parent &&
	    pid_of(pidfd) == pid;
}

unsigned
reap_signal_all(int signal, const pid_t *spared, size_t count)
{
	struct table t = { 0 };
	unsigned sent = 0;
	table_read(&t);
	if (t.count > 0)
		qsort(t.at, t.count, sizeof(*t.at), by_pid);
	table_mark(&t, spared, count);
	for (size_t i = 0; i < t.count; i++)
		if (t.at[i].is_below && signal_one(&t.at[i], signal))
			sent++;
	free(t.at);
	return sent;
}

#else

bool
reap_adopt_orphans(void)
{
	return false;
}

bool
reap_die_with(pid_t parent, int signal)
{
	(void)signal;
	return getppid() == parent;
}

bool
reap_pidfd_is_child(int pidfd, pid_t parent)
{
	(void)parent;
	return pidfd != -1;
}

unsigned
reap_signal_all(int signal, const pid_t *spared, size_t count)
{
	(void)signal;
	(void)spared;
	(void)count;
	return 0;
}

#endif

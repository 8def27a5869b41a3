/* spawn.c - running a foreign command: what it inherits is what is named in
 * the spec, and nothing else.
 * Runs in: keeper, and whoever starts a hook. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/reap.h"

#define REPORT_FD 3	/* the child's: 0 to 2 are the command's */

static bool
user_from_numbers(const char *text, struct spawn_user *u)
{
	char *end;
	errno = 0;
	unsigned long uid = strtoul(text, &end, 10);
	if (end == text || *end != '.' || errno != 0)
		return false;
	const char *gid_text = end + 1;
	unsigned long gid = strtoul(gid_text, &end, 10);
	if (end == gid_text || *end != '\0' || errno != 0)
		return false;
	/* All ones means "leave as it is" to the system calls. */
	if (uid >= (uid_t)-1 || gid >= (gid_t)-1)
		return false;
	*u = (struct spawn_user){ .uid = (uid_t)uid, .gid = (gid_t)gid,
		.group_count = 1, .groups = { (gid_t)gid } };
	return true;
}

static struct passwd *
user_entry(const char *name)
{
	char *end;
	unsigned long uid = strtoul(name, &end, 10);
	if (end != name && *end == '\0')
		return getpwuid((uid_t)uid);
	return getpwnam(name);
}

enum err
spawn_user_find(const char *name, struct spawn_user *u)
{
	if (user_from_numbers(name, u))
		return OK;
	const struct passwd *pw = user_entry(name);
	if (pw == NULL)
		return ERR_NOT_FOUND;
	struct spawn_user r = { .uid = pw->pw_uid, .gid = pw->pw_gid };
	int count = SPAWN_GROUPS_MAX;
	if (getgrouplist(pw->pw_name, pw->pw_gid, r.groups, &count) == -1)
		return ERR_LIMIT;
	r.group_count = (unsigned)count;
	*u = r;
	return OK;
}

static bool
user_is(const struct spawn_user *u)
{
	return getuid() == u->uid && geteuid() == u->uid &&
	    getgid() == u->gid && getegid() == u->gid;
}

bool
spawn_user_become(const struct spawn_user *u)
{
	if (geteuid() != 0) {
		/* Nobody else can become anyone; being it is enough. */
		errno = EPERM;
		return user_is(u);
	}
	if (setgroups(u->group_count, u->groups) == -1 ||
	    setgid(u->gid) == -1 || setuid(u->uid) == -1)
		return false;
	errno = EPERM;
	return user_is(u) && (u->uid == 0 || setuid(0) == -1);
}

static bool
limits_set(const struct spawn_spec *s)
{
	fd_limit_restore();
	/* A second more until KILL, so that XCPU can be told apart. */
	struct rlimit cpu = { s->cpu_s, s->cpu_s + 1 };
	if (s->cpu_s != 0 && setrlimit(RLIMIT_CPU, &cpu) == -1)
		return false;
	struct rlimit memory = { s->memory_octets, s->memory_octets };
	return s->memory_octets == 0 || setrlimit(RLIMIT_AS, &memory) == 0;
}

/* All of them above 3 first: each may stand where another one goes. */
static bool
descriptors_set(const struct spawn_spec *s, int report)
{
	int above[3];
	for (int i = 0; i < 3; i++) {
		int from = s->fds[i];
		if (from == -1)
			from = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (from == -1)
			return false;
		above[i] = fcntl(from, F_DUPFD_CLOEXEC, REPORT_FD + 1);
		if (above[i] == -1)
			return false;
	}
	report = fcntl(report, F_DUPFD_CLOEXEC, REPORT_FD + 1);
	if (report == -1)
		return false;
	for (int i = 0; i < 3; i++)
		if (dup2(above[i], i) == -1)
			return false;
	if (dup3(report, REPORT_FD, O_CLOEXEC) == -1)
		return false;
	closefrom(REPORT_FD + 1);
	return true;
}

static void
signals_set_default(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	for (int n = 1; n < NSIG; n++)
		if (n != SIGKILL && n != SIGSTOP)
			sigaction(n, &dfl, NULL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns the step that failed, with errno; never SPAWN_FORK. On success it
 * does not return. *report follows the descriptor that tells. */
static enum spawn_step
child_become(const struct spawn_spec *s, pid_t parent, int *report)
{
	setsid();	/* cannot fail: a fresh child leads no group */
	if (!descriptors_set(s, *report))
		return SPAWN_DESCRIPTORS;
	*report = REPORT_FD;
	if (s->chroot != NULL &&
	    (chroot(s->chroot) == -1 || chdir("/") == -1))
		return SPAWN_CHROOT;
	if (s->directory != NULL && chdir(s->directory) == -1)
		return SPAWN_DIRECTORY;
	if (!limits_set(s))
		return SPAWN_LIMITS;
	if (s->user != NULL && !spawn_user_become(s->user))
		return SPAWN_USER;
	/* After the change of user, which clears it. */
	if (s->dies_with_parent && !reap_die_with(parent, SIGKILL))
		_exit(126);
	signals_set_default();
	extern char **environ;
	environ = (char **)(uintptr_t)s->env;
	execvp(s->argv[0], s->argv);
	return SPAWN_EXEC;
}

static _Noreturn void
child_run(const struct spawn_spec *s, pid_t parent, int report)
{
	enum spawn_step step = child_become(s, parent, &report);
	struct spawn_failure f = { .step = step, .error = errno };
	ssize_t w = write(report, &f, sizeof(f));
	(void)w;	/* the exit code says as much */
	_exit(spawn_exit_code(&f));
}

enum err
spawn_start(const struct spawn_spec *s, pid_t *pid, int *report,
    struct spawn_failure *f)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) == -1) {
		*f = (struct spawn_failure){ SPAWN_DESCRIPTORS, errno };
		return ERR_SYSTEM;
	}
	/* No handler of the parent's may run in the child: it would write to
	 * what both still share. */
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t parent = getpid();
	pid_t child = fork();
	if (child == 0)
		child_run(s, parent, ends[1]);
	int error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	fd_close(&ends[1]);
	if (child == -1) {
		fd_close(&ends[0]);
		*f = (struct spawn_failure){ SPAWN_FORK, error };
		return ERR_SYSTEM;
	}
	*pid = child;
	*report = ends[0];
	return OK;
}

bool
spawn_report(int *report, struct spawn_failure *f)
{
	ssize_t n;
	do
		n = read(*report, f, sizeof(*f));
	while (n == -1 && errno == EINTR);
	int error = errno;
	fd_close(report);
	if (n == 0)
		return true;	/* closed by exec, or by a sudden death, which
				 * the wait status tells */
	if (n != (ssize_t)sizeof(*f))
		*f = (struct spawn_failure){ SPAWN_FORK,
			n == -1 ? error : EPROTO };
	return false;
}

int
spawn_exit_code(const struct spawn_failure *f)
{
	return f->step == SPAWN_EXEC &&
	    (f->error == ENOENT || f->error == ENOTDIR) ? 127 : 126;
}

static const char *
step_text(enum spawn_step step)
{
	switch (step) {
	case SPAWN_FORK:
		return "fork: ";
	case SPAWN_DESCRIPTORS:
		return "descriptors: ";
	case SPAWN_CHROOT:
		return "chroot: ";
	case SPAWN_DIRECTORY:
		return "working directory: ";
	case SPAWN_LIMITS:
		return "limits: ";
	case SPAWN_USER:
		return "user: ";
	case SPAWN_EXEC:
		return "";
	}
	return "";
}

const char *
spawn_failure_text(const struct spawn_failure *f,
    char text[SPAWN_FAILURE_TEXT_MAX])
{
	snprintf(text, SPAWN_FAILURE_TEXT_MAX, "%s%s", step_text(f->step),
	    strerror(f->error));
	return text;
}

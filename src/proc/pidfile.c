/* pidfile.c - the pid file: made beside its name and renamed to it.
 * Runs in: supervisor, as root if it was started as root.
 * Always holds: no file is written or given away that we did not make. */
#include "proc/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "proc/daemon.h"

/* The pid of a running daemon, or 0. A pipe there must not hold us up. */
static pid_t
running(const struct place *p)
{
	char text[32] = "";
	int fd = place_open_in(p, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -1)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	return pid > 1 && pid != getpid() && kill((pid_t)pid, 0) == 0 ?
	    (pid_t)pid : 0;
}

/* Neither a directory nor /dev/null gives way to a pid file. */
static enum err
may_be_replaced(const struct place *p)
{
	struct stat st;
	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? OK : ERR_SYSTEM;
	return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? OK :
	    ERR_INPUT_FILE;
}

static bool
fill(int fd, const struct daemon *d, struct pidfile *p)
{
	char text[32];
	struct stat st;
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (!fd_write_all(fd, text, (size_t)n) || fstat(fd, &st) == -1)
		return false;
	if (d->has_user && geteuid() == 0 &&
	    fchown(fd, d->user.uid, d->user.gid) == -1)
		return false;
	p->device = st.st_dev;
	p->inode = st.st_ino;
	return true;
}

static enum err
replace(const struct daemon *d, struct pidfile *p)
{
	struct place fresh = { .dir = p->at.dir };
	enum err e = may_be_replaced(&p->at);
	if (e != OK)
		return e;
	snprintf(fresh.name, sizeof(fresh.name), "%.*s.%d", NAME_MAX - 16,
	    p->at.name, (int)getpid());
	unlinkat(fresh.dir, fresh.name, 0);	/* an earlier bearer's */
	int fd = place_open_in(&fresh, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd == -1)
		return ERR_SYSTEM;
	bool is_good = fill(fd, d, p) && renameat(fresh.dir, fresh.name,
	    p->at.dir, p->at.name) == 0;
	int why = errno;
	fd_close(&fd);
	if (!is_good)
		unlinkat(fresh.dir, fresh.name, 0);
	errno = why;
	return is_good ? OK : ERR_SYSTEM;
}

bool
pidfile_write(const struct daemon *d, struct pidfile *p)
{
	const char *path = d->conf->server.pidfile;
	if (path == NULL || path[0] == '\0')
		return true;
	p->at.dir = -1;
	enum err e = place_find(path, false, &p->at);
	pid_t other = e == OK ? running(&p->at) : 0;
	if (other != 0)
		ev_pidfile_of_other((int)other);
	if (e == OK)
		e = replace(d, p);
	p->is_written = e == OK;
	if (e != OK) {
		ev_pidfile_trouble(path, err_text_errno(e));
		place_close(&p->at);
	}
	return p->is_written;
}

void
pidfile_remove(struct pidfile *p)
{
	struct stat st;
	if (!p->is_written)
		return;
	if (fstatat(p->at.dir, p->at.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == p->device && st.st_ino == p->inode)
		unlinkat(p->at.dir, p->at.name, 0);
	place_close(&p->at);
	p->is_written = false;
}

/* statedir.c - the state directory: ours alone, locked, with room left.
 * Runs in: supervisor (opens, locks), xfrd (uses). */
#include "base/statedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/place.h"

#define LOCK_NAME "lock"
#define LOCK_STEP_MS 20
#define FREE_SHARE 20	/* one part in twenty stays free */

struct statedir {
	int fd;
	int lock;
	char *path;
};

enum err
statedir_adopt(int fd, const char *path, struct statedir **d)
{
	struct statedir *n = malloc(sizeof *n);
	char *copy = strdup(path);
	if (n == NULL || copy == NULL) {
		free(n);
		free(copy);
		return ERR_MEMORY;
	}
	*n = (struct statedir){ .fd = fd, .lock = -1, .path = copy };
	*d = n;
	return OK;
}

/* Nothing in it, or our lock: not somebody's /var/lib or /etc. */
static enum err
look_inside(int fd, bool *is_ours)
{
	struct stat st;
	*is_ours = fstatat(fd, LOCK_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
	if (*is_ours)
		return OK;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy == -1 ? NULL : fdopendir(copy);
	if (dir == NULL) {
		fd_close(&copy);
		return ERR_SYSTEM;
	}
	const struct dirent *n;
	*is_ours = true;
	while (*is_ours && (n = readdir(dir)) != NULL)
		*is_ours = strcmp(n->d_name, ".") == 0 ||
		    strcmp(n->d_name, "..") == 0 ||
		    strcmp(n->d_name, "lost+found") == 0;
	closedir(dir);
	return OK;
}

/* A directory that somebody else can write to could be given any content:
 * what was published would then not be what was verified. Only looks: nothing
 * is advised, let alone done, to a directory that is in other use. */
static enum err
check_directory(int fd, const char *path, uid_t owner, bool *is_to_be_given,
    char *why)
{
	struct stat st;
	bool is_ours = true;
	if (fstat(fd, &st) == -1 ||
	    (st.st_uid == geteuid() && look_inside(fd, &is_ours) != OK))
		return err_why(ERR_SYSTEM, why, "cannot look at %s: %s",
		    path, strerror(errno));
	bool is_open = (st.st_mode & 077) != 0;
	*is_to_be_given = st.st_uid != owner && st.st_uid == 0 &&
	    geteuid() == 0;
	if (st.st_uid != owner && !*is_to_be_given)
		return err_why(ERR_INPUT_RANGE, why, "state directory %s "
		    "belongs to uid %u and not to uid %u: give it to the user "
		    "of the daemon or choose another one", path,
		    (unsigned)st.st_uid, (unsigned)owner);
	if (st.st_uid == geteuid() && !is_ours && (*is_to_be_given || is_open))
		return err_why(ERR_INPUT_RANGE, why, "state directory %s "
		    "is in other use (it is not empty and has no %s): choose "
		    "a directory that is for nsd-verify alone", path,
		    LOCK_NAME);
	if (is_open)
		return err_why(ERR_INPUT_RANGE, why, "state directory %s may "
		    "be entered by group or others (mode %03o): chmod 700 it",
		    path, (unsigned)(st.st_mode & 0777));
	return OK;
}

static enum err
take_directory(int fd, const char *path, uid_t owner, gid_t group, char *why)
{
	bool is_to_be_given;
	enum err e = check_directory(fd, path, owner, &is_to_be_given, why);
	if (e == OK && is_to_be_given && fchown(fd, owner, group) == -1)
		e = err_why(ERR_SYSTEM, why,
		    "cannot give state directory %s to uid %u: %s", path,
		    (unsigned)owner, strerror(errno));
	return e;
}

static enum err
find(const char *path, struct place *p, char *why)
{
	enum err e = place_find(path, true, p);
	return e == OK ? OK : err_why(e, why,
	    "cannot open state directory %s: %s", path, err_text_errno(e));
}

enum err
statedir_open(const char *path, uid_t owner, gid_t group,
    struct statedir **d, char why[ERR_WHY_MAX])
{
	struct place p;
	enum err e = find(path, &p, why);
	if (e != OK)
		return e;
	int fd = -1;
	bool is_made = mkdirat(p.dir, p.name, 0700) == 0;
	if (!is_made && errno != EEXIST)
		e = err_why(ERR_SYSTEM, why,
		    "cannot make state directory %s: %s", path,
		    strerror(errno));
	else if ((fd = place_open_in(&p, O_RDONLY | O_DIRECTORY, 0)) == -1)
		e = err_why(ERR_SYSTEM, why,
		    "cannot open state directory %s: %s", path,
		    strerror(errno));
	else
		e = take_directory(fd, path, owner, group, why);
	if (e == OK && (e = statedir_adopt(fd, path, d)) != OK)
		e = err_why(e, why, "%s", err_text(e));
	if (e != OK)
		fd_close(&fd);
	if (e != OK && is_made)
		unlinkat(p.dir, p.name, AT_REMOVEDIR);
	place_close(&p);
	return e;
}

enum err
statedir_check(const char *path, uid_t owner, char why[ERR_WHY_MAX])
{
	struct place p;
	bool is_to_be_given;
	enum err e = find(path, &p, why);
	if (e != OK)
		return e;
	int fd = place_open_in(&p, O_RDONLY | O_DIRECTORY, 0);
	if (fd != -1)
		e = check_directory(fd, path, owner, &is_to_be_given, why);
	else if (errno != ENOENT)
		e = err_why(ERR_SYSTEM, why,
		    "cannot open state directory %s: %s", path,
		    strerror(errno));
	fd_close(&fd);
	place_close(&p);
	return e;
}

void
statedir_close(struct statedir **d)
{
	if (*d == NULL)
		return;
	fd_close(&(*d)->lock);
	fd_close(&(*d)->fd);
	free((*d)->path);
	free(*d);
	*d = NULL;
}

static long
holder_of(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static void
note_holder(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	/* Only for the message of who comes second. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == -1)
		return;
}

static bool
lock_within(int fd, int wait_ms)
{
	int64_t end = clock_mono_ms() + wait_ms;
	struct timespec step = { 0, LOCK_STEP_MS * 1000000L };
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || clock_mono_ms() >= end)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

enum err
statedir_lock(struct statedir *d, int wait_ms, char why[ERR_WHY_MAX])
{
	ASSERT(d->lock == -1);
	struct stat st;
	int fd = openat(d->fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_why(ERR_SYSTEM, why, "cannot open %s/%s: %s",
		    d->path, LOCK_NAME, strerror(errno));
	if (!lock_within(fd, wait_ms)) {
		enum err e = errno == EWOULDBLOCK
		    ? err_why(ERR_EXISTS, why, "state directory %s is in use "
			"by process %ld: stop it or give this one a "
			"state-dir of its own", d->path, holder_of(fd))
		    : err_why(ERR_SYSTEM, why, "cannot lock %s/%s: %s",
			d->path, LOCK_NAME, strerror(errno));
		fd_close(&fd);
		return e;
	}
	/* Made by root for a daemon that is not: the owner must be able to
	 * open it when it starts without root. */
	if (geteuid() == 0 && fstat(d->fd, &st) == 0 &&
	    fchown(fd, st.st_uid, st.st_gid) == -1) {
		fd_close(&fd);
		return err_why(ERR_SYSTEM, why, "cannot give away %s/%s: %s",
		    d->path, LOCK_NAME, strerror(errno));
	}
	note_holder(fd);
	d->lock = fd;
	return OK;
}

int
statedir_fd(const struct statedir *d)
{
	return d->fd;
}

const char *
statedir_path(const struct statedir *d)
{
	return d->path;
}

bool
statedir_has_room(const struct statedir *d, uint64_t more_octets)
{
	struct statvfs v;
	if (fstatvfs(d->fd, &v) == -1 || v.f_frsize == 0)
		return false;
	uint64_t more = more_octets / v.f_frsize + 1;
	uint64_t keep = (uint64_t)v.f_blocks / FREE_SHARE;
	return (uint64_t)v.f_bavail >= keep &&
	    (uint64_t)v.f_bavail - keep >= more;
}

enum err
statedir_sync(const struct statedir *d)
{
	return fsync(d->fd) == 0 ? OK : ERR_IO;
}

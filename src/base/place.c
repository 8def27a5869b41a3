/* place.c - where a path leads, step by step.
 * Runs in: supervisor, before roles drop their privileges; xfrd.
 * Always holds: what was looked at is what is entered; a step that changes
 * in between fails and is not followed. */
#include "base/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

#define LINKS_MAX 40	/* as the kernel has it */

struct walk {
	struct place at;
	unsigned links;
	char rest[PATH_MAX];	/* of the path, after at.name */
};

static enum err
system_says(int number)
{
	errno = number;
	return ERR_SYSTEM;
}

static enum err
take_name(struct walk *w)
{
	char *from = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(from, "/");
	if (n > NAME_MAX)
		return system_says(ENAMETOOLONG);
	memcpy(w->at.name, n == 0 ? "." : from, n == 0 ? 1 : n);
	w->at.name[n == 0 ? 1 : n] = '\0';
	from += n + strspn(from + n, "/");
	memmove(w->rest, from, strlen(from) + 1);
	return OK;
}

static bool
is_kernels(int dir)
{
	struct statfs fs;
	return fstatfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

int
place_open_in(const struct place *p, int flags, mode_t mode)
{
	return openat(p->dir, p->name, flags | O_CLOEXEC |
	    (is_kernels(p->dir) ? 0 : O_NOFOLLOW), mode);
}

static enum err
go_to(struct walk *w, int fd)
{
	if (fd == -1)
		return ERR_SYSTEM;
	fd_close(&w->at.dir);
	w->at.dir = fd;
	return OK;
}

static enum err
read_link(struct walk *w, int link)
{
	char text[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof(text) - 1);
	if (n == -1)
		return ERR_SYSTEM;
	text[n] = '\0';
	if ((size_t)snprintf(rest, sizeof(rest), "%s/%s", text, w->rest) >=
	    sizeof(rest))
		return system_says(ENAMETOOLONG);
	/* A slash at the end would say more than the link did. */
	if (w->rest[0] == '\0')
		rest[n] = '\0';
	memcpy(w->rest, rest, sizeof(rest));
	return text[0] == '/' ?
	    go_to(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) : OK;
}

/* If the name is a link, what it says comes before the rest of the path. */
static enum err
take_link(struct walk *w, bool *is_link)
{
	struct stat st;
	enum err e = OK;
	*is_link = false;
	int fd = openat(w->at.dir, w->at.name,
	    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT && w->rest[0] == '\0' ? OK : ERR_SYSTEM;
	if (fstat(fd, &st) == -1) {
		e = ERR_SYSTEM;
	} else if (S_ISLNK(st.st_mode) && !is_kernels(w->at.dir)) {
		*is_link = true;
		if (geteuid() == 0 && st.st_uid != 0)
			e = ERR_INPUT_LINK;
		else if (++w->links > LINKS_MAX)
			e = system_says(ELOOP);
		else
			e = read_link(w, fd);
	}
	fd_close(&fd);
	return e;
}

static enum err
walk_to_last(struct walk *w, bool follows_last)
{
	for (;;) {
		bool is_link = false;
		enum err e = take_name(w);
		bool is_last = w->rest[0] == '\0';
		if (e == OK && (!is_last || follows_last))
			e = take_link(w, &is_link);
		if (e != OK || (is_last && !is_link))
			return e;
		if (!is_link && (e = go_to(w, place_open_in(&w->at,
		    O_PATH | O_DIRECTORY, 0))) != OK)
			return e;
	}
}

enum err
place_find(const char *path, bool follows_last, struct place *p)
{
	struct walk w = { .at.dir = -1 };
	if (path[0] == '\0')
		return system_says(ENOENT);
	if ((size_t)snprintf(w.rest, sizeof(w.rest), "%s", path) >=
	    sizeof(w.rest))
		return system_says(ENAMETOOLONG);
	enum err e = go_to(&w, open(path[0] == '/' ? "/" : ".",
	    O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (e == OK)
		e = walk_to_last(&w, follows_last);
	if (e == OK)
		*p = w.at;
	else
		fd_close(&w.at.dir);
	return e;
}

void
place_close(struct place *p)
{
	fd_close(&p->dir);
}

enum err
place_open(const char *path, int flags, mode_t mode, int *fd)
{
	struct place p;
	enum err e = place_find(path, true, &p);
	if (e != OK)
		return e;
	int n = place_open_in(&p, flags, mode);
	int why = errno;
	place_close(&p);
	if (n == -1)
		return system_says(why);
	*fd = n;
	return OK;
}

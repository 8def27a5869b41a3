/* fd.c - descriptors: close, read and write whole, memory files. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void
fd_close(int *fd)
{
	if (*fd != -1) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
	*fd = -1;
}

bool
fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags != -1 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1;
}

void
fd_wish_pipe(int fd, int octets)
{
#ifdef F_SETPIPE_SZ
	/* The user's share may be used up: then it stays as it is. */
	(void)fcntl(fd, F_SETPIPE_SZ, octets);
#else
	(void)fd;
	(void)octets;
#endif
}

bool
fd_write_all(int fd, const void *octets, size_t n)
{
	const uint8_t *at = octets;
	while (n > 0) {
		ssize_t w = write(fd, at, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		at += w;
		n -= (size_t)w;
	}
	return true;
}

bool
fd_pread_all(int fd, void *octets, size_t n, off_t from)
{
	uint8_t *at = octets;
	while (n > 0) {
		ssize_t r = pread(fd, at, n, from);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		at += r;
		from += r;
		n -= (size_t)r;
	}
	return true;
}

static rlim_t limit_before;	/* 0: was not raised */

void
fd_limit_raise(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur >= r.rlim_max)
		return;
	rlim_t before = r.rlim_cur;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) == 0)
		limit_before = before;
}

void
fd_limit_restore(void)
{
	struct rlimit r;
	if (limit_before == 0 || getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = limit_before;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

enum err
fd_open_regular(const char *path, int *fd)
{
	struct stat st;
	enum err e = OK;
	int n = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (n == -1)
		return ERR_SYSTEM;
	if (fstat(n, &st) == -1)
		e = ERR_SYSTEM;
	else if (!S_ISREG(st.st_mode))
		e = ERR_INPUT_FILE;
	if (e != OK)
		fd_close(&n);
	*fd = n;
	return e;
}

int
fd_memfile(const char *name, const void *octets, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (!fd_write_all(fd, octets, n) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE) == -1)
		fd_close(&fd);
	return fd;
}

bool
fd_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	return seals != -1 && (seals & F_SEAL_SHRINK) != 0 &&
	    (seals & F_SEAL_WRITE) != 0;
}

enum err
fd_map_open(int fd, struct fd_map *m)
{
	struct stat st;
	if (fstat(fd, &st) == -1)
		return ERR_IO;
	size_t len = (size_t)st.st_size;
	void *at = NULL;
	if (len > 0) {
		at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at == MAP_FAILED)
			return ERR_SYSTEM;
	}
	*m = (struct fd_map){ .octets = at, .len = len };
	return OK;
}

void
fd_map_close(struct fd_map *m)
{
	if (m->octets != NULL)
		munmap((void *)(uintptr_t)m->octets, m->len);
	*m = (struct fd_map){ 0 };
}

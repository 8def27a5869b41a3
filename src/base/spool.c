/* spool.c - files in the state directory: spools of transfers, snapshots.
 * Runs in: xfrd, which names and removes; others get descriptors.
 * Always holds: a file without .tmp is whole and durable. */
#include "base/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define DIGITS 16
#define TMP ".tmp"
#define TRIES 16

static const char *const kinds[] = {
	[SPOOL_TRANSFER] = "transfer-",
	[SPOOL_DELTA] = "delta-",
	[SPOOL_SNAPSHOT] = "snapshot-",
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static enum err
error_of(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case EIO:
		return ERR_IO;
	case ENOENT:
		return ERR_NOT_FOUND;
	default:
		return ERR_SYSTEM;
	}
}

static void
tmp_name(const char *name, char tmp[SPOOL_NAME_MAX + 8])
{
	snprintf(tmp, SPOOL_NAME_MAX + 8, "%.*s" TMP, SPOOL_NAME_MAX - 1,
	    name);
}

static bool
is_taken(const struct statedir *d, const char *name)
{
	struct stat st;
	return fstatat(statedir_fd(d), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

enum err
spool_create(const struct statedir *d, enum spool_kind kind, int *fd,
    char name[SPOOL_NAME_MAX])
{
	char tmp[SPOOL_NAME_MAX + 8];
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t number;
		if (getrandom(&number, sizeof number, 0) != sizeof number)
			return ERR_SYSTEM;
		snprintf(name, SPOOL_NAME_MAX, "%s%016llx", kinds[kind],
		    (unsigned long long)number);
		if (is_taken(d, name))
			continue;
		tmp_name(name, tmp);
		int n = openat(statedir_fd(d), tmp, O_RDWR | O_CREAT |
		    O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (n != -1) {
			*fd = n;
			return OK;
		}
		if (errno != EEXIST)
			return error_of(errno);
	}
	return ERR_EXISTS;
}

enum err
spool_keep(const struct statedir *d, int fd, const char *name)
{
	char tmp[SPOOL_NAME_MAX + 8];
	ASSERT(spool_is_name(name));
	tmp_name(name, tmp);
	/* Order: the octets, then the name, then the directory. */
	if (fsync(fd) == -1)
		return error_of(errno);
	if (renameat(statedir_fd(d), tmp, statedir_fd(d), name) == -1)
		return error_of(errno);
	return statedir_sync(d);
}

void
spool_drop(const struct statedir *d, const char *name)
{
	char tmp[SPOOL_NAME_MAX + 8];
	tmp_name(name, tmp);
	unlinkat(statedir_fd(d), tmp, 0);
}

enum err
spool_open(const struct statedir *d, const char *name, int *fd)
{
	if (!spool_is_name(name))
		return ERR_CORRUPT;
	int n = openat(statedir_fd(d), name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (n == -1)
		return error_of(errno);
	*fd = n;
	return OK;
}

enum err
spool_remove(const struct statedir *d, const char *name)
{
	if (!spool_is_name(name))
		return ERR_CORRUPT;
	if (unlinkat(statedir_fd(d), name, 0) == -1)
		return error_of(errno);
	return OK;
}

/* The octets of a name up to .tmp or the end; 0: not made here. */
static size_t
name_octets(const char *name)
{
	for (size_t k = 0; k < KINDS; k++) {
		size_t n = strlen(kinds[k]);
		if (strncmp(name, kinds[k], n) != 0)
			continue;
		size_t hex = strspn(name + n, "0123456789abcdef");
		return hex == DIGITS ? n + hex : 0;
	}
	return 0;
}

bool
spool_is_name(const char *name)
{
	size_t n = name_octets(name);
	return n != 0 && name[n] == '\0';
}

static bool
is_leftover(const char *name, bool (*is_used)(void *, const char *),
    void *arg)
{
	size_t n = name_octets(name);
	if (n == 0)
		return false;
	if (strcmp(name + n, TMP) == 0)
		return true;
	return name[n] == '\0' && !is_used(arg, name);
}

enum err
spool_clean(const struct statedir *d,
    bool (*is_used)(void *arg, const char *name), void *arg,
    unsigned *removed)
{
	unsigned count = 0;
	enum err e = OK;
	int fd = openat(statedir_fd(d), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		fd_close(&fd);
		return ERR_SYSTEM;
	}
	const struct dirent *n;
	while ((n = readdir(dir)) != NULL) {
		if (!is_leftover(n->d_name, is_used, arg))
			continue;
		if (unlinkat(statedir_fd(d), n->d_name, 0) == 0)
			count++;
		else if (errno != ENOENT)
			e = error_of(errno);
	}
	closedir(dir);
	if (e == OK && count > 0)
		e = statedir_sync(d);
	if (e == OK)
		*removed = count;
	return e;
}

/* statedir.h - the state directory: ours alone, locked, with room left.
 * Holds journal, spools and snapshots. All access is relative to its
 * descriptor, which outlives chroot and a renamed path. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct statedir;

/* Opens the directory and makes it (mode 0700) if it is not there; the last
 * part of the path only. owner, group: who it shall belong to (the user that
 * xfrd runs as; the caller's own ids when privileges stay); a directory that
 * belongs to somebody else (but root, who hands it over if it is empty or has
 * our lock), or that group or others may enter, is refused as it is. Links on
 * the way: place.h. On failure why says in one line what is wrong and what to
 * do. */
MUST_CHECK enum err statedir_open(const char *path, uid_t owner, gid_t group,
    struct statedir **d, char why[ERR_WHY_MAX]);
/* The same, but nothing is made or given away; what is not there yet is
 * right. */
MUST_CHECK enum err statedir_check(const char *path, uid_t owner,
    char why[ERR_WHY_MAX]);
/* A process that has the descriptor from its parent or from a message. Takes
 * it over. path is for messages and for the journal's file name. */
MUST_CHECK enum err statedir_adopt(int fd, const char *path,
    struct statedir **d);
/* Closes; the lock goes with the last process that has its descriptor. */
void statedir_close(struct statedir **d);

/* No two daemons share a directory: ERR_EXISTS when another one holds the
 * lock for longer than wait_ms (a dying predecessor needs a moment); the text
 * names its process. */
MUST_CHECK enum err statedir_lock(struct statedir *d, int wait_ms,
    char why[ERR_WHY_MAX]);

int statedir_fd(const struct statedir *d);
const char *statedir_path(const struct statedir *d);

/* P8: after that many more octets at least 5 % of the file system
 * stay free. */
bool statedir_has_room(const struct statedir *d, uint64_t more_octets);
/* Names that were made, renamed or removed are durable. */
MUST_CHECK enum err statedir_sync(const struct statedir *d);

/* place.h - where a path leads: for root along no link that another user made.
 * What the daemon writes by its names as root (pid file, log, state directory)
 * often lies in a directory of the user that the other processes run as. A
 * symbolic link that this user makes there must not turn root's hand against
 * another file, so root follows only links that belong to root: the operator's
 * /var/lib/nsd-verify -> /data/nsd-verify is one, a planted link is not. All
 * links on the way count, not the last one alone. Links of procfs are the
 * kernel's own (/dev/stdout leads over one). Who is not root follows all. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct place {
	int dir;		/* opened with O_PATH */
	char name[NAME_MAX + 1];	/* in it; need not exist */
};

/* follows_last: false for a name that is to be replaced or removed itself.
 * ERR_SYSTEM with errno, ERR_INPUT_LINK for a link that is not followed. */
MUST_CHECK enum err place_find(const char *path, bool follows_last,
    struct place *p);
/* The name itself: O_NOFOLLOW is added. -1 with errno. */
int place_open_in(const struct place *p, int flags, mode_t mode);
void place_close(struct place *p);

/* open(2) along place_find(); mode as there. */
MUST_CHECK enum err place_open(const char *path, int flags, mode_t mode,
    int *fd);

/* role.h - the processes, and the one way to make one. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum role {
#define ROLE(name, title) ROLE_##name,
#include "tables/roles.def"
#undef ROLE
	ROLES
};

#define ROLE_BIT(r) (1u << (unsigned)(r))

const char *role_title(enum role r);

/* Remembers where the arguments stand, so that ps shows the role. Call first
 * in main. */
void role_init(int argc, char **argv);
void role_set_title(enum role r, uint32_t number);

#define ROLE_KEEP_MAX 1024
/* Forks. In the child (0): signals are at their defaults and unblocked, every
 * descriptor is closed but 0 to 2, the log's and those in keep, the title is
 * set, and the child dies when told so by end of file of the supervisor's
 * channel (its own duty). The caller's event loop must not be touched there:
 * make a new one. -1 with errno on failure. */
pid_t role_fork(enum role r, uint32_t number, const int *keep, size_t n_keep);

/* The exit status of a role that has said why it cannot start, and could not
 * if it were started again. */
#define ROLE_EXIT_HOPELESS 3

/* chroot and working directory; either may be null or "". */
bool role_enter(const char *chroot_dir, const char *work_dir);

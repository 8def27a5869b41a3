/* environment.h - the environment of a verifier (and of a hook): NSD's
 * variables exactly as NSD sets them, and ours. Pure. */
#pragma once
#include <stddef.h>

#include "base/arena.h"
#include "base/sock.h"
#include "verify/request.h"

struct verify_env {
	const char *zone;	/* name exactly as configured */
	enum verify_feed feed;
	const struct addr *addresses;	/* verify addresses that are really
					 * bound, in configured order */
	size_t address_count;
	const struct verify_request *request;
	const char *verdict;	/* hooks; null: unset */
	const char *reason;	/* hooks; null: unset */
};

/* daemon: the daemon's own environment (environ), of which NOTIFY_SOCKET,
 * LISTEN_*, WATCHDOG_* and any stale VERIFY_* are left out. Ends with null;
 * lives in the arena (strings of the daemon's are pointed to, not copied). */
char **verify_environment(struct arena *a, char *const *daemon,
    const struct verify_env *e);
/* The value of a variable in such an array; null: unset. */
const char *verify_environment_get(char *const *env, const char *name);

/* hook.h - named points at which the system tests stop, end or disturb a
 * process. Without -Dtest_hooks=true there is no code behind them.
 *
 * A test sets NSDV_HOOK_DIR in the environment of the daemon and puts a file
 * NAME or NAME@ZONE there; its first word says what happens at that point:
 *   stop  once: the file becomes NAME.PID (without @ZONE), and the process
 *         waits until that is gone, at most HOOK_WAIT_S
 *   die   each time: the process is killed
 *   hang  each time: it waits as for stop, and the file stays
 * Zones are named as the configuration does. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "config.h"

#define HOOK_WAIT_S 60

#if NSDV_TEST_HOOKS
/* zone may be null. */
void hook_at(const char *name, const char *zone);
/* Takes the file away; true if it was there. */
bool hook_take(const char *name, const char *zone);
/* The number in the file, else the one given. */
int64_t hook_number(const char *name, int64_t otherwise);
#else
static inline void
hook_at(const char *name, const char *zone)
{
	(void)name;
	(void)zone;
}

static inline bool
hook_take(const char *name, const char *zone)
{
	(void)name;
	(void)zone;
	return false;
}

static inline int64_t
hook_number(const char *name, int64_t otherwise)
{
	(void)name;
	return otherwise;
}
#endif

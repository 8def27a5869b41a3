/* hook.c - named points for the system tests (hook.h).
 * Runs in: any process of a build with test hooks; empty in any other. */
#include "base/hook.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if NSDV_TEST_HOOKS
#define PATH_ROOM 512

/* Null: no hooks in this run. Children inherit what the first call read. */
static const char *
directory(void)
{
	static const char *at;
	static bool is_read;
	if (!is_read) {
		at = getenv("NSDV_HOOK_DIR");
		is_read = true;
	}
	return at;
}

static bool
find(const char *name, const char *zone, char path[PATH_ROOM])
{
	if (directory() == NULL)
		return false;
	snprintf(path, PATH_ROOM, "%s/%s@%s", directory(), name,
	    zone != NULL ? zone : "");
	if (zone != NULL && access(path, F_OK) == 0)
		return true;
	snprintf(path, PATH_ROOM, "%s/%s", directory(), name);
	return access(path, F_OK) == 0;
}

static bool
content(const char *path, char *text, size_t room)
{
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return false;
	size_t n = fread(text, 1, room - 1, f);
	text[n] = '\0';
	fclose(f);
	return true;
}

static void
wait_while_there(const char *path)
{
	const struct timespec step = { 0, 2000000 };
	for (int i = 0; i < HOOK_WAIT_S * 500 && access(path, F_OK) == 0; i++)
		nanosleep(&step, NULL);
}

void
hook_at(const char *name, const char *zone)
{
	char path[PATH_ROOM], mine[PATH_ROOM], text[16];
	if (!find(name, zone, path) || !content(path, text, sizeof(text)))
		return;
	if (strncmp(text, "die", 3) == 0) {
		kill(getpid(), SIGKILL);
	} else if (strncmp(text, "hang", 4) == 0) {
		wait_while_there(path);
	} else {
		snprintf(mine, sizeof(mine), "%.400s/%.60s.%d", directory(),
		    name, (int)getpid());
		if (rename(path, mine) == 0)
			wait_while_there(mine);
	}
}

bool
hook_take(const char *name, const char *zone)
{
	char path[PATH_ROOM];
	return find(name, zone, path) && unlink(path) == 0;
}

int64_t
hook_number(const char *name, int64_t otherwise)
{
	char path[PATH_ROOM], text[24];
	if (!find(name, NULL, path) || !content(path, text, sizeof(text)))
		return otherwise;
	return strtoll(text, NULL, 10);
}
#endif

/* spawn.h - running a foreign command: what it inherits is what is named
 * here, and nothing else. Never blocks: the result of the start is read from
 * a descriptor. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Who a process becomes. */
#define SPAWN_GROUPS_MAX 64
struct spawn_user {
	uid_t uid;
	gid_t gid;
	unsigned group_count;
	gid_t groups[SPAWN_GROUPS_MAX];
};
/* "name", "uid" or "uid.gid"; the groups of a name are looked up, so it must
 * be asked before chroot. ERR_NOT_FOUND: no such user. */
MUST_CHECK enum err spawn_user_find(const char *name, struct spawn_user *u);
/* Becomes that user for good, and makes sure that there is no way back.
 * False with errno. */
MUST_CHECK bool spawn_user_become(const struct spawn_user *u);

struct spawn_spec {
	char *const *argv;	/* ends with null; argv[0] is looked for in the
				 * PATH of env as execvp does; no shell */
	char *const *env;	/* ends with null; the whole environment */
	int fds[3];		/* become 0, 1, 2; -1: /dev/null */
	const char *chroot;	/* null: none */
	const char *directory;	/* inside chroot; null: stay */
	const struct spawn_user *user;	/* null: stay */
	uint64_t memory_octets;	/* address space; 0: no limit */
	uint64_t cpu_s;		/* 0: no limit */
	bool dies_with_parent;	/* KILL when the caller dies, where the
				 * system can do that */
};

/* What could not be done. */
enum spawn_step {
	SPAWN_FORK, SPAWN_DESCRIPTORS, SPAWN_CHROOT, SPAWN_DIRECTORY,
	SPAWN_LIMITS, SPAWN_USER, SPAWN_EXEC
};
struct spawn_failure {
	enum spawn_step step;
	int error;		/* errno */
};

/* Forks the command into a session and process group of its own, with default
 * signal dispositions and no signal blocked. The descriptors of the spec stay
 * the caller's. *report becomes readable when the command runs or cannot be
 * run: then spawn_report. On failure nothing was started and *f says why. */
MUST_CHECK enum err spawn_start(const struct spawn_spec *s, pid_t *pid,
    int *report, struct spawn_failure *f);
/* Waits for the result, closes *report; true: the command runs. On false the
 * child has said why and exits; it is still to be waited for. */
MUST_CHECK bool spawn_report(int *report, struct spawn_failure *f);

/* The exit code a shell gives: 127 not found, 126 not executable or anything
 * else that kept the command from running. */
int spawn_exit_code(const struct spawn_failure *f);
/* "No such file or directory", "user: Operation not permitted" ...; returns
 * text. */
#define SPAWN_FAILURE_TEXT_MAX 128
const char *spawn_failure_text(const struct spawn_failure *f,
    char text[SPAWN_FAILURE_TEXT_MAX]);

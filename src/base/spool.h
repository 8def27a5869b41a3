/* spool.h - files in the state directory: spools of transfers, snapshots.
 * A file has its name only when it is whole and durable: it is written as
 * NAME.tmp, and what ends in .tmp after a crash is nobody's. Names are made
 * here and never used twice: KIND-<16 hex digits>. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/statedir.h"

#define SPOOL_NAME_MAX 48	/* with the final zero */

enum spool_kind { SPOOL_TRANSFER, SPOOL_DELTA, SPOOL_SNAPSHOT };

/* An empty file open for reading and writing, close-on-exec. */
MUST_CHECK enum err spool_create(const struct statedir *d,
    enum spool_kind kind, int *fd, char name[SPOOL_NAME_MAX]);
/* The content is complete: fsync, its name, fsync of the directory. The
 * descriptor stays the caller's. */
MUST_CHECK enum err spool_keep(const struct statedir *d, int fd,
    const char *name);
/* Gives up a file that was not kept. */
void spool_drop(const struct statedir *d, const char *name);

/* Read-only; ERR_NOT_FOUND. */
MUST_CHECK enum err spool_open(const struct statedir *d, const char *name,
    int *fd);
/* Removes a kept file that no record names any more. */
MUST_CHECK enum err spool_remove(const struct statedir *d, const char *name);
/* True for names that spool_create may have made. */
bool spool_is_name(const char *name);

/* At start: removes every .tmp and every kept file that is_used denies. Only
 * names of the form above; anything else in the directory is left alone. */
MUST_CHECK enum err spool_clean(const struct statedir *d,
    bool (*is_used)(void *arg, const char *name), void *arg,
    unsigned *removed);

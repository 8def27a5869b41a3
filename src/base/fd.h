/* fd.h - descriptors: close, read and write whole, memory files. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Closes unless -1 and sets it to -1. */
void fd_close(int *fd);
MUST_CHECK bool fd_set_nonblock(int fd);
/* Wishes that a pipe held so much; nothing happens where it cannot. */
void fd_wish_pipe(int fd, int octets);
/* All n octets or false with errno; goes on after EINTR. Blocks. */
MUST_CHECK bool fd_write_all(int fd, const void *octets, size_t n);
/* Exactly n octets from the offset. */
MUST_CHECK bool fd_pread_all(int fd, void *octets, size_t n, off_t at);
/* As many descriptors as this process may have. */
void fd_limit_raise(void);
/* What was before, for commands that are started: some still select(). */
void fd_limit_restore(void);
/* For reading, without blocking: what is given by its name may be a pipe, or
 * a device without end. ERR_SYSTEM with errno, ERR_INPUT_FILE. */
MUST_CHECK enum err fd_open_regular(const char *path, int *fd);
/* An anonymous file with this content, sealed against any change; -1 on
 * failure. name is for /proc only. */
int fd_memfile(const char *name, const void *octets, size_t n);
/* Can nobody change or shorten it any more? */
bool fd_is_sealed(int fd);

/* A file mapped for reading. */
struct fd_map {
	const uint8_t *octets;	/* null when empty */
	size_t len;
};
MUST_CHECK enum err fd_map_open(int fd, struct fd_map *m);
void fd_map_close(struct fd_map *m);

/* arena.h - memory with one lifetime: allocated piece by piece, freed whole.
 * For configuration, queries, transfers; zone memory is base/region.h. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Null when memory is out. block_octets: size of each block (0: 8 KiB). */
struct arena *arena_create(size_t block_octets);
/* All that was allocated becomes invalid; the first block is kept. */
void arena_reset(struct arena *a);
/* Frees all and clears the variable; null is accepted. */
void arena_destroy(struct arena **a);
/* Zeroed, aligned to 16; ends the program when memory is out (a daemon that
 * cannot allocate a few octets cannot go on; bulk data never comes from an
 * arena). */
void *arena_alloc(struct arena *a, size_t octets);
void *arena_copy(struct arena *a, const void *from, size_t octets);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* What it has taken from the system. */
size_t arena_octets(const struct arena *a);
/* printf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

/* arena.c - bump allocation in a chain of blocks. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct block {
	struct block *older;
	size_t room;	/* octets after this header */
	size_t used;
	size_t pad;	/* keeps what follows aligned to 16 */
};

struct arena {
	struct block *newest;
	size_t block_octets;
};

static struct block *
block_add(struct arena *a, size_t at_least)
{
	size_t room = a->block_octets > at_least ? a->block_octets : at_least;
	struct block *b = malloc(sizeof(*b) + room);
	ASSERT(b != NULL);
	*b = (struct block){ .older = a->newest, .room = room };
	a->newest = b;
	return b;
}

struct arena *
arena_create(size_t block_octets)
{
	struct arena *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->block_octets = block_octets ? block_octets : 8192;
	return a;
}

size_t
arena_octets(const struct arena *a)
{
	size_t octets = 0;
	for (const struct block *b = a->newest; b != NULL; b = b->older)
		octets += sizeof(*b) + b->room;
	return octets;
}

void
arena_reset(struct arena *a)
{
	struct block *b = a->newest;
	while (b != NULL && b->older != NULL) {
		struct block *older = b->older;
		free(b);
		b = older;
	}
	if (b != NULL)
		b->used = 0;
	a->newest = b;
}

void
arena_destroy(struct arena **a)
{
	if (a == NULL || *a == NULL)
		return;
	arena_reset(*a);
	free((*a)->newest);
	free(*a);
	*a = NULL;
}

void *
arena_alloc(struct arena *a, size_t octets)
{
	size_t need = (octets + 15) & ~(size_t)15;
	ASSERT(need >= octets);
	struct block *b = a->newest;
	if (b == NULL || b->room - b->used < need)
		b = block_add(a, need);
	void *p = (uint8_t *)(b + 1) + b->used;
	b->used += need;
	return memset(p, 0, octets);
}

void *
arena_copy(struct arena *a, const void *from, size_t octets)
{
	void *p = arena_alloc(a, octets);
	if (octets > 0)
		memcpy(p, from, octets);
	return p;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);
	memcpy(p, s, n);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

/* list.c - arrays in an arena that may share their beginnings.
 * A header before each array says how much of it is in use by anyone. Who
 * holds all of that may go on in place; who holds less (a zone that took its
 * pattern's list, while another zone has already added to it) gets a copy. */
#include <string.h>

#include "conf/build.h"

struct list_head {
	size_t used, room;
};

_Static_assert(sizeof(struct list_head) == 16, "keeps elements aligned");

static uint8_t *
list_make(struct arena *a, const void *from, size_t n, size_t room,
    size_t octets)
{
	struct list_head *h = arena_alloc(a, sizeof(*h) + room * octets);
	*h = (struct list_head){ .used = n, .room = room };
	uint8_t *elements = (uint8_t *)(h + 1);
	if (n > 0)
		memcpy(elements, from, n * octets);
	return elements;
}

void *
list_add(struct arena *a, const void *at, size_t *n, size_t octets,
    const void *element)
{
	uint8_t *elements = (uint8_t *)(uintptr_t)at;
	struct list_head *h = elements == NULL ? NULL :
	    (struct list_head *)(void *)elements - 1;
	if (h == NULL || h->used != *n || h->used == h->room) {
		elements = list_make(a, at, *n, *n < 2 ? *n + 1 : *n * 2,
		    octets);
		h = (struct list_head *)(void *)elements - 1;
	}
	memcpy(elements + *n * octets, element, octets);
	*n += 1;
	h->used = *n;
	return elements;
}

void *
list_join(struct arena *a, const void *at, size_t *n, size_t octets,
    const void *more, size_t more_n)
{
	if (*n == 0) {
		*n = more_n;
		return (void *)(uintptr_t)more;
	}
	for (size_t i = 0; i < more_n; i++)
		at = list_add(a, at, n, octets,
		    (const uint8_t *)more + i * octets);
	return (void *)(uintptr_t)at;
}

/* sort.c - natural merge sort: finds the runs, merges neighbours until one is
 * left. No recursion; the cost of sorted input is one comparison an item.
 * Runs in: store and candidate. */
#include "zone/sort.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 24

struct sorter {
	size_t width;
	sort_order_fn *order;
};

static void
insertion(uint8_t *items, size_t n, const struct sorter *s)
{
	uint8_t held[SORT_ITEM_MAX];
	size_t w = s->width;
	for (size_t i = 1; i < n; i++) {
		size_t to = i;
		while (to > 0 &&
		    s->order(items + (to - 1) * w, items + i * w) > 0)
			to--;
		if (to == i)
			continue;
		memcpy(held, items + i * w, w);
		memmove(items + (to + 1) * w, items + to * w, (i - to) * w);
		memcpy(items + to * w, held, w);
	}
}

/* Ends of the ascending runs; returns how many. */
static size_t
find_runs(const uint8_t *items, size_t n, const struct sorter *s, size_t *ends)
{
	size_t runs = 0;
	for (size_t i = 1; i < n; i++)
		if (s->order(items + (i - 1) * s->width,
		    items + i * s->width) > 0)
			ends[runs++] = i;
	ends[runs++] = n;
	return runs;
}

static void
merge(const uint8_t *a, const uint8_t *a_end, const uint8_t *b,
    const uint8_t *b_end, uint8_t *to, const struct sorter *s)
{
	while (a < a_end && b < b_end) {
		bool take_b = s->order(a, b) > 0;
		const uint8_t **from = take_b ? &b : &a;
		memcpy(to, *from, s->width);
		*from += s->width;
		to += s->width;
	}
	memcpy(to, a, (size_t)(a_end - a));
	memcpy(to + (a_end - a), b, (size_t)(b_end - b));
}

/* One pass: pairs of runs from one place to the other. */
static size_t
merge_pairs(const uint8_t *from, uint8_t *to, size_t *ends, size_t runs,
    const struct sorter *s)
{
	size_t start = 0, left = 0, w = s->width;
	for (size_t i = 0; i < runs; i += 2) {
		size_t mid = ends[i];
		size_t end = i + 1 < runs ? ends[i + 1] : mid;
		merge(from + start * w, from + mid * w, from + mid * w,
		    from + end * w, to + start * w, s);
		start = ends[left++] = end;
	}
	return left;
}

enum err
sort_stable(void *items, size_t n, size_t item_octets, sort_order_fn *order)
{
	struct sorter s = { item_octets, order };
	ASSERT(item_octets <= SORT_ITEM_MAX);
	if (n <= SMALL) {
		if (n > 1)
			insertion(items, n, &s);
		return OK;
	}
	size_t descents = 0;
	for (size_t i = 1; i < n; i++)
		descents += order((uint8_t *)items + (i - 1) * item_octets,
		    (uint8_t *)items + i * item_octets) > 0;
	if (descents == 0)
		return OK;
	size_t *ends = malloc((descents + 1) * sizeof *ends);
	uint8_t *other = malloc(n * item_octets);
	if (ends == NULL || other == NULL) {
		free(ends);
		free(other);
		return ERR_MEMORY;
	}
	uint8_t *from = items, *to = other;
	size_t runs = find_runs(items, n, &s, ends);
	while (runs > 1) {
		runs = merge_pairs(from, to, ends, runs, &s);
		uint8_t *swap = from;
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, n * item_octets);
	free(ends);
	free(other);
	return OK;
}

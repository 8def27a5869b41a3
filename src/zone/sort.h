/* sort.h - a stable sort that is fast on what is nearly in order: transfers
 * arrive in a few sorted runs. */
#pragma once
#include <stddef.h>

#include "base/err.h"

#define SORT_ITEM_MAX 64

typedef int sort_order_fn(const void *a, const void *b);

/* items of item_octets (at most SORT_ITEM_MAX) each. ERR_MEMORY leaves them
 * as they were. */
MUST_CHECK enum err sort_stable(void *items, size_t n, size_t item_octets,
    sort_order_fn *order);

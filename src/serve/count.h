/* count.h - what one query and its answer add to the counters. Internal to
 * src/serve. */
#pragma once
#include "serve/query.h"

/* Once for each query, when it is decided. */
void count_query(const struct serve *s, const struct query *q,
    enum query_act act);
/* An AXFR or IXFR is granted. */
void count_transfer(const struct serve *s, const struct query *q);

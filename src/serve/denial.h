/* denial.h - proofs that something does not exist: which NSEC or NSEC3 an
 * answer needs (RFC 4035 3.1.3, RFC 5155 7.2). Internal to src/serve.
 *
 * Each notes the RRsets for the authority section of the reply. False when
 * the proof cannot be made (too many NSEC3 iterations): then the reply has
 * become SERVFAIL. An unsigned zone, or a query without DO,
 * needs none. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "serve/reply.h"
#include "zone/zone.h"

/* The name does not exist and no wildcard matches. */
MUST_CHECK bool denial_nxdomain(struct reply *r, const struct zone_version *z,
    const uint8_t *name, const struct zone_walk *w);
/* The name exists (perhaps as an empty non-terminal) without the type. */
MUST_CHECK bool denial_nodata(struct reply *r, const struct zone_version *z,
    const uint8_t *name, const struct zone_walk *w);
/* The wildcard that matches lacks the type, or is an empty non-terminal. */
MUST_CHECK bool denial_wildcard_nodata(struct reply *r,
    const struct zone_version *z, const uint8_t *name,
    const struct zone_walk *w);
/* Data came from a wildcard: the name itself does not exist. */
MUST_CHECK bool denial_wildcard_answer(struct reply *r,
    const struct zone_version *z, const uint8_t *name,
    const struct zone_walk *w);
/* A delegation without DS. */
MUST_CHECK bool denial_no_ds(struct reply *r, const struct zone_version *z,
    const struct zone_node *cut);

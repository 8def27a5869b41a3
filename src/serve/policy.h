/* policy.h - who may ask, transfer and notify. Internal to src/serve. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "conf/acl.h"
#include "serve/query.h"

/* allow-query; an empty list allows everybody. */
enum acl_verdict policy_query(const struct serve *s, const struct query *q,
    uint32_t zone_id);
/* provide-xfr; of a zone under verification, loopback needs no element. */
enum acl_verdict policy_transfer(const struct serve *s,
    const struct query *q, uint32_t zone_id);
/* allow-notify. */
enum acl_verdict policy_notify(const struct serve *s, const struct query *q,
    uint32_t zone_id);

/* The zone may be shown to this asker now: here, not expired, allowed. */
bool policy_zone_is_open(const struct serve *s, const struct query *q,
    uint32_t zone_id);
/* Expired, and it matters: a candidate's version does not expire. */
bool policy_zone_is_expired(const struct serve *s, uint32_t zone_id);

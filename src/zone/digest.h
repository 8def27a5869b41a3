/* digest.h - the content digest of a zone: the sum modulo 2^128 of
 * SipHash-2-4-128, keyed per installation, over each record as stored. */
#pragma once
#include <stdint.h>

#include "dns/rr.h"
#include "zone/zone.h"

__extension__ typedef unsigned __int128 digest_sum;

/* Of one record, as record octets. */
digest_sum digest_of_octets(const uint8_t key[16], const uint8_t *octets,
    size_t len);
digest_sum digest_of_rr(const uint8_t key[16], const struct rr *rr);
digest_sum digest_load(const struct zone_digest *d);
void digest_store(digest_sum sum, struct zone_digest *d);

/* text_ldns.h - rdata whose presentation format is left to ldns, for src/dns
 * alone: WKS, LOC, APL, NSAP, HIP; SVCB and HTTPS in writing. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Rdata as text, only if ldns reads the same octets back from it; false:
 * write it as RFC 3597 does. */
MUST_CHECK bool text_ldns_put(struct octets *o, uint16_t type,
    const uint8_t *rdata, uint16_t len);
/* Rdata of presentation format, relative names completed by origin. */
MUST_CHECK bool text_ldns_read(uint16_t type, const char *rdata,
    const uint8_t *origin, struct buf *out);

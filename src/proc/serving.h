/* serving.h - what a worker and a candidate's worker have in common: the
 * context for the answering code, and connections that move between processes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/daemon.h"
#include "serve/serve.h"
#include "serve/tcp.h"

/* Fills s for public answers; a candidate's worker then sets is_candidate and
 * its hooks. */
void serving_context(struct serve *s, const struct daemon *d,
    const struct zonedb *db, uint64_t *counters);
struct serve_tcp_limits serving_tcp_limits(const struct daemon *d);

/* A connection as one message on a SOCK_SEQPACKET pair. The descriptor stays
 * the caller's. */
MUST_CHECK bool serving_pass(int channel, const struct serve_tcp_passed *p);
/* The descriptor is the caller's, the octets stand in its room. False when
 * nothing waits. */
MUST_CHECK bool serving_take(int channel, uint8_t *octets, size_t room,
    struct serve_tcp_passed *p);

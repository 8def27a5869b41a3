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

/* A connection with the octets read from it and not answered, as one message
 * on a SOCK_SEQPACKET pair. The descriptor stays the caller's. */
MUST_CHECK bool serving_pass_fd(int channel, int fd, const uint8_t *octets,
    size_t len);
/* False when nothing waits. */
MUST_CHECK bool serving_take_fd(int channel, int *fd, uint8_t *octets,
    size_t room, size_t *len);

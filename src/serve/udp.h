/* udp.h - queries over UDP: reads and answers in batches.
 * Runs in: worker; a candidate's worker uses serve_udp_one alone. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sock.h"
#include "serve/serve.h"

struct event_base;
struct serve_udp;

/* Buffers for all UDP sockets of this process. s must stay. */
MUST_CHECK enum err serve_udp_create(struct event_base *base,
    const struct serve *s, struct serve_udp **u);
/* Answers what arrives on a bound, non-blocking socket, which stays the
 * caller's. A socket bound to the wildcard address answers from the address
 * that was asked. */
MUST_CHECK enum err serve_udp_listen(struct serve_udp *u, int fd);
/* Reads nothing more; what waits stays in the sockets for others. */
void serve_udp_stop(struct serve_udp *u);
void serve_udp_destroy(struct serve_udp **u);

/* Answers one datagram that another process read: the answer goes out on fd,
 * from the local address if that is known (AF_UNSPEC: the socket's own).
 * octets is written to. */
void serve_udp_one(struct serve_udp *u, int fd, uint8_t *octets, size_t len,
    const struct addr *peer, const struct addr *local);

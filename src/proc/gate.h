/* gate.h - inside of the gate: gate.c knows the candidates and what each has
 * under verification, gate_conn.c the TCP connections that have not yet asked.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sock.h"

/* What a candidate has told comes before any query of its verifier: a zone
 * under verification is never answered in another version. So queries have
 * their events at this priority, candidates' are above it, and no handler
 * reads more than what was there when the loop looked at all of them. */
#define GATE_PRIORITY_QUERIES 2
#define GATE_PRIORITIES 3
#define GATE_QUERY_MAX 4096	/* no query to a verify address is longer */

struct event_base;

/* Gives the connection with what was read to the worker that answers the
 * first message in octets. False: nobody does, the connection stays. */
bool gate_pass(int fd, const struct addr *peer, const uint8_t *octets,
    size_t len);
/* REFUSED with an EDE; 0 when the message deserves no answer. */
size_t gate_refusal(const uint8_t *octets, size_t len, uint8_t *answer,
    size_t room);

/* Accepts on a non-blocking listening socket. */
void gate_conn_listen(struct event_base *loop, int fd);
/* A connection that a worker gives back, with octets read and not answered.
 * fd is owned from here on. */
void gate_conn_add(struct event_base *loop, int fd, const struct addr *peer,
    const uint8_t *octets, size_t len);

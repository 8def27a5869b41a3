/* transfer.h - a request for AXFR or IXFR: whether, and how it is answered.
 * Internal to src/serve. */
#pragma once
#include "serve/reply.h"

/* QUERY_TRANSFER, or an answer of one message: an error, the single SOA, or
 * an IXFR over UDP. */
enum query_act transfer_answer(struct reply *r);
/* To the log and the counters. */
void transfer_granted(const struct reply *r);
/* The zone's SOA alone in the answer section (RFC 1995 section 2). */
void transfer_put_soa(struct reply *r);

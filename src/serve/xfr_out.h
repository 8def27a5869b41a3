/* xfr_out.h - an outgoing AXFR (RFC 5936) or IXFR (RFC 1995), one message at a
 * time: nothing of the zone is held but a position in it.
 * Runs in: worker, candidate's worker. Pure but for the log. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "serve/query.h"

struct xfr_out;

enum xfr_out_result {
	XFR_OUT_MORE,	/* a message was made; there is more to come */
	XFR_OUT_DONE,	/* a message was made; it was the last one */
	XFR_OUT_ERROR	/* nothing was made: close the connection (a record
			 * that fits no message, TSIG failed; logged) */
};

/* Begins the transfer for which query_answer returned QUERY_TRANSFER; takes
 * over the query's TSIG state. The version sent is fixed here. */
MUST_CHECK enum err xfr_out_start(const struct serve *s, struct query *q,
    struct xfr_out **x);
/* Makes the next message. room: at least 65535. Not called again after DONE
 * or ERROR. */
enum xfr_out_result xfr_out_next(struct xfr_out *x, int64_t now_s,
    uint8_t *octets, size_t room, size_t *len);
/* Frees all and clears the variable; null is accepted. */
void xfr_out_end(struct xfr_out **x);

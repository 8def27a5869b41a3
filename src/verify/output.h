/* output.h - what a verifier writes to its standard output and error: logged
 * line by line, kept for the verdict, bounded in amount and in the time that
 * it costs.
 * Runs in: candidate, on its event loop. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct event_base;
struct output;

#define OUTPUT_LINE_MAX 1000	/* longer lines are logged in parts */
#define OUTPUT_KEPT_DEFAULT (1u << 20)

/* Takes over both descriptors (read ends of pipes), also on failure. zone: the
 * name in the log; copied. kept_max: octets logged and kept; what comes beyond
 * is read and dropped, with one event. */
MUST_CHECK enum err output_start(struct event_base *loop, const char *zone,
    int fd_out, int fd_err, size_t kept_max, struct output **o);
/* The verifier has ended: takes what is there now, without waiting for whoever
 * still holds the other ends, ends the last line and closes. */
void output_finish(struct output *o);
/* Both streams in the order in which they were read; valid until free. */
const uint8_t *output_text(const struct output *o, size_t *len);
bool output_is_cut(const struct output *o);
void output_free(struct output **o);

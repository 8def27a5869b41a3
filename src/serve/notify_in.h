/* notify_in.h - a NOTIFY from a primary (RFC 1996). Internal to src/serve. */
#pragma once
#include "serve/reply.h"

/* Answers, or drops it when xfrd cannot take it: the primary repeats it. */
enum query_act notify_answer(struct reply *r, bool has_serial,
    uint32_t serial);

/* chaos.h - questions about the server itself, class CH (RFC 4892). Internal
 * to src/serve. */
#pragma once
#include "serve/reply.h"

void chaos_answer(struct reply *r);

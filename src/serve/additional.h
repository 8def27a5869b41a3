/* additional.h - addresses of the hosts that an answer names (RFC 1034 4.3.2
 * step 6, RFC 9471). Internal to src/serve. */
#pragma once
#include "serve/reply.h"

/* Goes through what the reply shows and adds what the same zone has.
 * referral: the cut whose delegation this reply is, or null: addresses below
 * it are required. */
void additional_put(struct reply *r, const struct zone_node *referral);

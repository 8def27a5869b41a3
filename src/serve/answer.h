/* answer.h - the answer to a query for a zone that may be asked (RFC 1034
 * 4.3.2, RFC 4035 3.1, RFC 4592, RFC 6672). Internal to src/serve. */
#pragma once
#include "serve/reply.h"

/* q->zone is the zone that answers, with content, not expired; policy has
 * been passed. Fills all three sections. */
void answer_zone_query(struct reply *r);

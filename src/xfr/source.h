/* source.h - which of our addresses a request leaves from. */
#pragma once
#include <stddef.h>

#include "base/sock.h"

/* outgoing-interface: the first of the peer's family; null: the system
 * chooses. */
static inline const struct addr *
source_toward(const struct addr *to, const struct addr *sources, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (sources[i].sa.sa_family == to->sa.sa_family)
			return &sources[i];
	return NULL;
}

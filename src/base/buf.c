/* buf.c - the growing run of octets; the cursor itself is inline. */
#include "base/buf.h"

#include <stdlib.h>

uint8_t *
octets_reserve(struct octets *o, size_t n)
{
	size_t want = o->len + n;
	if (want < n || (o->limit != 0 && want > o->limit))
		return NULL;
	if (want > o->room) {
		size_t room = o->room ? o->room : 256;
		while (room < want)
			room *= 2;
		uint8_t *at = realloc(o->at, room);
		if (at == NULL)
			return NULL;
		o->at = at;
		o->room = room;
	}
	return o->at + o->len;
}

bool
octets_add(struct octets *o, const void *more, size_t n)
{
	if (n == 0)
		return true;
	uint8_t *at = octets_reserve(o, n);
	if (at == NULL)
		return false;
	memcpy(at, more, n);
	o->len += n;
	return true;
}

void
octets_free(struct octets *o)
{
	if (o == NULL)
		return;
	free(o->at);
	*o = (struct octets){ .limit = o->limit };
}

/* conf.c - looking things up in a configuration. */
#include "conf/conf.h"

#include <string.h>

void
conf_destroy(struct conf **c)
{
	if (*c == NULL)
		return;
	struct arena *a = (*c)->arena;	/* the struct itself lives in it */
	*c = NULL;
	arena_destroy(&a);
}

const struct conf_zone *
conf_zone_by_apex(const struct conf *c, const uint8_t *apex)
{
	uint32_t at = (uint32_t)name_hash(apex) & c->zone_table_mask;
	for (; c->zone_table[at] != 0; at = (at + 1) & c->zone_table_mask) {
		const struct conf_zone *z = &c->zones[c->zone_table[at] - 1];
		if (name_equal(z->apex, apex))
			return z;
	}
	return NULL;
}

const struct conf_zone *
conf_zone_by_name(const struct conf *c, const char *name)
{
	struct name n;
	return name_from_text(name, &n) ? conf_zone_by_apex(c, n.octets) :
	    NULL;
}

const struct conf_zone *
conf_pattern_by_name(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->pattern_count; i++)
		if (c->patterns[i].name != NULL &&
		    strcmp(c->patterns[i].name, name) == 0)
			return &c->patterns[i];
	return NULL;
}

const struct conf_key *
conf_key_by_name(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->key_count; i++)
		if (c->keys[i].name != NULL &&
		    strcmp(c->keys[i].name, name) == 0)
			return &c->keys[i];
	return NULL;
}

/* iter.c - all nodes of a version in canonical order: the two maps merged.
 * Runs in: all roles that hold zones. Never writes zone memory. */
#include "zone/iter.h"

#include "dns/name.h"
#include "zone/node.h"

static struct iter_state *
state_of(struct zone_iter *it)
{
	return (struct iter_state *)(void *)it->state;
}

static const struct zone_node *
next_of(const struct zone_version *z, struct trie_walk *w)
{
	const struct twig *t = trie_walk_next(w, z->base);
	return t == NULL ? NULL : node_at(z, t->ref);
}

static void
take_heads(struct zone_iter *it)
{
	struct iter_state *s = state_of(it);
	s->next_main = next_of(it->zone, &s->main);
	s->next_nsec3 = next_of(it->zone, &s->nsec3);
}

void
zone_iter_start(const struct zone_version *z, struct zone_iter *it)
{
	struct iter_state *s = state_of(it);
	it->zone = z;
	trie_walk_start(&s->main, &z->main);
	trie_walk_start(&s->nsec3, &z->nsec3);
	take_heads(it);
}

void
zone_iter_after(const struct zone_version *z, const uint8_t *name,
    struct zone_iter *it)
{
	struct iter_state *s = state_of(it);
	struct zkey k;
	key_of_name(&k, name, z->apex_labels);
	it->zone = z;
	trie_walk_after(&s->main, z->base, &z->main, &k, version_key_of, z);
	trie_walk_after(&s->nsec3, z->base, &z->nsec3, &k, version_key_of, z);
	take_heads(it);
}

const struct zone_node *
zone_iter_next(struct zone_iter *it)
{
	struct iter_state *s = state_of(it);
	const struct zone_node *n = s->next_main;
	if (s->next_nsec3 == NULL || (n != NULL &&
	    name_compare(n->octet, s->next_nsec3->octet) <= 0)) {
		if (n != NULL)
			s->next_main = next_of(it->zone, &s->main);
		return n;
	}
	n = s->next_nsec3;
	s->next_nsec3 = next_of(it->zone, &s->nsec3);
	return n;
}

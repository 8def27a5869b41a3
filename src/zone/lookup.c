/* lookup.c - one walk down the map tells all about a name.
 * Runs in: workers, store, candidate. Never writes, allocates nothing.
 *
 * The walk takes at each branch the twig of the name's symbol, or one near it
 * when there is none, down to a leaf. Where the name and that leaf's name
 * first differ (d) tells all the rest: no name of the zone shares more with
 * the name than its first d symbols. So every branch at an offset up to d is
 * on the name's own way, and the ancestors met there are its ancestors. */
#include <limits.h>

#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/node.h"
#include "zone/version.h"

struct step {
	const struct twig *array;
	uint64_t word;
	unsigned taken;
};

struct descent {
	unsigned depth;
	unsigned d;		/* UINT_MAX: found */
	unsigned found_symbol;	/* of the leaf's key at d, when not found */
	bool is_found_end;	/* the leaf's key ends at d */
	struct twig root, leaf;
	struct step step[KEY_ROOM];
};

static void
compare_leaf(const struct zone_version *z, const struct zkey *k,
    const uint8_t *name, struct descent *w)
{
	const uint8_t *found = node_at(z, w->leaf.ref)->octet;
	w->d = UINT_MAX;
	if (name_equal(found, name))
		return;
	struct key_meeting m = key_meet(k, found, z->apex_labels);
	w->d = m.at;
	w->found_symbol = m.symbol;
	w->is_found_end = m.is_end;
}

/* The root is no empty twig. */
static void
descend(const struct zone_version *z, const struct twig *root,
    const struct zkey *k, const uint8_t *name, struct descent *w)
{
	struct twig t = w->root = *root;
	w->depth = 0;
	while (twig_is_branch(&t)) {
		struct step *s = w->step + w->depth++;
		s->word = twig_word(&t);
		s->array = twig_array(z->base, t.ref);
		unsigned symbol = key_at(k, branch_offset(s->word));
		s->taken = branch_rank(s->word, symbol);
		if (!branch_has(s->word, symbol) && s->taken > 0)
			s->taken--;
		t = s->array[s->taken];
	}
	w->leaf = t;
	compare_leaf(z, k, name, w);
}

/* The twig that was reached by the first i steps. */
static const struct twig *
twig_after(const struct descent *w, unsigned i)
{
	if (i == 0)
		return &w->root;
	return w->step[i - 1].array + w->step[i - 1].taken;
}

/* The first step at an offset of at least this; depth when there is none. */
static unsigned
first_step_from(const struct descent *w, unsigned offset)
{
	unsigned i = w->depth;
	while (i > 0 && branch_offset(w->step[i - 1].word) >= offset)
		i--;
	return i;
}

/* The last leaf with an NSEC at or below a twig that has one. */
static const struct zone_node *
last_nsec_below(const struct zone_version *z, const struct twig *t)
{
	while (twig_is_branch(t)) {
		const struct twig *array = twig_array(z->base, t->ref);
		unsigned i = branch_count(twig_word(t));
		do
			i--;
		while (i > 0 && !(twig_word(array + i) & TWIG_NSEC));
		t = array + i;
	}
	return node_at(z, t->ref);
}

/* The last with an NSEC among the first n twigs of an array. */
static const struct zone_node *
last_nsec_among(const struct zone_version *z, const struct twig *array,
    unsigned n)
{
	while (n > 0)
		if (twig_word(array + --n) & TWIG_NSEC)
			return last_nsec_below(z, array + n);
	return NULL;
}

/* The last node with an NSEC not after the name. */
static const struct zone_node *
nsec_not_after(const struct zone_version *z, const struct zkey *k,
    const struct descent *w)
{
	const struct zone_node *n;
	unsigned i = w->depth;
	if (!(twig_word(&w->root) & TWIG_NSEC))
		return NULL;
	if (w->d == UINT_MAX) {
		if (twig_word(&w->leaf) & TWIG_NSEC)
			return node_at(z, w->leaf.ref);
	} else {
		i = first_step_from(w, w->d);
		const struct step *s = w->step + i;
		const struct twig *t = twig_after(w, i);
		if (i < w->depth && branch_offset(s->word) == w->d) {
			n = last_nsec_among(z, s->array,
			    branch_rank(s->word, key_at(k, w->d)));
			if (n != NULL)
				return n;
		} else if (w->found_symbol < key_at(k, w->d) &&
		    (twig_word(t) & TWIG_NSEC)) {
			return last_nsec_below(z, t);
		}
	}
	while (i-- > 0) {
		n = last_nsec_among(z, w->step[i].array, w->step[i].taken);
		if (n != NULL)
			return n;
	}
	return NULL;
}

/* Looks at an ancestor of the name (or its own leaf), topmost first. */
static void
meet(const struct zone_version *z, const struct twig *leaf, bool is_above,
    struct zone_walk *w)
{
	uint64_t word = twig_word(leaf);
	if ((word & LEAF_CUT) && w->cut == NULL)
		w->cut = node_at(z, leaf->ref);
	if ((word & LEAF_DNAME) && is_above && w->dname == NULL)
		w->dname = node_at(z, leaf->ref);
}

/* Ends a label, or the apex's end. */
static bool
is_boundary(const struct zkey *k, unsigned at)
{
	return at <= k->len && (at == 0 || k->sym[at - 1] == 0);
}

/* All ancestors that own records; enc_len: where the closest encloser ends. */
static void
meet_ancestors(const struct zone_version *z, const struct zkey *k,
    const struct descent *w, unsigned enc_len, struct zone_walk *out)
{
	for (unsigned i = 0; i < w->depth; i++) {
		const struct step *s = w->step + i;
		unsigned at = branch_offset(s->word);
		if (at > w->d || at >= k->len)
			break;
		if (!branch_has(s->word, 0) || !is_boundary(k, at))
			continue;
		meet(z, s->array, true, out);
		if (at == enc_len)
			out->encloser = node_at(z, s->array->ref);
	}
	if (w->d == UINT_MAX) {
		meet(z, &w->leaf, false, out);
		out->encloser = out->exact;
	} else if (w->is_found_end && is_boundary(k, w->d)) {
		/* The leaf itself is an ancestor. */
		meet(z, &w->leaf, true, out);
		out->encloser = node_at(z, w->leaf.ref);
	}
}

/* "*" below the closest encloser: one more way down from where the name's own
 * left it. Any leaf beyond its end shows an empty non-terminal. */
static void
find_wildcard(const struct zone_version *z, struct zkey *k,
    const struct descent *w, unsigned enc_len, struct zone_walk *out)
{
	struct twig t = *twig_after(w, first_step_from(w, enc_len));
	struct zkey found;
	key_add_asterisk(k, enc_len);
	while (twig_is_branch(&t)) {
		uint64_t word = twig_word(&t);
		unsigned symbol = key_at(k, branch_offset(word)), twig = 0;
		if (branch_has(word, symbol))
			twig = branch_rank(word, symbol);
		else if (branch_offset(word) < k->len)
			return;
		t = twig_array(z->base, t.ref)[twig];
	}
	version_key_of(z, t.ref, &found);
	unsigned d = key_difference(k, &found);
	if (d == UINT_MAX)
		out->wildcard = node_at(z, t.ref);
	else
		out->wildcard_is_empty = d >= k->len;
}

void
zone_walk(const struct zone_version *z, const uint8_t *qname,
    struct zone_walk *out)
{
	struct zkey k;
	struct descent w;
	unsigned labels = 0, enc_len = 0;
	*out = (struct zone_walk){ 0 };
	key_of_name(&k, qname, z->apex_labels);
	descend(z, &z->main, &k, qname, &w);
	unsigned shared = w.d < k.len ? w.d : k.len;
	for (unsigned i = 0; i < shared; i++)
		if (k.sym[i] == 0) {
			labels++;
			enc_len = i + 1;
		}
	if (w.d == UINT_MAX)
		out->exact = node_at(z, w.leaf.ref);
	else
		out->is_empty_nonterminal = w.d >= k.len;
	out->encloser_labels = z->apex_labels + labels;
	meet_ancestors(z, &k, &w, enc_len, out);
	out->nsec = nsec_not_after(z, &k, &w);
	if (w.d != UINT_MAX && !out->is_empty_nonterminal)
		find_wildcard(z, &k, &w, enc_len, out);
}

const struct zone_node *
zone_find(const struct zone_version *z, const uint8_t *name)
{
	struct zkey k;
	struct twig t = z->main;
	key_of_name(&k, name, z->apex_labels);
	while (twig_is_branch(&t)) {
		uint64_t word = twig_word(&t);
		unsigned symbol = key_at(&k, branch_offset(word));
		if (!branch_has(word, symbol))
			return NULL;
		t = twig_array(z->base, t.ref)[branch_rank(word, symbol)];
	}
	const struct zone_node *n = node_at(z, t.ref);
	return name_equal(n->octet, name) ? n : NULL;
}

const struct zone_node *
zone_nsec_cover(const struct zone_version *z, const uint8_t *name)
{
	struct zkey k;
	struct descent w;
	key_of_name(&k, name, z->apex_labels);
	descend(z, &z->main, &k, name, &w);
	return nsec_not_after(z, &k, &w);
}

bool
node_is_occluded(const struct zone_version *z, const struct zone_node *n)
{
	struct zone_walk w;
	if (n->facts & NODE_NSEC3)
		return false;
	zone_walk(z, n->octet, &w);
	return (w.cut != NULL && w.cut != n) || w.dname != NULL;
}

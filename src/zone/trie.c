/* trie.c - the qp-trie: bulk build, path-copying edits, ordered walk.
 * Runs in: store and its forks (edits: store and candidate only). */
#include "zone/trie.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_OCTETS(n) ((n) * sizeof(struct twig))

void
trie_build_start(struct trie_builder *b, struct mem_op *op)
{
	b->op = op;
	b->has_last = false;
	b->n_open = b->n_pending = b->pending_room = 0;
	b->pending = NULL;
}

/* The last twig gets its place in the innermost open branch. */
static bool
push_last(struct trie_builder *b)
{
	struct trie_open *o = b->open + b->n_open - 1;
	if (b->n_pending == b->pending_room) {
		unsigned room = b->pending_room ? b->pending_room * 2 : 64;
		struct twig *more = realloc(b->pending, room * sizeof *more);
		if (more == NULL)
			return false;
		b->pending = more;
		b->pending_room = room;
	}
	o->bitmap |= UINT64_C(1) << key_at(&b->key, o->offset);
	b->pending[b->n_pending++] = b->last;
	return true;
}

static uint64_t
nsec_bits(const struct twig *twigs, unsigned n)
{
	uint32_t high = 0;
	for (unsigned i = 0; i < n; i++)
		high |= twigs[i].high;
	return (uint64_t)high << 32 & TWIG_NSEC;
}

/* The innermost open branch is whole: it becomes the last twig. */
static bool
close_branch(struct trie_builder *b)
{
	if (!push_last(b))
		return false;
	struct trie_open *o = b->open + --b->n_open;
	unsigned n = b->n_pending - o->first;
	struct twig *from = b->pending + o->first, *to;
	uint32_t ref = mem_alloc(b->op, ARRAY_OCTETS(n), &to);
	if (ref == 0)
		return false;
	memcpy(to, from, ARRAY_OCTETS(n));
	b->last = twig_of(TWIG_BRANCH | nsec_bits(from, n) | o->bitmap |
	    (uint64_t)o->offset << BRANCH_OFFSET_SHIFT, ref);
	b->n_pending = o->first;
	return true;
}

enum err
trie_build_add(struct trie_builder *b, const struct zkey *k,
    struct twig leaf)
{
	if (b->has_last) {
		unsigned d = key_difference(&b->key, k);
		if (d == UINT_MAX || key_at(&b->key, d) > key_at(k, d))
			return ERR_PEER_SEQUENCE;
		while (b->n_open > 0 && b->open[b->n_open - 1].offset > d)
			if (!close_branch(b))
				return ERR_FULL;
		if (b->n_open == 0 || b->open[b->n_open - 1].offset < d)
			b->open[b->n_open++] = (struct trie_open){
				.offset = d, .first = b->n_pending };
		if (!push_last(b))
			return ERR_MEMORY;
	}
	b->last = leaf;
	b->has_last = true;
	b->key.len = k->len;
	memcpy(b->key.sym, k->sym, k->len);
	return OK;
}

bool
trie_build_end(struct trie_builder *b, struct twig *root)
{
	bool ok = true;
	while (ok && b->n_open > 0)
		ok = close_branch(b);
	if (ok)
		*root = b->has_last ? b->last : twig_of(0, 0);
	free(b->pending);
	b->pending = NULL;
	return ok;
}

/* The way down to a key: which twig was taken at each branch. */
struct path {
	unsigned depth;
	uint8_t taken[KEY_ROOM];
	uint16_t offset[KEY_ROOM];
};

/* Down to the leaf that shares most with the key. */
static struct twig
descend(const struct trie_edit *e, struct twig t, const struct zkey *k,
    struct path *p)
{
	p->depth = 0;
	while (twig_is_branch(&t)) {
		uint64_t word = twig_word(&t);
		unsigned s = key_at(k, branch_offset(word));
		unsigned i = branch_has(word, s) ? branch_rank(word, s) : 0;
		p->offset[p->depth] = (uint16_t)branch_offset(word);
		p->taken[p->depth++] = (uint8_t)i;
		t = twig_array(e->op->mem->region.base, t.ref)[i];
	}
	return t;
}

struct twig *
trie_own_array(struct mem_op *op, struct twig *t)
{
	unsigned n = branch_count(twig_word(t));
	struct twig *from = mem_at(op->mem, t->ref), *to;
	if (mem_is_own(op, t->ref))
		return mem_writable(op->mem, t->ref) ? from : NULL;
	uint32_t ref = mem_alloc(op, ARRAY_OCTETS(n), &to);
	if (ref == 0)
		return NULL;
	memcpy(to, from, ARRAY_OCTETS(n));
	mem_retire(op, t->ref, ARRAY_OCTETS(n));
	t->ref = ref;
	return to;
}

/* Walks the first depth steps of a path, making all arrays own; at[] gets the
 * twigs passed, at[0] the root, at[depth] the goal. */
static bool
own_path(struct mem_op *op, struct twig *root, const struct path *p,
    unsigned depth, struct twig **at)
{
	at[0] = root;
	for (unsigned i = 0; i < depth; i++) {
		struct twig *array = trie_own_array(op, at[i]);
		if (array == NULL)
			return false;
		at[i + 1] = array + p->taken[i];
	}
	return true;
}

/* The NSEC bits of the branches above at[depth]. */
static void
refresh_bits(struct mem_op *op, struct twig **at, unsigned depth)
{
	for (unsigned i = depth; i-- > 0;) {
		uint64_t word = twig_word(at[i]) & ~TWIG_NSEC;
		const struct twig *a = mem_at(op->mem, at[i]->ref);
		word |= nsec_bits(a, branch_count(word));
		*at[i] = twig_of(word, at[i]->ref);
	}
}

/* One more twig in a branch that has no twig for the symbol. */
static bool
add_twig(struct mem_op *op, struct twig *branch, unsigned symbol,
    struct twig leaf)
{
	uint64_t word = twig_word(branch);
	unsigned n = branch_count(word), at = branch_rank(word, symbol);
	const struct twig *from = mem_at(op->mem, branch->ref);
	struct twig *to;
	uint32_t ref = mem_alloc(op, ARRAY_OCTETS(n + 1), &to);
	if (ref == 0)
		return false;
	memcpy(to, from, ARRAY_OCTETS(at));
	to[at] = leaf;
	memcpy(to + at + 1, from + at, ARRAY_OCTETS(n - at));
	mem_retire(op, branch->ref, ARRAY_OCTETS(n));
	*branch = twig_of(word | UINT64_C(1) << symbol, ref);
	return true;
}

/* A new branch in the place of a twig, with it and the leaf. */
static bool
fork_twig(struct mem_op *op, struct twig *t, unsigned offset, unsigned old_sym,
    unsigned new_sym, struct twig leaf)
{
	struct twig *to;
	uint32_t ref = mem_alloc(op, ARRAY_OCTETS(2), &to);
	if (ref == 0)
		return false;
	to[new_sym < old_sym] = *t;
	to[new_sym > old_sym] = leaf;
	*t = twig_of(TWIG_BRANCH | UINT64_C(1) << old_sym |
	    UINT64_C(1) << new_sym | (uint64_t)offset << BRANCH_OFFSET_SHIFT,
	    ref);
	return true;
}

bool
trie_set(const struct trie_edit *e, struct twig *root, const struct zkey *k,
    struct twig leaf)
{
	struct path p;
	struct zkey found;
	struct twig *at[KEY_ROOM + 1];
	if (twig_is_empty(root)) {
		*root = leaf;
		return true;
	}
	struct twig t = descend(e, *root, k, &p);
	e->key_of(e->arg, t.ref, &found);
	unsigned d = key_difference(k, &found), depth = p.depth;
	while (d != UINT_MAX && depth > 0 && p.offset[depth - 1] >= d)
		depth--;
	if (!own_path(e->op, root, &p, depth, at))
		return false;
	if (d == UINT_MAX) {
		*at[depth] = leaf;
	} else if (depth < p.depth && p.offset[depth] == d) {
		if (!add_twig(e->op, at[depth], key_at(k, d), leaf))
			return false;
	} else if (!fork_twig(e->op, at[depth], d, key_at(&found, d),
	    key_at(k, d), leaf)) {
		return false;
	}
	refresh_bits(e->op, at, twig_is_branch(at[depth]) ? depth + 1 : depth);
	return true;
}

/* One twig less in a branch; with one left the branch gives way to it. */
static bool
drop_twig(struct mem_op *op, struct twig *branch, unsigned at)
{
	uint64_t word = twig_word(branch), bits = word & BRANCH_BITMAP;
	unsigned n = branch_count(word);
	const struct twig *from = mem_at(op->mem, branch->ref);
	struct twig *to;
	if (n == 2) {
		struct twig left = from[1 - at];
		mem_retire(op, branch->ref, ARRAY_OCTETS(n));
		*branch = left;
		return true;
	}
	uint32_t ref = mem_alloc(op, ARRAY_OCTETS(n - 1), &to);
	if (ref == 0)
		return false;
	memcpy(to, from, ARRAY_OCTETS(at));
	memcpy(to + at, from + at + 1, ARRAY_OCTETS(n - 1 - at));
	mem_retire(op, branch->ref, ARRAY_OCTETS(n));
	for (unsigned i = 0; i < at; i++)
		bits &= bits - 1;
	*branch = twig_of(word & ~(bits & -bits), ref);
	return true;
}

bool
trie_delete(const struct trie_edit *e, struct twig *root, const struct zkey *k)
{
	struct path p;
	struct twig *at[KEY_ROOM + 1];
	(void)descend(e, *root, k, &p);
	if (p.depth == 0) {
		*root = twig_of(0, 0);
		return true;
	}
	unsigned depth = p.depth - 1;
	if (!own_path(e->op, root, &p, depth, at) ||
	    !drop_twig(e->op, at[depth], p.taken[depth]))
		return false;
	refresh_bits(e->op, at, twig_is_branch(at[depth]) ? depth + 1 : depth);
	return true;
}

#define LEVEL(ref, n, next) ((uint64_t)(ref) << 16 | (n) << 8 | (next))

static void
push_level(struct trie_walk *w, const struct twig *t, unsigned next)
{
	w->level[w->depth++] = LEVEL(t->ref, branch_count(twig_word(t)), next);
}

void
trie_walk_start(struct trie_walk *w, const struct twig *root)
{
	w->depth = 0;
	w->single = NULL;
	if (twig_is_branch(root))
		push_level(w, root, 0);
	else if (!twig_is_empty(root))
		w->single = root;
}

void
trie_walk_after(struct trie_walk *w, const uint8_t *base,
    const struct twig *root, const struct zkey *k, trie_key_fn *key_of,
    const void *arg)
{
	struct zkey found;
	uint16_t offset[KEY_ROOM];
	const struct twig *t = root;
	w->depth = 0;
	w->single = NULL;
	if (twig_is_empty(root))
		return;
	while (twig_is_branch(t)) {
		uint64_t word = twig_word(t);
		unsigned s = key_at(k, branch_offset(word));
		unsigned i = branch_rank(word, s);
		/* On the way the next one is that of the symbol or, when
		 * there is none, the first above it. */
		offset[w->depth] = (uint16_t)branch_offset(word);
		push_level(w, t, branch_has(word, s) ? i + 1 : i);
		t = twig_array(base, t->ref) + (branch_has(word, s) ? i : 0);
	}
	key_of(arg, t->ref, &found);
	unsigned d = key_difference(k, &found);
	bool is_after = d != UINT_MAX && key_at(&found, d) > key_at(k, d);
	if (!twig_is_branch(root)) {
		w->single = is_after ? root : NULL;
		return;
	}
	if (d == UINT_MAX)
		return;
	/* What was passed beyond d stands on one side of the key as a whole:
	 * all of it comes, or none. At d itself the level says it already. */
	unsigned keep = (unsigned)w->depth;
	while (keep > 0 && offset[keep - 1] > d)
		keep--;
	bool is_at = keep > 0 && offset[keep - 1] == d;
	if (is_after && !is_at && keep > 0)
		w->level[keep - 1]--;
	else if (is_after && !is_at)
		w->level[keep++] &= ~(uint64_t)255;
	w->depth = keep;
}

const struct twig *
trie_walk_next(struct trie_walk *w, const uint8_t *base)
{
	while (w->depth > 0) {
		uint64_t l = w->level[w->depth - 1];
		unsigned next = (unsigned)(l & 255);
		if (next == (l >> 8 & 255)) {
			w->depth--;
			continue;
		}
		w->level[w->depth - 1] = l + 1;
		const struct twig *t =
		    twig_array(base, (uint32_t)(l >> 16)) + next;
		if (!twig_is_branch(t))
			return t;
		push_level(w, t, 0);
	}
	const struct twig *single = w->single;
	w->single = NULL;
	return single;
}

/* trie.h - the ordered map: a path-copying qp-trie over keys.
 *
 * A twig is a leaf (the reference of a node record and cheap facts about it)
 * or a branch: the offset of the first symbol in which the names below it
 * differ, the set of symbols that occur there, and the reference of a packed
 * array with one twig for each, in order. Offsets grow strictly on the way
 * down. At a branch whose offset is the end of a label, twig 0 is the leaf of
 * the ancestor itself. Nothing is changed in place but what the running
 * operation made. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "zone/key.h"
#include "zone/mem.h"

struct twig {
	uint32_t low, high;
	uint32_t ref;
};

#define TWIG_BRANCH (UINT64_C(1) << 63)
/* At or below it a node owns an NSEC. */
#define TWIG_NSEC (UINT64_C(1) << 62)
/* Facts of a leaf. */
#define LEAF_CUT UINT64_C(1)
#define LEAF_DNAME UINT64_C(2)

#define BRANCH_OFFSET_SHIFT KEY_SYMBOLS
#define BRANCH_BITMAP ((UINT64_C(1) << KEY_SYMBOLS) - 1)

static inline uint64_t
twig_word(const struct twig *t)
{
	return (uint64_t)t->high << 32 | t->low;
}

static inline struct twig
twig_of(uint64_t word, uint32_t ref)
{
	return (struct twig){ (uint32_t)word, (uint32_t)(word >> 32), ref };
}

static inline bool
twig_is_branch(const struct twig *t)
{
	return t->high >> 31;
}

static inline bool
twig_is_empty(const struct twig *t)
{
	return t->ref == 0;
}

static inline unsigned
branch_offset(uint64_t word)
{
	return (unsigned)(word >> BRANCH_OFFSET_SHIFT) & 1023;
}

static inline unsigned
branch_count(uint64_t word)
{
	return bits_count(word & BRANCH_BITMAP);
}

static inline bool
branch_has(uint64_t word, unsigned symbol)
{
	return word >> symbol & 1;
}

/* How many twigs have a lower symbol. */
static inline unsigned
branch_rank(uint64_t word, unsigned symbol)
{
	return bits_count(word & ((UINT64_C(1) << symbol) - 1));
}

static inline struct twig *
twig_array(const uint8_t *base, uint32_t ref)
{
	return (struct twig *)(void *)(uintptr_t)(base +
	    (size_t)ref * REGION_UNIT);
}

/* Builds a map from keys in strictly ascending order: every array is written
 * once, in its final size. */
struct trie_open {
	unsigned offset;
	unsigned first;		/* its first twig in pending */
	uint64_t bitmap;
};
struct trie_builder {
	struct mem_op *op;
	struct twig last;	/* ready, but its place is not yet known */
	bool has_last;
	unsigned n_open, n_pending, pending_room;
	struct trie_open open[KEY_ROOM];
	struct twig *pending;	/* heap, of the open branches */
	struct zkey key;	/* of the last leaf */
};
void trie_build_start(struct trie_builder *b, struct mem_op *op);
/* ERR_PEER_SEQUENCE when the key is not above the last one; ERR_FULL. */
MUST_CHECK enum err trie_build_add(struct trie_builder *b,
    const struct zkey *k, struct twig leaf);
/* Frees the builder's memory, also after a failure. */
MUST_CHECK bool trie_build_end(struct trie_builder *b, struct twig *root);

/* Makes the twigs of a branch the operation's own, which may move them; null
 * without memory. */
struct twig *trie_own_array(struct mem_op *op, struct twig *branch);

/* How keys of leaves are had: the map itself knows no names. */
typedef void trie_key_fn(const void *arg, uint32_t ref, struct zkey *k);

/* Puts or replaces a leaf. */
struct trie_edit {
	struct mem_op *op;
	trie_key_fn *key_of;
	const void *arg;
};
MUST_CHECK bool trie_set(const struct trie_edit *e, struct twig *root,
    const struct zkey *k, struct twig leaf);
/* The leaf must be there. */
MUST_CHECK bool trie_delete(const struct trie_edit *e, struct twig *root,
    const struct zkey *k);

/* An ordered walk over all leaves: the path is kept, one word for each level
 * (array reference, twigs in it, the next one). */
struct trie_walk {
	const struct twig *single;	/* the root, when it is a leaf */
	uint64_t depth;
	uint64_t level[KEY_ROOM];
};
void trie_walk_start(struct trie_walk *w, const struct twig *root);
/* From the first leaf after a key. */
void trie_walk_after(struct trie_walk *w, const uint8_t *base,
    const struct twig *root, const struct zkey *k, trie_key_fn *key_of,
    const void *arg);
/* The next leaf or null. */
const struct twig *trie_walk_next(struct trie_walk *w, const uint8_t *base);

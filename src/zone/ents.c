/* ents.c - empty non-terminals without an NSEC3 (RFC 5155 7.1).
 * Runs in: store and candidate; workers read.
 *
 * Under opt-out a name that exists only for the sake of insecure delegations
 * below it may be left out of the chain. A proof about a name below it then
 * begins at the closest name above that has an NSEC3; so that no query need
 * hash its way up, a version lists the empty non-terminals without one: the
 * hashes of their names (64 bits, keyed: nobody can make two meet), sorted.
 * All other names of which proofs begin are in the chain of any zone that can
 * be proven anything about. Zones without opt-out have no list.
 *
 * A patch looks at the names that it touches and at those above them. An NSEC3
 * that comes or goes belongs to one of these; if one does not (a new chain),
 * the list is made anew. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"

/* Rounds of hashing for one version: a quarter of a second. A zone that needs
 * more is one that somebody made to need more. */
#define ROUNDS_MAX ((uint64_t)1 << 20)

struct list {
	uint64_t *at;
	size_t n, room;
};

struct ents {
	const struct zone_version *v;	/* whose list is made */
	struct nsec3_params params;
	uint64_t rounds;
	bool is_too_much;
};

static bool
list_add(struct list *l, uint64_t one)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		uint64_t *at = realloc(l->at, room * sizeof *at);
		if (at == NULL)
			return false;
		l->at = at;
		l->room = room;
	}
	l->at[l->n++] = one;
	return true;
}

static int
number_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void
list_sort(struct list *l)
{
	if (l->n > 1)
		qsort(l->at, l->n, sizeof *l->at, number_order);
}

static bool
among(const uint64_t *at, size_t n, uint64_t one)
{
	return n > 0 &&
	    bsearch(&one, at, n, sizeof one, number_order) != NULL;
}

static const uint64_t *
ents_of(const struct zone_version *z)
{
	return (const void *)node_at(z, z->ents);
}

bool
zone_nsec3_encloser(const struct zone_version *z, const uint8_t *name,
    unsigned *labels)
{
	unsigned all = name_labels(name);
	while (z->n_ents > 0 && *labels > z->apex_labels && among(ents_of(z),
	    z->n_ents, name_hash(name_strip(name, all - *labels))))
		--*labels;
	return (z->flags & VERSION_ENTS_UNKNOWN) == 0;
}

/* False when it would be too much. */
static bool
hash(struct ents *e, const uint8_t *name, uint8_t to[NSEC3_HASH_OCTETS])
{
	e->rounds += 1 + (uint64_t)e->params.iterations;
	if (e->rounds > ROUNDS_MAX)
		e->is_too_much = true;
	if (!e->is_too_much)
		nsec3_hash(&e->params, name, to);
	return !e->is_too_much;
}

/* The list becomes the version's; list null: there is none to be had. */
static enum err
keep(struct mem_op *op, struct zone_version *v, const struct list *l)
{
	void *at;
	v->flags &= (uint8_t)~VERSION_ENTS_UNKNOWN;
	v->ents = v->n_ents = 0;
	if (l == NULL)
		v->flags |= VERSION_ENTS_UNKNOWN;
	if (l == NULL || l->n == 0)
		return OK;
	if (l->n > NODE_OCTETS_MAX / sizeof *l->at)
		return ERR_FULL;
	v->ents = mem_alloc(op, l->n * sizeof *l->at, &at);
	if (v->ents == 0)
		return ERR_FULL;
	memcpy(at, l->at, l->n * sizeof *l->at);
	v->n_ents = (uint32_t)l->n;
	return OK;
}

/* The empty non-terminals that an owner is the first below: those that the
 * owner before it is not below. */
static enum err
look_above(struct ents *e, const uint8_t *last, const uint8_t *owner,
    struct list *l)
{
	unsigned labels = name_labels(owner);
	if (last == NULL || labels <= e->v->apex_labels + 1u)
		return OK;
	unsigned shared = name_common_labels(last, owner);
	for (unsigned i = 1; labels - i > shared; i++) {
		const uint8_t *ent = name_strip(owner, i);
		uint8_t h[NSEC3_HASH_OCTETS];
		if (!hash(e, ent, h))
			return OK;
		if (!version_has_nsec3(e->v, &e->params, h) &&
		    !list_add(l, name_hash(ent)))
			return ERR_MEMORY;
	}
	return OK;
}

enum err
ents_build(struct mem_op *op, struct zone_version *v)
{
	struct ents e = { .v = v };
	struct list l = { 0 };
	struct trie_walk walk;
	const struct twig *t;
	const uint8_t *last = NULL;
	enum err err = OK;
	v->ents = v->n_ents = 0;
	if ((v->flags & VERSION_OPT_OUT) == 0 ||
	    !zone_nsec3_params(v, &e.params) ||
	    e.params.iterations > NSEC3_ITERATIONS_MAX)
		return OK;
	trie_walk_start(&walk, &v->main);
	while (err == OK && !e.is_too_much &&
	    (t = trie_walk_next(&walk, v->base)) != NULL) {
		const uint8_t *owner = node_at(v, t->ref)->octet;
		err = look_above(&e, last, owner, &l);
		last = owner;
	}
	list_sort(&l);
	if (err == OK)
		err = keep(op, v, e.is_too_much ? NULL : &l);
	free(l.at);
	return err;
}

void
ents_retire(struct mem_op *op, const struct zone_version *v)
{
	if (v->n_ents > 0)
		mem_retire(op, v->ents, v->n_ents * sizeof(uint64_t));
}

/* What a patch found. */
struct found {
	struct list come, gone;	/* of the list */
	struct list looked_at;	/* NSEC3 hashes of names, their first octets */
	struct list moved;	/* of NSEC3 owners that came or went */
};

static enum err
look_at(struct ents *e, const struct zone_version *from, const uint8_t *name,
    struct found *f)
{
	struct zone_walk w;
	uint8_t h[NSEC3_HASH_OCTETS];
	if (!hash(e, name, h))
		return OK;
	zone_walk(e->v, name, &w);
	uint64_t own = name_hash(name);
	bool was = among(ents_of(from), from->n_ents, own);
	bool is = w.is_empty_nonterminal &&
	    !version_has_nsec3(e->v, &e->params, h);
	return list_add(&f->looked_at, octets_u64(h)) && (is == was ||
	    list_add(is ? &f->come : &f->gone, own)) ? OK : ERR_MEMORY;
}

/* A touched name and those above it but the apex, without those that the one
 * touched before it had in common with it. */
static enum err
look_up(struct ents *e, const struct zone_version *from, const uint8_t *last,
    const uint8_t *owner, struct found *f)
{
	unsigned labels = name_labels(owner), done = e->v->apex_labels;
	enum err err = OK;
	if (last != NULL)
		done = name_common_labels(last, owner);
	for (unsigned i = 0; err == OK && labels - i > done; i++)
		err = look_at(e, from, name_strip(owner, i), f);
	return err;
}

/* An owner in the NSEC3 map that came or went, as far as this chain goes. */
static enum err
look_at_owner(const struct ents *e, const struct zone_version *from,
    const uint8_t *owner, struct found *f)
{
	uint8_t h[NSEC3_HASH_OCTETS];
	if (!nsec3_hash_of_owner(owner, h) ||
	    version_has_nsec3(from, &e->params, h) ==
	    version_has_nsec3(e->v, &e->params, h))
		return OK;
	return list_add(&f->moved, octets_u64(h)) ? OK : ERR_MEMORY;
}

static enum err
look(struct ents *e, const struct zone_version *from,
    const struct changes *c, struct found *f)
{
	const uint8_t *last = NULL;
	enum err err = OK;
	for (size_t i = 0, n; err == OK && i < c->n; i += n) {
		const struct change *one = c->at + i;
		n = changes_group(c, i);
		if (one->is_nsec3) {
			err = look_at_owner(e, from, one->rr.owner, f);
			continue;
		}
		err = look_up(e, from, last, one->rr.owner, f);
		last = one->rr.owner;
	}
	return err;
}

static bool
is_explained(struct found *f)
{
	list_sort(&f->looked_at);
	for (size_t i = 0; i < f->moved.n; i++)
		if (!among(f->looked_at.at, f->looked_at.n, f->moved.at[i]))
			return false;
	return true;
}

/* The former list with what came and without what went. */
static enum err
edit(struct mem_op *op, const struct zone_version *from,
    struct zone_version *v, struct found *f)
{
	struct list l = { 0 };
	bool ok = true;
	list_sort(&f->gone);
	for (uint32_t i = 0; ok && i < from->n_ents; i++)
		if (!among(f->gone.at, f->gone.n, ents_of(from)[i]))
			ok = list_add(&l, ents_of(from)[i]);
	for (size_t i = 0; ok && i < f->come.n; i++)
		ok = list_add(&l, f->come.at[i]);
	list_sort(&l);
	ents_retire(op, from);
	enum err err = ok ? keep(op, v, &l) : ERR_MEMORY;
	free(l.at);
	return err;
}

static bool
adds_opt_out(const struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].is_add && nsec3_is_opt_out(&c->at[i].rr))
			return true;
	return false;
}

static bool
same_chain(const struct zone_version *from, const struct nsec3_params *p)
{
	struct nsec3_params was;
	return zone_nsec3_params(from, &was) &&
	    was.iterations == p->iterations && was.salt_len == p->salt_len &&
	    (p->salt_len == 0 || memcmp(was.salt, p->salt, p->salt_len) == 0);
}

static enum err
make_anew(struct mem_op *op, const struct zone_version *from,
    struct zone_version *v)
{
	ents_retire(op, from);
	return ents_build(op, v);
}

enum err
ents_patch(struct mem_op *op, const struct zone_version *from,
    struct zone_version *v, const struct changes *c)
{
	struct ents e = { .v = v };
	struct found f = { 0 };
	bool was_opt_out = from->flags & VERSION_OPT_OUT;
	/* Whether the last such NSEC3 has gone is not worth a search. */
	if (was_opt_out || adds_opt_out(c))
		v->flags |= VERSION_OPT_OUT;
	else
		return OK;
	if (!was_opt_out || !zone_nsec3_params(v, &e.params) ||
	    !same_chain(from, &e.params))
		return make_anew(op, from, v);
	v->flags |= from->flags & VERSION_ENTS_UNKNOWN;
	if (v->flags & VERSION_ENTS_UNKNOWN ||
	    e.params.iterations > NSEC3_ITERATIONS_MAX)
		return OK;
	v->ents = from->ents;
	v->n_ents = from->n_ents;
	enum err err = look(&e, from, c, &f);
	if (err == OK && (e.is_too_much || !is_explained(&f)))
		err = make_anew(op, from, v);
	else if (err == OK && f.come.n + f.gone.n > 0)
		err = edit(op, from, v, &f);
	free(f.come.at);
	free(f.gone.at);
	free(f.looked_at.at);
	free(f.moved.at);
	return err;
}

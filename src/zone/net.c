/* net.c - net deltas: of a chain of deltas, of two versions.
 * Runs in: store and candidate. A net delta holds each record at most once in
 * each half, in canonical order of owners. */
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"

struct net {
	struct octets dels, adds;
};

static bool
put_all(struct octets *to, const struct recs *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rr[i].type != TYPE_SOA && !rr_add(to, r->rr + i))
			return false;
	return true;
}

static bool
net_add(struct net *n, const struct merged *m)
{
	return put_all(&n->dels, &m->dels) && put_all(&n->adds, &m->adds);
}

bool
version_soa(const struct zone_version *z, struct rr *soa)
{
	struct rrset rs;
	uint32_t at = 0;
	return node_rrset(z, zone_apex_node(z), TYPE_SOA, &rs) &&
	    rrset_next(&rs, &at, soa);
}

static enum err
net_finish(struct net *n, const struct rr *from, const struct rr *to,
    struct octets *out)
{
	size_t was = out->len;
	bool ok = rr_add(out, from) &&
	    octets_add(out, n->dels.at, n->dels.len) && rr_add(out, to) &&
	    octets_add(out, n->adds.at, n->adds.len);
	if (!ok)
		out->len = was;
	return ok ? OK : ERR_MEMORY;
}

static void
net_free(struct net *n)
{
	octets_free(&n->dels);
	octets_free(&n->adds);
}

enum err
zonedb_net_of_chain(struct zonedb *db, uint32_t id, const uint8_t *chain,
    size_t len, struct octets *net, uint64_t *dropped, struct zone_trouble *t)
{
	const struct zone_version *z = zonedb_current(db, id);
	struct net made = { 0 };
	struct merged m = { 0 };
	struct recs old = { 0 };
	struct changes c;
	struct rr soa;
	if (z == NULL)
		return ERR_NOT_FOUND;
	enum err e = changes_read(&c, chain, len, z, t);
	if (e != OK) {
		trouble_local(t, e);
		return e;
	}
	for (size_t i = 0, n; e == OK && i < c.n; i += n) {
		const struct change *g = c.at + i;
		const struct zone_node *node = node_of(z, g->rr.owner,
		    g->is_nsec3);
		n = changes_group(&c, i);
		old.n = 0;
		if (node != NULL && !node_records(z, node, &old))
			e = ERR_MEMORY;
		if (e == OK)
			e = merge_owner(&old, g, n, &m, t);
		if (e == OK && !net_add(&made, &m))
			e = ERR_MEMORY;
	}
	ASSERT(version_soa(z, &soa));
	if (e == OK)
		e = net_finish(&made, &soa, &c.soa_new, net);
	if (e == OK && dropped != NULL)
		*dropped = c.dropped;
	trouble_local(t, e);
	net_free(&made);
	recs_free(&old);
	merged_free(&m);
	changes_free(&c);
	return e;
}

/* Two versions side by side. */
struct pair {
	const struct zone_version *a, *b;
	struct recs old, new;
	struct merged m;
};

static enum err
compare_records(struct pair *p)
{
	size_t i = 0, j = 0;
	bool ok = true;
	merged_clear(&p->m);
	while (ok && (i < p->old.n || j < p->new.n)) {
		const struct rr *x = p->old.rr + i, *y = p->new.rr + j;
		int d = j == p->new.n ? -1 : i == p->old.n ? 1 :
		    rr_order(x, y);
		if (d == 0 && rr_identical(x, y)) {
			i++;
			j++;
			continue;
		}
		if (d <= 0) {
			ok = recs_add(&p->m.dels, x);
			i++;
		}
		if (d >= 0) {
			ok = ok && recs_add(&p->m.adds, y);
			j++;
		}
	}
	return ok ? OK : ERR_MEMORY;
}

/* Either may be null. */
static enum err
compare_nodes(struct pair *p, const struct zone_node *x,
    const struct zone_node *y, struct net *net)
{
	if (x == y || (x != NULL && y != NULL && x->octets == y->octets &&
	    !node_has_shared(x) && memcmp(x, y, x->octets) == 0))
		return OK;
	p->old.n = p->new.n = 0;
	if ((x != NULL && !node_records(p->a, x, &p->old)) ||
	    (y != NULL && !node_records(p->b, y, &p->new)))
		return ERR_MEMORY;
	enum err e = compare_records(p);
	if (e == OK && !net_add(net, &p->m))
		e = ERR_MEMORY;
	return e;
}

static int
node_order(const struct zone_node *x, const struct zone_node *y)
{
	if (x == NULL || y == NULL)
		return x == NULL ? 1 : -1;
	int d = name_compare(x->octet, y->octet);
	return d != 0 ? d : (int)(x->facts & NODE_NSEC3) -
	    (int)(y->facts & NODE_NSEC3);
}

enum err
zonedb_net_of_versions(struct zonedb *db, uint32_t id,
    const struct zone_version *to, struct octets *net)
{
	struct pair p = { .a = zonedb_current(db, id), .b = to };
	struct net made = { 0 };
	struct zone_iter ia, ib;
	struct rr soa_a, soa_b;
	enum err e = OK;
	if (p.a == NULL)
		return ERR_NOT_FOUND;
	zone_iter_start(p.a, &ia);
	zone_iter_start(p.b, &ib);
	const struct zone_node *x = zone_iter_next(&ia);
	const struct zone_node *y = zone_iter_next(&ib);
	while (e == OK && (x != NULL || y != NULL)) {
		int d = node_order(x, y);
		e = compare_nodes(&p, d <= 0 ? x : NULL, d >= 0 ? y : NULL,
		    &made);
		if (d <= 0)
			x = zone_iter_next(&ia);
		if (d >= 0)
			y = zone_iter_next(&ib);
	}
	ASSERT(version_soa(p.a, &soa_a) && version_soa(p.b, &soa_b));
	if (e == OK)
		e = net_finish(&made, &soa_a, &soa_b, net);
	net_free(&made);
	recs_free(&p.old);
	recs_free(&p.new);
	merged_free(&p.m);
	return e;
}

/* audit.c - looking at every record of a version: its digest taken afresh,
 * its blocks given up; and the hook that lets a test damage one.
 * Runs in: store and candidate. */
#include "base/hook.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"

void
zone_digest_recompute(const struct zonedb *db, const struct zone_version *v,
    struct zone_digest *d)
{
	const struct zone_node *n;
	struct zone_iter it;
	digest_sum sum = 0;
	zone_iter_start(v, &it);
	while ((n = zone_iter_next(&it)) != NULL) {
		struct rrset rs;
		unsigned at = 0;
		while (node_next_rrset(v, n, &at, &rs)) {
			struct rr rr;
			uint32_t rr_at = 0;
			while (rrset_next(&rs, &rr_at, &rr))
				sum += digest_of_rr(db->key, &rr);
		}
	}
	digest_store(sum, d);
}

bool
zone_is_as_recorded(const struct zonedb *db, const struct zone_version *v)
{
	struct zone_digest d;
	zone_digest_recompute(db, v, &d);
	return memcmp(&d, zone_digest(v), sizeof(d)) == 0;
}

/* Depth is bounded by the length of a key. */
static void
retire_twig(struct mem_op *op, const struct zone_version *v,
    const struct twig *t)
{
	if (twig_is_empty(t))
		return;
	if (!twig_is_branch(t)) {
		mem_retire(op, t->ref, node_at(v, t->ref)->octets);
		return;
	}
	unsigned n = branch_count(twig_word(t));
	const struct twig *array = twig_array(v->base, t->ref);
	for (unsigned i = 0; i < n; i++)
		retire_twig(op, v, array + i);
	mem_retire(op, t->ref, n * sizeof *array);
}

void
version_retire(struct zonedb *db, struct mem_op *op,
    const struct zone_version *v, bool with_steps)
{
	retire_twig(op, v, &v->main);
	retire_twig(op, v, &v->nsec3);
	ents_retire(op, v);
	if (with_steps)
		steps_retire(db, op, v, 0);
	mem_retire(op, version_ref(v), version_octets(v));
}

#if NSDV_TEST_HOOKS
bool
zonedb_test_flip(struct zonedb *db, const struct zone_version *v)
{
	const struct zone_node *n;
	struct zone_iter it;
	zone_iter_start(v, &it);
	while ((n = zone_iter_next(&it)) != NULL) {
		struct rrset rs;
		unsigned at = 0;
		while (node_next_rrset(v, n, &at, &rs)) {
			struct rr rr;
			uint32_t rr_at = 0;
			if (rs.type == TYPE_SOA || !rrset_next(&rs, &rr_at,
			    &rr) || rr.rdata_len == 0)
				continue;
			uint8_t *last = (uint8_t *)(uintptr_t)rr.rdata +
			    rr.rdata_len - 1;
			if (!mem_writable(&db->mem, (uint32_t)((size_t)(last -
			    v->base) / REGION_UNIT)))
				return false;
			*last ^= 1;
			return true;
		}
	}
	return false;
}

void
zonedb_test_alter(struct zonedb *db, const struct zone_version *v,
    const char *point, const char *zone)
{
	if (v != NULL && hook_take(point, zone))
		(void)zonedb_test_flip(db, v);
}
#endif

/* history.c - the net deltas of a zone, kept in zone memory so that workers
 * inherit them.
 * Runs in: store and candidate. The rows are one block, written anew for each
 * version; the octets of a step are written once and shared. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "zone/db.h"

#define STEPS_MAX 65535

static const struct zone_step_row *
rows_of(const struct zone_version *v)
{
	return (const void *)(v->base + (size_t)v->steps * REGION_UNIT);
}

static uint64_t
limit_octets(const struct zone_slot *s, const struct zone_version *v)
{
	uint64_t quarter = v->wire_octets / 4;
	if (s->history_octets != 0)
		return s->history_octets;
	return quarter > (uint64_t)1 << 20 ? quarter : (uint64_t)1 << 20;
}

static unsigned
limit_number(const struct zone_slot *s)
{
	return s->history_number < STEPS_MAX ? s->history_number : STEPS_MAX;
}

static uint32_t
store_octets(struct mem_op *op, const uint8_t *octets, size_t len)
{
	uint8_t *at;
	uint32_t ref = mem_alloc(op, len, &at);
	if (ref != 0)
		memcpy(at, octets, len);
	return ref;
}

/* How many of n older steps stay beside used octets. */
static unsigned
how_many_stay(const struct zone_slot *s, const struct zone_version *v,
    const struct zone_step_row *rows, unsigned n, uint64_t used)
{
	unsigned stay = 0;
	uint64_t limit = limit_octets(s, v);
	while (stay < n && stay + 1 < limit_number(s) &&
	    used + rows[stay].len <= limit)
		used += rows[stay++].len;
	return stay;
}

bool
steps_write(struct zonedb *db, struct mem_op *op, const struct zone_slot *s,
    struct zone_version *v, const struct zone_version *old,
    const uint8_t *net, size_t net_len, uint32_t from, bool copy)
{
	struct zone_step_row *rows;
	const struct zone_step_row *older = rows_of(old);
	if (limit_number(s) == 0 || net_len > limit_octets(s, v) ||
	    net_len > MEM_BLOCK_MAX)
		return false;
	unsigned stay = how_many_stay(s, v, older, old->n_steps, net_len);
	uint32_t ref = mem_alloc(op, (stay + 1) * sizeof *rows, &rows);
	uint32_t octets = store_octets(op, net, net_len);
	if (ref == 0 || octets == 0)
		return false;
	rows[0] = (struct zone_step_row){ from, v->serial, octets,
		(uint32_t)net_len };
	for (unsigned i = 0; i < stay; i++) {
		rows[i + 1] = older[i];
		if (!copy)
			continue;
		rows[i + 1].octets_ref = store_octets(op,
		    mem_at(&db->mem, older[i].octets_ref), older[i].len);
		if (rows[i + 1].octets_ref == 0)
			return false;
	}
	v->steps = ref;
	v->n_steps = stay + 1;
	return true;
}

void
steps_retire(struct zonedb *db, struct mem_op *op,
    const struct zone_version *old, unsigned stay)
{
	const struct zone_step_row *rows = rows_of(old);
	(void)db;
	if (old->n_steps == 0)
		return;
	for (unsigned i = stay; i < old->n_steps; i++)
		mem_retire(op, rows[i].octets_ref, rows[i].len);
	mem_retire(op, old->steps, old->n_steps * sizeof *rows);
}

/* Serials of the first and the second SOA of a delta. */
static bool
net_serials(const uint8_t *net, size_t len, uint32_t *from, uint32_t *to)
{
	struct buf b = buf_reading(net, len);
	struct rr rr;
	if (!rr_take(&b, &rr) || !rr_soa_serial(&rr, from))
		return false;
	while (rr_take(&b, &rr))
		if (rr_soa_serial(&rr, to))
			return true;
	return false;
}

enum err
zonedb_add_step(struct zonedb *db, uint32_t id, const uint8_t *net, size_t len)
{
	struct zone_slot *s = slot_of(db, id);
	struct zone_step_row *rows;
	struct mem_op op;
	uint32_t from, to;
	uint64_t used = len;
	if (s == NULL || s->version == NULL)
		return ERR_NOT_FOUND;
	struct zone_version *v = s->version;
	const struct zone_step_row *old = rows_of(v);
	if (!net_serials(net, len, &from, &to))
		return ERR_CORRUPT;
	if (to != (v->n_steps > 0 ? old[v->n_steps - 1].from : v->serial))
		return ERR_PEER_INCONSISTENT;
	for (unsigned i = 0; i < v->n_steps; i++)
		used += old[i].len;
	if (!s->keep_history || v->n_steps + 1 > limit_number(s) ||
	    used > limit_octets(s, v) || len > MEM_BLOCK_MAX)
		return ERR_LIMIT;
	slot_op_start(db, s, &op);
	uint32_t n = v->n_steps;
	uint32_t ref = mem_alloc(&op, (n + 1) * sizeof *rows, &rows);
	uint32_t octets = store_octets(&op, net, len);
	if (ref == 0 || octets == 0 || !mem_writable(&db->mem,
	    version_ref(v))) {
		op_undo(db, &op);
		return ERR_FULL;
	}
	if (n > 0)
		memcpy(rows, old, n * sizeof *rows);
	rows[n] = (struct zone_step_row){ from, to, octets, (uint32_t)len };
	steps_retire(db, &op, v, n);
	v->steps = ref;
	v->n_steps = n + 1;
	mem_settle(&db->mem, &op.dead);
	tally_free(&op.taken);
	return OK;
}

/* count.c - what one query and its answer add to the counters of the worker,
 * and of the zone if it has zonestats. Counted is what NSD counts, and when.
 * Runs in: worker, candidate's worker. */
#include "serve/count.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "dns/rrtype.h"

static enum serve_counter
transport_counter(const struct query *q)
{
	bool is_ip6 = q->peer.sa.sa_family == AF_INET6;
	switch (q->transport) {
	case SERVE_UDP:
		break;
	case SERVE_TCP:
		return is_ip6 ? COUNT_TCP6 : COUNT_TCP;
	case SERVE_TLS:
		return is_ip6 ? COUNT_TLS6 : COUNT_TLS;
	}
	return is_ip6 ? COUNT_UDP6 : COUNT_UDP;
}

/* Other opcodes have no question that means anything here. */
static bool
is_understood(const struct query *q)
{
	unsigned opcode = MSG_OPCODE(q->reader.flags);
	return q->reader.has_question &&
	    (opcode == OPCODE_QUERY || opcode == OPCODE_NOTIFY);
}

static void
add_answer(uint64_t *c, const struct query *q, uint16_t flags)
{
	unsigned rcode = MSG_RCODE(flags);
	c[COUNT_RCODE + rcode]++;
	if (rcode == RCODE_NOERROR && (flags & MSG_AA) == 0)
		c[COUNT_ANSWER_WITHOUT_AA]++;
	if ((flags & MSG_TC) != 0)
		c[COUNT_TRUNCATED]++;
	if (q->edns.is_present)
		c[q->edns.version == 0 ? COUNT_EDNS : COUNT_EDNS_ERROR]++;
}

static void
add_query(uint64_t *c, const struct query *q, enum query_act act)
{
	c[COUNT_QUERIES]++;
	c[transport_counter(q)]++;
	if (is_understood(q)) {
		c[serve_counter_of_type(q->reader.qtype)]++;
		c[COUNT_OPCODE + MSG_OPCODE(q->reader.flags)]++;
		c[serve_counter_of_class(q->reader.qclass)]++;
	}
	switch (act) {
	case QUERY_DROP:
		c[COUNT_DROPPED]++;
		break;
	case QUERY_ANSWER:
		add_answer(c, q, octets_u16(q->answer + 2));
		break;
	case QUERY_TRANSFER:
		add_answer(c, q, MSG_AA);
		break;
	}
}

/* The row of the zone that the query found, or null. */
static uint64_t *
zone_row(const struct serve *s, const struct query *q)
{
	if (s->zone_counters == NULL || q->zone.apex == NULL)
		return NULL;
	const struct conf_zone *z = serve_zone_conf(s, q->zone.id);
	return z == NULL || z->zonestats_group == NULL ? NULL :
	    s->zone_counters + (size_t)q->zone.id * SERVE_COUNTERS;
}

static bool
is_transfer(const struct query *q)
{
	return q->reader.qtype == TYPE_AXFR || q->reader.qtype == TYPE_IXFR;
}

void
count_query(const struct serve *s, const struct query *q, enum query_act act)
{
	/* On a connection that is no message at all. */
	if (q->transport != SERVE_UDP && q->len < MSG_HEADER_OCTETS)
		return;
	add_query(s->counters, q, act);
	uint64_t *row = zone_row(s, q);
	if (row != NULL && !is_transfer(q))
		add_query(row, q, act);
}

void
count_transfer(const struct serve *s, const struct query *q)
{
	unsigned which = q->reader.qtype == TYPE_AXFR ? COUNT_AXFR :
	    COUNT_IXFR;
	uint64_t *row = zone_row(s, q);
	serve_count(s, which);
	if (row != NULL)
		row[which]++;
}

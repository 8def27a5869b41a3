/* message.c - reading messages: header, question, records.
 * Runs in: every role. Pure: no I/O, no allocation. Judges input: nothing
 * here asserts on what a peer sent. */
#include "dns/message.h"

#include "dns/rdata.h"
#include "dns/rdata_table.h"

enum err
msg_read(struct msg_reader *m, const void *octets, size_t len,
    uint8_t *scratch)
{
	*m = (struct msg_reader){ .b = buf_reading(octets, len),
		.scratch = scratch };
	if (len > MSG_MAX_OCTETS || !buf_skip(&m->b, MSG_HEADER_OCTETS))
		return ERR_PEER_FORMAT;
	const uint8_t *p = m->b.octets;
	m->id = octets_u16(p);
	m->flags = octets_u16(p + 2);
	m->qdcount = octets_u16(p + 4);
	for (unsigned i = 0; i < 3; i++)
		m->counts[i] = octets_u16(p + 6 + 2 * i);
	m->question_end = m->b.at;
	if (m->qdcount > 1)
		return ERR_PEER_FORMAT;
	if (m->qdcount == 0)
		return OK;
	if (!name_from_wire(&m->b, &m->qname) ||
	    !buf_take_u16(&m->b, &m->qtype) ||
	    !buf_take_u16(&m->b, &m->qclass))
		return ERR_PEER_FORMAT;
	m->has_question = true;
	m->question_end = m->b.at;
	return OK;
}

/* The section of the next record; false after the last one. */
static bool
next_section(struct msg_reader *m, enum section *section)
{
	for (unsigned i = 0; i < 3; i++)
		if (m->counts[i] > 0) {
			m->counts[i]--;
			*section = (enum section)i;
			return true;
		}
	return false;
}

/* Rdata that cannot hold a compressed name stays where it is. */
static enum err
take_rdata(struct msg_reader *m, struct rr *rr, uint16_t wire_len)
{
	if ((rdata_row(rr->type)->flags & RD_DECOMPRESS) == 0) {
		if (!buf_take(&m->b, wire_len, &rr->rdata) ||
		    !rdata_is_valid(rr->type, rr->rdata, wire_len))
			return ERR_PEER_FORMAT;
		rr->rdata_len = wire_len;
		return OK;
	}
	struct buf out = buf_of(m->scratch, MSG_MAX_OCTETS);
	enum err e = rdata_from_wire(&m->b, rr->type, wire_len, &out);
	if (e == OK) {
		rr->rdata = m->scratch;
		rr->rdata_len = (uint16_t)out.at;
	}
	return e;
}

enum err
msg_take_rr(struct msg_reader *m, enum section *section, struct rr *rr)
{
	struct rr taken = { .owner = m->owner.octets };
	const uint8_t *fixed;
	if (!next_section(m, section))
		return buf_left(&m->b) == 0 ? ERR_NOT_FOUND : ERR_PEER_FORMAT;
	m->rr_start = m->b.at;
	if (!name_from_wire(&m->b, &m->owner) ||
	    !buf_take(&m->b, RR_FIXED_OCTETS, &fixed))
		return ERR_PEER_FORMAT;
	taken.type = octets_u16(fixed);
	taken.class = octets_u16(fixed + 2);
	taken.ttl = octets_u32(fixed + 4);
	enum err e = take_rdata(m, &taken, octets_u16(fixed + 8));
	if (e == OK)
		*rr = taken;
	return e;
}

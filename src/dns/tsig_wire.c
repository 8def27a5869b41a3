/* tsig_wire.c - finding and writing the TSIG record (RFC 8945 4.2).
 * Runs in: workers, xfrd. Pure: no I/O, no allocation. */
#include "dns/tsig_wire.h"

#include "dns/message.h"
#include "dns/rrtype.h"

#define RDATA_FIXED_OCTETS 16	/* all of it but algorithm, MAC and other */

/* Over a name, not into it. */
static bool
skip_name(struct buf *b)
{
	for (;;) {
		uint8_t n;
		if (!buf_take_u8(b, &n))
			return false;
		if (n >= 0xc0)
			return buf_skip(b, 1);
		if (n > 63 || !buf_skip(b, n))
			return false;
		if (n == 0)
			return true;
	}
}

static bool
take_rdata(struct buf *b, struct tsig_rr *t)
{
	const uint8_t *alg, *time;
	if (!name_take(b, &alg) || !buf_take(b, 6, &time) ||
	    !buf_take_u16(b, &t->fudge_s) || !buf_take_u16(b, &t->mac_len) ||
	    !buf_take(b, t->mac_len, &t->mac) ||
	    !buf_take_u16(b, &t->original_id) ||
	    !buf_take_u16(b, &t->error) || !buf_take_u16(b, &t->other_len) ||
	    !buf_take(b, t->other_len, &t->other))
		return false;
	name_copy(&t->alg, alg);
	t->time_s = (uint64_t)octets_u16(time) << 32 | octets_u32(time + 2);
	return buf_left(b) == 0;
}

/* One record; a TSIG must be class ANY, TTL 0, and end the message. */
static bool
take_rr(struct buf *b, bool is_last, struct tsig_rr *t)
{
	const uint8_t *fixed;
	size_t start = b->at;
	if (!skip_name(b) || !buf_take(b, RR_FIXED_OCTETS, &fixed))
		return false;
	uint16_t rdata_len = octets_u16(fixed + 8);
	if (octets_u16(fixed) != TYPE_TSIG)
		return buf_skip(b, rdata_len);
	if (!is_last || octets_u16(fixed + 2) != CLASS_ANY ||
	    octets_u32(fixed + 4) != 0 || buf_left(b) != rdata_len)
		return false;
	struct buf owner = *b;
	owner.at = start;
	t->start = start;
	t->is_present = true;
	return name_from_wire(&owner, &t->key) && take_rdata(b, t);
}

enum err
tsig_rr_find(const uint8_t *octets, size_t len, struct tsig_rr *t)
{
	struct buf b = buf_reading(octets, len);
	t->is_present = false;
	if (!buf_skip(&b, MSG_HEADER_OCTETS))
		return ERR_PEER_FORMAT;
	unsigned questions = octets_u16(octets + 4);
	unsigned additional = octets_u16(octets + 10);
	unsigned records = octets_u16(octets + 6) + octets_u16(octets + 8) +
	    additional;
	for (; questions > 0; questions--)
		if (!skip_name(&b) || !buf_skip(&b, 4))
			return ERR_PEER_FORMAT;
	for (; records > 0; records--)
		if (!take_rr(&b, records == 1 && additional > 0, t))
			return ERR_PEER_FORMAT;
	return OK;
}

bool
tsig_rr_put(uint8_t *octets, size_t *len, size_t room, const struct tsig_rr *t)
{
	struct buf b = buf_of(octets, room);
	size_t alg_len = name_len(t->alg.octets);
	unsigned additional = octets_u16(octets + 10);
	b.at = *len;
	if (additional == UINT16_MAX || room < *len || !buf_put(&b,
	    t->key.octets, name_len(t->key.octets)) ||
	    !buf_put_u16(&b, TYPE_TSIG) || !buf_put_u16(&b, CLASS_ANY) ||
	    !buf_put_u32(&b, 0) || !buf_put_u16(&b, (uint16_t)(alg_len +
	    RDATA_FIXED_OCTETS + t->mac_len + t->other_len)) ||
	    !buf_put(&b, t->alg.octets, alg_len) ||
	    !buf_put_u16(&b, (uint16_t)(t->time_s >> 32)) ||
	    !buf_put_u32(&b, (uint32_t)t->time_s) ||
	    !buf_put_u16(&b, t->fudge_s) || !buf_put_u16(&b, t->mac_len) ||
	    !buf_put(&b, t->mac, t->mac_len) ||
	    !buf_put_u16(&b, t->original_id) || !buf_put_u16(&b, t->error) ||
	    !buf_put_u16(&b, t->other_len) ||
	    !buf_put(&b, t->other, t->other_len))
		return false;
	octets_set_u16(octets + 10, (uint16_t)(additional + 1));
	*len = b.at;
	return true;
}

/* opt_out.c - the OPT record of an answer (RFC 6891; options of RFC 5001,
 * 7314 and 8914). Runs in: worker, candidate's worker. */
#include "serve/reply.h"

#define OPTION_HEAD 4
#define EXPIRE_OCTETS 4
#define EDE_OCTETS 80	/* code and our longest text */

void
opt_out_of_query(struct opt_out *o, const struct serve *s,
    const struct query *q)
{
	*o = (struct opt_out){ .s = s, .is_present = q->edns.is_present,
		.do_bit = q->edns.do_bit, .wants_nsid = q->edns.wants_nsid,
		.udp_octets = serve_udp_octets(s, &q->peer),
		.ede = EDE_NONE };
}

size_t
opt_out_room(const struct opt_out *o)
{
	size_t n = 0;
	if (!o->is_present)
		return 0;
	n += EDNS_FIXED_OCTETS;
	if (o->wants_nsid && o->s->nsid_len > 0)
		n += OPTION_HEAD + o->s->nsid_len;
	if (o->has_expire)
		n += OPTION_HEAD + EXPIRE_OCTETS;
	return n;
}

bool
opt_out_put(struct msg_writer *w, const struct opt_out *o)
{
	uint8_t room[OPTION_HEAD * 3 + 256 + EXPIRE_OCTETS + EDE_OCTETS];
	struct buf options = buf_of(room, sizeof(room));
	uint8_t expire[EXPIRE_OCTETS];
	bool ok = true;
	if (!o->is_present)
		return true;
	if (o->wants_nsid && o->s->nsid_len > 0)
		ok = edns_option_put(&options, EDNS_NSID, o->s->nsid,
		    (uint16_t)o->s->nsid_len);
	octets_set_u32(expire, o->expire_s);
	if (o->has_expire)
		ok = ok && edns_option_put(&options, EDNS_EXPIRE, expire,
		    sizeof(expire));
	if (o->ede != EDE_NONE)
		ok = ok && edns_ede_put(&options, o->ede,
		    o->ede_text != NULL ? o->ede_text : "");
	return ok && edns_put(w, o->udp_octets, o->rcode, o->do_bit, room,
	    (uint16_t)options.at);
}

/* opt_out.c - the OPT record of an answer (RFC 6891; options of RFC 5001,
 * 7314, 7828, 7873, 8914 and 9660). Runs in: worker, candidate's worker. */
#include "serve/reply.h"

#define OPTION_HEAD 4
#define NSID_OCTETS 256
#define EXPIRE_OCTETS 4
#define KEEPALIVE_OCTETS 2
#define ZONEVERSION_OCTETS 6	/* labels, kind, serial */
#define ZONEVERSION_SOA_SERIAL 0
#define EDE_OCTETS 80	/* code and our longest text */
#define OPTIONS_OCTETS                                                         \
	(OPTION_HEAD * 6 + NSID_OCTETS + EXPIRE_OCTETS + KEEPALIVE_OCTETS +    \
	ZONEVERSION_OCTETS + COOKIE_OCTETS + EDE_OCTETS)

void
opt_out_of_query(struct opt_out *o, const struct serve *s,
    const struct query *q)
{
	*o = (struct opt_out){ .s = s, .is_present = q->edns.is_present,
		.do_bit = q->edns.do_bit, .wants_nsid = q->edns.wants_nsid,
		.cookie = q->cookie, .has_keepalive =
		q->edns.wants_keepalive && q->transport != SERVE_UDP,
		.keepalive_100ms = q->idle_timeout_100ms,
		.udp_octets = serve_udp_octets(s, &q->peer),
		.ede = EDE_NONE };
}

void
opt_out_zoneversion(struct opt_out *o, const struct query *q)
{
	if (!q->edns.wants_zoneversion || q->zone.version == NULL)
		return;
	o->has_zoneversion = true;
	o->zone_labels = (uint8_t)name_labels(q->zone.apex);
	o->zone_serial = zone_serial(q->zone.version);
}

static bool
shows_nsid(const struct opt_out *o)
{
	return o->wants_nsid && o->s->nsid_len > 0;
}

size_t
opt_out_room(const struct opt_out *o)
{
	size_t n = 0;
	if (!o->is_present)
		return 0;
	n += EDNS_FIXED_OCTETS;
	if (shows_nsid(o))
		n += OPTION_HEAD + o->s->nsid_len;
	if (o->has_expire)
		n += OPTION_HEAD + EXPIRE_OCTETS;
	if (o->cookie.is_present)
		n += OPTION_HEAD + COOKIE_OCTETS;
	if (o->has_keepalive)
		n += OPTION_HEAD + KEEPALIVE_OCTETS;
	if (o->has_zoneversion)
		n += OPTION_HEAD + ZONEVERSION_OCTETS;
	return n;
}

/* About this server and the zone. */
static bool
put_facts(struct buf *b, const struct opt_out *o)
{
	uint8_t expire[EXPIRE_OCTETS], version[ZONEVERSION_OCTETS] = {
		o->zone_labels, ZONEVERSION_SOA_SERIAL };
	octets_set_u32(expire, o->expire_s);
	octets_set_u32(version + 2, o->zone_serial);
	if (shows_nsid(o) && !edns_option_put(b, EDNS_NSID, o->s->nsid,
	    (uint16_t)o->s->nsid_len))
		return false;
	if (o->has_expire && !edns_option_put(b, EDNS_EXPIRE, expire,
	    sizeof(expire)))
		return false;
	return !o->has_zoneversion || edns_option_put(b, EDNS_ZONEVERSION,
	    version, sizeof(version));
}

/* What peers need to go on talking with us. */
static bool
put_dealings(struct buf *b, const struct opt_out *o)
{
	uint8_t keepalive[KEEPALIVE_OCTETS];
	octets_set_u16(keepalive, o->keepalive_100ms);
	if (o->cookie.is_present && !edns_option_put(b, EDNS_COOKIE,
	    o->cookie.octets, COOKIE_OCTETS))
		return false;
	return !o->has_keepalive || edns_option_put(b, EDNS_KEEPALIVE,
	    keepalive, sizeof(keepalive));
}

static bool
put(struct msg_writer *w, const struct opt_out *o, bool is_full)
{
	uint8_t room[OPTIONS_OCTETS];
	struct buf options = buf_of(room, sizeof(room));
	if (!put_dealings(&options, o) ||
	    (is_full && !put_facts(&options, o)))
		return false;
	if (is_full && o->ede != EDE_NONE && !edns_ede_put(&options, o->ede,
	    o->ede_text != NULL ? o->ede_text : ""))
		return false;
	return edns_put(w, o->udp_octets, o->rcode, o->do_bit, room,
	    (uint16_t)options.at);
}

bool
opt_out_put(struct msg_writer *w, const struct opt_out *o)
{
	if (!o->is_present || put(w, o, true) || put(w, o, false))
		return true;
	/* A long name and a long key in 512 octets: the signature goes where
	 * it must anyway. */
	w->reserved = 0;
	return put(w, o, false);
}

/* edns.c - the OPT record (RFC 6891) and its options.
 * Runs in: workers, xfrd. Pure: no I/O, no allocation. */
#include "dns/edns.h"

#include "dns/rrtype.h"

#define TTL_DO 0x8000u

/* One option of the query. What has a wrong length is malformed where its
 * RFC says FORMERR to everybody; the others ask by being there at all. */
static bool
option_read(struct edns *e, uint16_t code, const uint8_t *data, uint16_t len)
{
	switch (code) {
	case EDNS_NSID:
		e->wants_nsid = true;
		return true;
	case EDNS_EXPIRE:
		e->wants_expire = true;
		return true;
	case EDNS_KEEPALIVE:
		e->wants_keepalive = true;
		e->has_keepalive_data |= len > 0;
		return true;
	case EDNS_ZONEVERSION:
		/* RFC 9660 3.1: a query's is empty. */
		e->wants_zoneversion = true;
		return len == 0;
	case EDNS_COOKIE:
		/* RFC 7873 5.2: the first one counts. */
		if (e->cookie != NULL)
			return true;
		e->cookie = data;
		e->cookie_len = len;
		return true;
	default:
		return true;
	}
}

enum err
edns_read(const struct rr *opt, struct edns *e)
{
	struct buf b = buf_reading(opt->rdata, opt->rdata_len);
	struct edns read = { .is_present = true, .udp_octets = opt->class,
		.version = (uint8_t)(opt->ttl >> 16),
		.do_bit = (opt->ttl & TTL_DO) != 0 };
	if (opt->type != TYPE_OPT || !name_is_root(opt->owner))
		return ERR_PEER_FORMAT;
	/* What the options of another version mean is not known. */
	while (read.version == 0 && buf_left(&b) > 0) {
		uint16_t code, len;
		const uint8_t *data;
		if (!buf_take_u16(&b, &code) || !buf_take_u16(&b, &len) ||
		    !buf_take(&b, len, &data) ||
		    !option_read(&read, code, data, len))
			return ERR_PEER_FORMAT;
	}
	*e = read;
	return OK;
}

bool
edns_put(struct msg_writer *w, uint16_t udp_octets, unsigned extended_rcode,
    bool do_bit, const uint8_t *options, uint16_t options_len)
{
	static const uint8_t root[1] = { 0 };
	struct rr opt = { .owner = root, .type = TYPE_OPT,
		.class = udp_octets,
		.ttl = (extended_rcode >> 4 & 0xffu) << 24 |
		    (do_bit ? TTL_DO : 0),
		.rdata = options, .rdata_len = options_len };
	size_t reserved = w->reserved, need = EDNS_FIXED_OCTETS + options_len;
	/* What is left of the reserve stays for TSIG. */
	w->reserved = reserved > need ? reserved - need : 0;
	if (msg_put_rr(w, SECTION_ADDITIONAL, &opt))
		return true;
	w->reserved = reserved;
	return false;
}

bool
edns_option_put(struct buf *options, uint16_t code, const void *data,
    uint16_t len)
{
	if (buf_left(options) < 4u + len)
		return false;
	return buf_put_u16(options, code) && buf_put_u16(options, len) &&
	    buf_put(options, data, len);
}

bool
edns_ede_put(struct buf *options, enum ede code, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	if (len > UINT16_MAX - 2u || buf_left(options) < 6 + len)
		return false;
	return buf_put_u16(options, EDNS_EDE) &&
	    buf_put_u16(options, (uint16_t)(2 + len)) &&
	    buf_put_u16(options, (uint16_t)code) &&
	    buf_put(options, text, len);
}

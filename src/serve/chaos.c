/* chaos.c - questions about the server itself, class CH (RFC 4892).
 * Runs in: worker, candidate's worker. */
#include "serve/chaos.h"

#include <string.h>

static const struct {
	const char *wire;
	bool is_identity;
} names[] = {
	{ "\2id\6server", true },
	{ "\10hostname\4bind", true },
	{ "\7version\6server", false },
	{ "\7version\4bind", false },
};

static const char *
text_for(const struct reply *r)
{
	const uint8_t *qname = r->q->reader.qname.octets;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name_equal(qname, (const uint8_t *)names[i].wire))
			return names[i].is_identity ? r->s->identity :
			    r->s->version;
	return "";
}

void
chaos_answer(struct reply *r)
{
	const char *text = text_for(r);
	size_t len = strlen(text);
	uint8_t rdata[256];
	if (len == 0 || (r->qtype != TYPE_TXT && r->qtype != TYPE_ANY)) {
		reply_error(r, RCODE_REFUSED, EDE_NOT_SUPPORTED, NULL);
		return;
	}
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	struct rr rr = { .owner = r->q->reader.qname.octets,
		.type = TYPE_TXT, .class = CLASS_CH, .ttl = 0,
		.rdata = rdata, .rdata_len = (uint16_t)(len + 1) };
	r->flags |= MSG_AA;
	(void)reply_put_rr(r, SECTION_ANSWER, &rr);
}

/* xfr_answer.c - the answer messages of one exchange: is it our answer, is it
 * signed, what do its records mean (RFC 5936 2.2, RFC 1995, RFC 8945 5.3).
 * Runs in: xfrd. Everything here judges what a peer sent; each record is
 * parsed once and handed on or refused with its message. */
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "dns/serial.h"
#include "base/log.h"
#include "xfr/xfr_client_inner.h"

/* Over UDP anybody may send: what does not fit is not the answer, the true
 * one may still come. Over TCP it ends the exchange. */
static enum xfr_outcome
mismatch(struct xfr_client *c, enum xfr_why why)
{
	if (!c->is_udp)
		return client_refuse(c, why);
	c->result.why = why;
	return XFR_IGNORED;
}

/* The header alone: XFR_MORE when it is that of our answer. */
static enum xfr_outcome
check_header(struct xfr_client *c, const uint8_t *octets, size_t len)
{
	if (len < MSG_HEADER_OCTETS)
		return mismatch(c, XFR_WHY_FORMAT);
	uint16_t flags = octets_u16(octets + 2);
	if (octets_u16(octets) != c->id)
		return mismatch(c, XFR_WHY_ID);
	if ((flags & MSG_QR) == 0)
		return mismatch(c, XFR_WHY_NOT_ANSWER);
	if (MSG_OPCODE(flags) != OPCODE_QUERY)
		return mismatch(c, XFR_WHY_OPCODE);
	return XFR_MORE;
}

static bool
is_about_edns(unsigned rcode)
{
	return rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP;
}

/* A server that does not know EDNS may be unable to sign what it says about
 * it. Believing it costs one more request, nothing else. */
static bool
wants_no_edns(const struct xfr_client *c, const uint8_t *octets)
{
	return !c->without_edns && c->result.messages == 1 &&
	    is_about_edns(MSG_RCODE(octets_u16(octets + 2)));
}

static enum xfr_outcome
check_tsig(struct xfr_client *c, uint8_t *octets, size_t *len, int64_t now_s)
{
	c->result.rcode = MSG_RCODE(octets_u16(octets + 2));
	c->run->tsig.error = 0;
	enum err e = tsig_check_answer(&c->run->tsig, octets, len, now_s);
	if (e == OK)
		return XFR_MORE;
	if (err_is_local(e)) {
		c->result.e = e;
		return client_refuse(c, XFR_WHY_LOCAL);
	}
	if (e == ERR_PEER_FORMAT)
		return mismatch(c, XFR_WHY_FORMAT);
	c->result.tsig_error = c->run->tsig.error;
	/* An unsigned error answer is not believed, but it is what the
	 * operator wants to read. */
	if (c->result.rcode != RCODE_NOERROR && c->run->tsig.error == 0)
		return mismatch(c, XFR_WHY_RCODE);
	return mismatch(c, XFR_WHY_TSIG);
}

static bool
is_our_question(const struct xfr_client *c, const struct msg_reader *m)
{
	static const uint16_t types[] = { [XFR_ASK_SOA] = TYPE_SOA,
		[XFR_ASK_IXFR] = TYPE_IXFR, [XFR_ASK_AXFR] = TYPE_AXFR };
	return m->qtype == types[c->ask] && m->qclass == CLASS_IN &&
	    name_equal(m->qname.octets, c->apex.octets);
}

/* Question and rcode. The question may be absent from the second message on
 * (RFC 5936 2.2.1), and in an error answer that understood nothing. */
static enum xfr_outcome
check_question(struct xfr_client *c, const struct msg_reader *m)
{
	unsigned rcode = MSG_RCODE(m->flags);
	bool may_lack = c->result.messages > 1 || rcode == RCODE_FORMERR;
	if (m->has_question ? !is_our_question(c, m) : !may_lack)
		return mismatch(c, XFR_WHY_QUESTION);
	if (rcode == RCODE_NOERROR)
		return XFR_MORE;
	return client_refuse(c, is_about_edns(rcode) ?
	    XFR_WHY_NOT_IMPLEMENTED : XFR_WHY_RCODE);
}

/* RFC 7314 4: seconds left at the primary. edns_read is for queries, where
 * the option has no content. */
static void
read_expire(struct xfr_client *c, const struct rr *opt)
{
	struct buf b = buf_reading(opt->rdata, opt->rdata_len);
	uint16_t code, len;
	const uint8_t *data;
	while (buf_take_u16(&b, &code) && buf_take_u16(&b, &len) &&
	    buf_take(&b, len, &data)) {
		if (code != EDNS_EXPIRE || len != 4)
			continue;
		c->result.has_expire = true;
		c->result.expire_s = octets_u32(data);
	}
}

/* False: the server does not know our version of EDNS (RFC 6891 6.1.3). */
static bool
take_opt(struct xfr_client *c, const struct rr *opt)
{
	unsigned extended = opt->ttl >> 24;
	if (extended != 0 && !c->without_edns)
		return false;
	if (c->result.messages == 1)
		read_expire(c, opt);
	return true;
}

static void
warn_outside(const struct xfr_client *c, const struct rr *rr)
{
	char owner[NAME_TEXT_MAX];
	if (c->run->seq.outside == 1)
		ev_xfr_outside(c->zone, c->primary,
		    name_text(rr->owner, owner));
}

static enum err
hand_on(struct xfr_client *c, enum xfr_act act, const struct rr *rr)
{
	enum err e = OK;
	if (!c->has_begun) {
		c->has_begun = true;
		if (!c->run->seq.is_zone)
			e = c->sink.begin_delta(c->sink.arg, c->ours,
			    c->run->seq.offered);
		else {
			struct rr soa;
			xfr_first_soa(&c->run->seq, &soa);
			e = c->sink.begin_zone(c->sink.arg,
			    c->run->seq.offered);
			if (e == OK)
				e = c->sink.record(c->sink.arg, &soa);
		}
	}
	if (e != OK || act == XFR_ACT_DONE)
		return e;
	return c->sink.record(c->sink.arg, rr);
}

/* XFR_MORE unless the record ends the exchange. */
static enum xfr_outcome
take_transfer_rr(struct xfr_client *c, const struct rr *rr)
{
	if (c->result.outcome == XFR_UP_TO_DATE)
		return XFR_MORE;	/* the rest says nothing to us */
	enum xfr_act act = xfr_step(&c->run->seq, rr);
	if (c->run->seq.records == 1 && act != XFR_ACT_REFUSE) {
		c->result.is_checked = true;
		c->result.serial = c->run->seq.offered;
	}
	switch (act) {
	case XFR_ACT_REFUSE:
		return client_refuse(c, c->run->seq.why);
	case XFR_ACT_HOLD:
		return XFR_MORE;
	case XFR_ACT_SKIP:
		warn_outside(c, rr);
		return XFR_MORE;
	case XFR_ACT_CURRENT:
		c->result.outcome = XFR_UP_TO_DATE;
		return XFR_MORE;
	case XFR_ACT_ZONE:
	case XFR_ACT_FROM:
	case XFR_ACT_DELETE:
	case XFR_ACT_TO:
	case XFR_ACT_ADD:
	case XFR_ACT_DONE:
		break;
	}
	c->result.e = hand_on(c, act, rr);
	return c->result.e == OK ? XFR_MORE : client_refuse(c, XFR_WHY_LOCAL);
}

static enum xfr_outcome
take_soa_rr(struct xfr_client *c, const struct rr *rr)
{
	if (rr->type != TYPE_SOA || rr->class != CLASS_IN ||
	    c->result.is_checked || !name_equal(rr->owner, c->apex.octets))
		return XFR_MORE;
	if (!rr_soa_serial(rr, &c->result.serial))
		return client_refuse(c, XFR_WHY_SOA_FORMAT);
	c->result.is_checked = true;
	return XFR_MORE;
}

static enum xfr_outcome
take_rr(struct xfr_client *c, enum section section, const struct rr *rr)
{
	if (section == SECTION_ANSWER)
		return c->ask == XFR_ASK_SOA ? take_soa_rr(c, rr) :
		    take_transfer_rr(c, rr);
	if (section == SECTION_ADDITIONAL && rr->type == TYPE_OPT &&
	    !take_opt(c, rr))
		return client_end(c, XFR_WITHOUT_EDNS);
	return XFR_MORE;
}

/* All records of the message; XFR_MORE when they are in order. */
static enum xfr_outcome
take_records(struct xfr_client *c, struct msg_reader *m)
{
	enum xfr_outcome outcome = XFR_MORE;
	enum section section;
	struct rr rr;
	enum err e;
	while (outcome == XFR_MORE && (e = msg_take_rr(m, &section, &rr)) !=
	    ERR_NOT_FOUND) {
		if (e == OK) {
			outcome = take_rr(c, section, &rr);
			continue;
		}
		/* A first message that cannot be read to its end is not a
		 * valid answer, whatever stands at its start. */
		if (c->result.messages == 1)
			c->result.is_checked = false;
		c->result.outcome = XFR_MORE;
		outcome = client_refuse(c, XFR_WHY_RDATA);
	}
	return outcome;
}

static enum xfr_outcome
conclude_soa(struct xfr_client *c, uint16_t flags)
{
	if (!c->result.is_checked)
		return client_refuse(c, XFR_WHY_EMPTY);
	/* A cache or a lame server says nothing about what the primary has;
	 * a transfer, on the other hand, is nothing one gets from a cache. */
	if ((flags & MSG_AA) == 0) {
		c->result.is_checked = false;
		return client_refuse(c, XFR_WHY_NOT_AUTHORITATIVE);
	}
	bool newer = !c->has_serial ||
	    serial_newer(c->result.serial, c->ours);
	return client_end(c, newer ? XFR_NEWER : XFR_UP_TO_DATE);
}

/* After the last record of a message of a transfer. */
static enum xfr_outcome
conclude(struct xfr_client *c, uint64_t records_before)
{
	if (c->result.outcome == XFR_UP_TO_DATE)
		return client_end(c, XFR_UP_TO_DATE);
	if (c->run->seq.records == records_before)
		return client_refuse(c, XFR_WHY_EMPTY);
	if (c->run->seq.state != XFR_STATE_END) {
		/* RFC 1995 2, 4: over UDP the answer is whole, or it is the
		 * SOA alone and means "use TCP". */
		return c->is_udp ? client_end(c, XFR_USE_TCP) : XFR_MORE;
	}
	if (!tsig_answer_is_complete(&c->run->tsig))
		return client_refuse(c, XFR_WHY_UNSIGNED_END);
	c->result.from = c->ours;
	return client_end(c, c->run->seq.is_zone ? XFR_GOT_ZONE :
	    XFR_GOT_DELTA);
}

/* A message that is ours and properly signed. */
static enum xfr_outcome
take_message(struct xfr_client *c, const uint8_t *octets, size_t len,
    uint8_t *scratch)
{
	struct msg_reader m;
	enum xfr_outcome outcome;
	uint64_t records_before = c->run->seq.records;
	if (msg_read(&m, octets, len, scratch) != OK)
		return mismatch(c, XFR_WHY_FORMAT);
	if ((outcome = check_question(c, &m)) != XFR_MORE)
		return outcome;
	if ((outcome = take_records(c, &m)) != XFR_MORE)
		return outcome;
	outcome = c->ask == XFR_ASK_SOA ? conclude_soa(c, m.flags) :
	    conclude(c, records_before);
	if (c->ask != XFR_ASK_SOA) {
		c->result.records = c->run->seq.records;
		c->result.outside = c->run->seq.outside;
	}
	return outcome;
}

enum xfr_outcome
xfr_client_message(struct xfr_client *c, uint8_t *octets, size_t len,
    uint8_t *scratch, int64_t now_s)
{
	enum xfr_outcome outcome;
	ASSERT(c->run != NULL && !c->is_over);
	c->result.octets += len;
	if (c->limit_octets != 0 && c->result.octets > c->limit_octets)
		return client_refuse(c, XFR_WHY_SIZE);
	if ((outcome = check_header(c, octets, len)) != XFR_MORE)
		return outcome;
	if ((octets_u16(octets + 2) & MSG_TC) != 0)
		return c->is_udp ? client_end(c, XFR_USE_TCP) :
		    client_refuse(c, XFR_WHY_TRUNCATED);
	c->result.messages++;
	if (wants_no_edns(c, octets))
		return client_end(c, XFR_WITHOUT_EDNS);
	if ((outcome = check_tsig(c, octets, &len, now_s)) == XFR_MORE)
		outcome = take_message(c, octets, len, scratch);
	if (outcome == XFR_IGNORED)
		c->result.messages--;
	return outcome;
}

/* xfr_client.c - life of one exchange with a primary and its request message
 * (RFC 1995 3, RFC 5936 2.1, RFC 7314 3.1).
 * Runs in: xfrd. No sockets, no clock: messages and times are given. */
#include "xfr/xfr_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "xfr/xfr_client_inner.h"

#define UDP_OCTETS 1232		/* what fits in any path without fragments */
#define TCP_OCTETS 65535

static void
run_free(struct xfr_client *c)
{
	if (c->run != NULL)
		tsig_end(&c->run->tsig);
	free(c->run);
	c->run = NULL;
}

static bool
run_begin(struct xfr_client *c)
{
	run_free(c);
	c->run = calloc(1, sizeof(*c->run));
	if (c->run == NULL)
		return false;
	if (c->ask == XFR_ASK_SOA)
		return true;
	xfr_seq_init(&c->run->seq, c->apex.octets, c->ask);
	c->run->seq.has_ours = c->has_serial;
	c->run->seq.ours = c->ours;
	c->run->seq.accept_any = c->accept_any;
	return true;
}

static bool
copy_soa(struct xfr_client *c, const struct rr *soa)
{
	return soa == NULL ||
	    (rr_soa_serial(soa, &c->ours) && rr_add(&c->soa, soa));
}

static bool
copy_key(struct xfr_client *c, const struct tsig_key *key)
{
	if (key == NULL)
		return true;
	c->secret = malloc(key->secret_len + 1);
	if (c->secret == NULL)
		return false;
	if (key->secret_len > 0)
		memcpy(c->secret, key->secret, key->secret_len);
	c->key = *key;
	c->key.secret = c->secret;
	c->is_signed = true;
	return true;
}

struct xfr_client *
xfr_client_create(const struct xfr_request *r, const char *zone,
    const char *primary)
{
	ASSERT(r->ask != XFR_ASK_IXFR || (r->has_serial && r->soa != NULL));
	ASSERT(r->ask != XFR_ASK_AXFR || !r->is_udp);
	struct xfr_client *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->ask = r->ask;
	c->is_udp = r->is_udp;
	c->accept_any = r->accept_any;
	c->without_edns = r->without_edns;
	c->has_serial = r->has_serial;
	c->ours = r->serial;
	c->limit_octets = r->limit_octets;
	c->sink = r->sink;
	name_copy(&c->apex, r->apex);
	c->zone = strdup(zone);
	c->primary = strdup(primary);
	if (c->zone == NULL || c->primary == NULL || !copy_soa(c, r->soa) ||
	    !copy_key(c, r->key)) {
		xfr_client_destroy(&c);
		return NULL;
	}
	c->result.outcome = XFR_MORE;
	return c;
}

void
xfr_client_destroy(struct xfr_client **c)
{
	if (*c == NULL)
		return;
	run_free(*c);
	octets_free(&(*c)->soa);
	if ((*c)->secret != NULL)
		explicit_bzero((*c)->secret, (*c)->key.secret_len);
	free((*c)->secret);
	free((*c)->zone);
	free((*c)->primary);
	free(*c);
	*c = NULL;
}

void
xfr_client_again(struct xfr_client *c, bool is_udp, bool without_edns)
{
	c->is_udp = is_udp && c->ask != XFR_ASK_AXFR;
	c->without_edns = without_edns;
	if (c->has_begun)
		c->sink.reset(c->sink.arg);
	run_free(c);
	c->is_over = c->has_begun = false;
	c->result = (struct xfr_result){ .outcome = XFR_MORE };
}

static uint16_t
query_type(enum xfr_ask ask)
{
	switch (ask) {
	case XFR_ASK_SOA:
		return TYPE_SOA;
	case XFR_ASK_IXFR:
		return TYPE_IXFR;
	case XFR_ASK_AXFR:
		return TYPE_AXFR;
	}
	return 0;
}

/* RFC 7314 3.1: an empty EXPIRE option asks for the value. */
static bool
put_edns(const struct xfr_client *c, struct msg_writer *w)
{
	uint8_t option[4];
	struct buf b = buf_of(option, sizeof(option));
	return edns_option_put(&b, EDNS_EXPIRE, NULL, 0) &&
	    edns_put(w, c->is_udp ? UDP_OCTETS : TCP_OCTETS, 0, false, option,
	    sizeof(option));
}

static bool
put_request(struct xfr_client *c, uint16_t id)
{
	struct msg_writer w;
	msg_write(&w, c->run->request, sizeof(c->run->request), id, 0);
	if (!msg_put_question(&w, c->apex.octets, query_type(c->ask),
	    CLASS_IN))
		return false;
	if (c->ask == XFR_ASK_IXFR) {
		struct buf b = buf_reading(c->soa.at, c->soa.len);
		struct rr soa;
		if (!rr_take(&b, &soa) ||
		    !msg_put_rr(&w, SECTION_AUTHORITY, &soa))
			return false;
	}
	if (!c->without_edns && !put_edns(c, &w))
		return false;
	msg_finish(&w);
	c->run->request_len = w.len;
	return true;
}

static enum err
make_request(struct xfr_client *c, uint16_t id, int64_t now_s)
{
	if (!run_begin(c))
		return ERR_MEMORY;
	bool fits = put_request(c, id);
	ASSERT(fits);		/* names and key are bounded */
	enum err e = tsig_sign_request(&c->run->tsig,
	    c->is_signed ? &c->key : NULL, c->run->request,
	    &c->run->request_len, sizeof(c->run->request), now_s);
	if (e != OK)
		run_free(c);
	c->id = id;
	return e;
}

enum err
xfr_client_request(struct xfr_client *c, uint16_t id, int64_t now_s,
    const uint8_t **octets, size_t *len)
{
	/* A retransmission is the same message: the answer's MAC covers the
	 * request's, and nobody can tell which of the two was answered. */
	if (c->run == NULL || id != c->id) {
		enum err e = make_request(c, id, now_s);
		if (e != OK)
			return e;
	}
	*octets = c->run->request;
	*len = c->run->request_len;
	return OK;
}

enum xfr_outcome
client_end(struct xfr_client *c, enum xfr_outcome outcome)
{
	c->is_over = true;
	c->result.outcome = outcome;
	if (outcome != XFR_REFUSED)
		c->result.why = XFR_WHY_NONE;	/* of an answer ignored */
	if (outcome != XFR_GOT_DELTA && outcome != XFR_GOT_ZONE &&
	    c->has_begun) {
		c->has_begun = false;
		c->sink.reset(c->sink.arg);
	}
	return outcome;
}

enum xfr_outcome
client_refuse(struct xfr_client *c, enum xfr_why why)
{
	c->result.why = why;
	return client_end(c, XFR_REFUSED);
}

void
xfr_client_fail(struct xfr_client *c, enum xfr_why why, enum err e)
{
	int error = errno;
	if (c->is_over)
		return;
	/* What was wrong with the last answer that was not believed says more
	 * than that no other came. */
	if (c->result.why == XFR_WHY_NONE || why == XFR_WHY_LOCAL) {
		c->result.why = why;
		c->result.e = e;
		if (e == ERR_SYSTEM)
			c->result.system_error = error;
	}
	client_end(c, XFR_REFUSED);
}

const struct xfr_result *
xfr_client_result(const struct xfr_client *c)
{
	return &c->result;
}

enum xfr_ask
xfr_client_ask(const struct xfr_client *c)
{
	return c->ask;
}

bool
xfr_client_is_udp(const struct xfr_client *c)
{
	return c->is_udp;
}

bool
xfr_client_is_without_edns(const struct xfr_client *c)
{
	return c->without_edns;
}

const char *
xfr_client_zone(const struct xfr_client *c)
{
	return c->zone;
}

static const char *
tsig_error_text(unsigned error)
{
	switch (error) {
	case RCODE_BADSIG:
		return "BADSIG";
	case RCODE_BADKEY:
		return "BADKEY";
	case RCODE_BADTIME:
		return "BADTIME";
	case RCODE_BADTRUNC:
		return "BADTRUNC";
	}
	return "no valid signature";
}

const char *
xfr_result_reason(const struct xfr_result *r, char text[XFR_REASON_MAX])
{
	char rcode[16];
	const char *what = xfr_why_text(r->why);
	if (r->why == XFR_WHY_RCODE || r->why == XFR_WHY_NOT_IMPLEMENTED)
		snprintf(text, XFR_REASON_MAX, "%s: %s", what,
		    rcode_text(r->rcode, rcode));
	else if (r->why == XFR_WHY_TSIG)
		snprintf(text, XFR_REASON_MAX, "%s: %s", what,
		    tsig_error_text(r->tsig_error));
	else if (r->system_error != 0)
		snprintf(text, XFR_REASON_MAX, "%s: %s", what,
		    strerror(r->system_error));
	else if (r->e != OK)
		snprintf(text, XFR_REASON_MAX, "%s: %s", what,
		    err_text(r->e));
	else
		snprintf(text, XFR_REASON_MAX, "%s", what);
	return text;
}

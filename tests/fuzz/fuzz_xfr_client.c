/* fuzz_xfr_client.c - any messages as the answer to our SOA query, IXFR or
 * AXFR (libFuzzer). The first octet says what was asked, then come frames of a
 * length (2 octets) and a message. What reaches the sink must be a zone or a
 * chain of differences in order, or be taken back. Build by hand:
 *   clang -g -O1 -std=gnu17 -D_GNU_SOURCE -Isrc \
 *     -fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_xfr_client.c \
 *     src/xfr/xfr_client.c src/xfr/xfr_answer.c src/xfr/ixfr_fsm.c \
 *     src/dns/[a-z]*.c src/base/[a-z]*.c -lldns -lcrypto -levent_core \
 *     -o fuzz_xfr_client
 *   ./fuzz_xfr_client -max_total_time=60 tests/fuzz/corpus/xfr_client */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dns/message.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "xfr/xfr_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

#define ID 0x4711
#define NOW 1700000000
#define OURS 5

enum bit {
	BIT_SOA = 1, BIT_AXFR = 2, BIT_UDP = 4, BIT_EMPTY = 8, BIT_ANY = 16,
	BIT_RAW = 32, BIT_SIGNED = 64
};

static const uint8_t apex[] = "\7example";

/* What the sink holds. */
struct held {
	bool is_begun, is_zone;
	uint32_t from, to, at;	/* at: serial of the last SOA */
	unsigned records, soas;
	bool is_last_soa;
};

static void
must(bool claim)
{
	if (!claim)
		abort();
}

static enum err
begin_zone(void *arg, uint32_t serial)
{
	struct held *h = arg;
	must(!h->is_begun);
	*h = (struct held){ .is_begun = true, .is_zone = true,
		.to = serial };
	return OK;
}

static enum err
begin_delta(void *arg, uint32_t from, uint32_t to)
{
	struct held *h = arg;
	must(!h->is_begun && from != to);
	*h = (struct held){ .is_begun = true, .from = from, .to = to };
	return OK;
}

static void
take_soa(struct held *h, const struct rr *rr)
{
	uint32_t serial;
	must(rr_soa_serial(rr, &serial));
	must(name_equal(rr->owner, apex));
	if (h->is_zone)
		must(h->soas == 0 && h->records == 0 && serial == h->to);
	else if (h->soas == 0)
		must(h->records == 0 && serial == h->from);
	else if (h->soas % 2 == 0)
		must(serial == h->at);
	else
		must(serial != h->at);
	h->at = serial;
	h->soas++;
}

static enum err
take_record(void *arg, const struct rr *rr)
{
	struct held *h = arg;
	must(h->is_begun);
	must(rr->class == CLASS_IN && !rrtype_is_meta(rr->type));
	must(name_is_at_or_below(rr->owner, apex));
	if (rr->type == TYPE_SOA)
		take_soa(h, rr);
	else
		must(h->soas > 0);
	h->records++;
	return OK;
}

static void
take_back(void *arg)
{
	struct held *h = arg;
	must(h->is_begun);
	*h = (struct held){ 0 };
}

static struct xfr_client *
client_for(uint8_t bits, struct held *h)
{
	static const uint8_t soa_rdata[] = "\0\0\0\0\0\5\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0";
	static const uint8_t secret[] = "0123456789abcdef";
	struct tsig_key key = { .alg = TSIG_HMAC_SHA256, .secret = secret,
		.secret_len = 16 };
	struct rr soa = { .owner = apex, .type = TYPE_SOA, .class = CLASS_IN,
		.rdata = soa_rdata, .rdata_len = 22 };
	must(name_from_text("key", &key.name));
	enum xfr_ask ask = bits & BIT_SOA ? XFR_ASK_SOA :
	    bits & BIT_AXFR ? XFR_ASK_AXFR : XFR_ASK_IXFR;
	bool has = ask == XFR_ASK_IXFR || (bits & BIT_EMPTY) == 0;
	struct xfr_request r = { .apex = apex, .ask = ask,
		.is_udp = ask != XFR_ASK_AXFR && (bits & BIT_UDP) != 0,
		.accept_any = ask == XFR_ASK_AXFR && (bits & BIT_ANY) != 0,
		.has_serial = has, .soa = has ? &soa : NULL,
		.key = bits & BIT_SIGNED ? &key : NULL,
		.limit_octets = 1000000,
		.sink = { begin_zone, begin_delta, take_record, take_back,
		    h } };
	struct xfr_client *c = xfr_client_create(&r, "example", "192.0.2.1");
	must(c != NULL);
	return c;
}

static void
request(struct xfr_client *c)
{
	const uint8_t *octets;
	size_t len;
	must(xfr_client_request(c, ID, NOW, &octets, &len) == OK);
	must(len >= MSG_HEADER_OCTETS && len <= XFR_REQUEST_MAX);
}

/* One message; the fuzzer need not guess the id. */
static enum xfr_outcome
give(struct xfr_client *c, uint8_t bits, const uint8_t *octets, size_t len)
{
	static uint8_t message[MSG_MAX_OCTETS], scratch[MSG_MAX_OCTETS];
	memcpy(message, octets, len);
	if ((bits & BIT_RAW) == 0 && len >= MSG_HEADER_OCTETS) {
		octets_set_u16(message, ID);
		message[2] = (uint8_t)((message[2] & 7) | 0x80);
	}
	return xfr_client_message(c, message, len, scratch, NOW);
}

static void
check_end(const struct xfr_client *c, const struct held *h)
{
	const struct xfr_result *r = xfr_client_result(c);
	char text[XFR_REASON_MAX];
	must(strlen(xfr_result_reason(r, text)) > 0);
	if (r->outcome == XFR_GOT_ZONE) {
		must(h->is_begun && h->is_zone && h->soas == 1);
		must(r->is_checked && r->serial == h->to);
	} else if (r->outcome == XFR_GOT_DELTA) {
		must(h->is_begun && !h->is_zone && h->from == OURS);
		must(h->soas >= 2 && h->soas % 2 == 0 && h->at == h->to);
		must(r->is_checked && r->serial == h->to && r->from == OURS);
	} else {
		must(!h->is_begun);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct buf b = buf_reading(octets, len);
	struct held h = { 0 };
	enum xfr_outcome outcome = XFR_MORE;
	uint8_t bits;
	uint16_t n;
	if (!buf_take_u8(&b, &bits))
		return 0;
	log_set_verbosity(-1);
	struct xfr_client *c = client_for(bits, &h);
	request(c);
	while (outcome == XFR_MORE || outcome == XFR_IGNORED) {
		const uint8_t *message;
		if (!buf_take_u16(&b, &n) || !buf_take(&b, n, &message))
			break;
		outcome = give(c, bits, message, n);
		if (outcome == XFR_USE_TCP || outcome == XFR_WITHOUT_EDNS) {
			bool less = outcome == XFR_WITHOUT_EDNS;
			must(!less || !xfr_client_is_without_edns(c));
			must(less || xfr_client_is_udp(c));
			xfr_client_again(c, less && xfr_client_is_udp(c),
			    less || xfr_client_is_without_edns(c));
			request(c);
			outcome = XFR_MORE;
		}
	}
	if (outcome == XFR_MORE || outcome == XFR_IGNORED)
		xfr_client_fail(c, XFR_WHY_CLOSED, OK);
	check_end(c, &h);
	xfr_client_destroy(&c);
	return 0;
}

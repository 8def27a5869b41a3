/* fuzz_dns_message.c - any octets as a message (libFuzzer).
 * What can be read is written again and read back: the same records must come
 * out. Each record also goes through record octets, presentation format, and
 * the functions that take checked rdata. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "dns/tsig.h"
#include "fuzz_guard.h"

#define MUST(claim) do { if (!(claim)) abort(); } while (0)

static uint8_t scratch[MSG_MAX_OCTETS], again_scratch[MSG_MAX_OCTETS];
/* Decompressed, a message can be larger than a message may be. */
static uint8_t written[MSG_MAX_OCTETS];

static bool
rr_identical(const struct rr *a, const struct rr *b)
{
	return a->type == b->type && a->class == b->class &&
	    a->ttl == b->ttl && a->rdata_len == b->rdata_len &&
	    name_identical(a->owner, b->owner) && (a->rdata_len == 0 ||
	    memcmp(a->rdata, b->rdata, a->rdata_len) == 0);
}

static void
check_text(const struct rr *rr)
{
	struct octets text = { 0 }, back = { 0 };
	struct rr again;
	MUST(text_put_rr(&text, rr) && octets_add(&text, "", 1));
	MUST(strlen((char *)text.at) + 1 == text.len);
	/* Reading refuses what zones cannot hold. */
	if (!rrtype_is_meta(rr->type) && rr->ttl <= 0x7fffffff) {
		if (text_rr_from_line((char *)text.at, NULL, &back) != OK) {
			fprintf(stderr, "%s\n", (char *)text.at);
			abort();
		}
		struct buf b = buf_of(back.at, back.len);
		MUST(rr_take(&b, &again) && rr_identical(rr, &again));
	}
	octets_free(&text);
	octets_free(&back);
}

static void
check_rr(const struct rr *rr)
{
	struct octets o = { 0 };
	struct rr again;
	struct edns e;
	struct soa soa;
	MUST(rdata_is_valid(rr->type, rr->rdata, rr->rdata_len));
	MUST(rr_add(&o, rr));
	struct buf b = buf_of(o.at, o.len);
	MUST(rr_take(&b, &again) && rr_identical(rr, &again));
	MUST(rr_same(rr, &again));
	name_lower(o.at);
	rdata_canonical(again.type, o.at + o.len - again.rdata_len,
	    again.rdata_len);
	MUST(rr_same(rr, &again));
	MUST(rr->type != TYPE_SOA || rr_soa(rr, &soa));
	if (rr->type == TYPE_OPT)
		(void)!edns_read(rr, &e);
	octets_free(&o);
	check_text(rr);
}

static void
check_written(struct msg_writer *w, const uint8_t *octets, size_t len,
    unsigned n)
{
	struct msg_reader first, second;
	enum section s1, s2;
	struct rr a, b;
	msg_finish(w);
	MUST(msg_read(&first, octets, len, scratch) == OK);
	MUST(msg_read(&second, w->octets, w->len, again_scratch) == OK);
	MUST(first.has_question == second.has_question);
	if (first.has_question)
		MUST(name_identical(first.qname.octets, second.qname.octets));
	for (; n > 0; n--) {
		MUST(msg_take_rr(&first, &s1, &a) == OK);
		MUST(msg_take_rr(&second, &s2, &b) == OK);
		MUST(s1 == s2 && rr_identical(&a, &b));
	}
	MUST(msg_take_rr(&second, &s2, &b) == ERR_NOT_FOUND);
}

/* Neither side of TSIG may accept what nobody signed. */
static void
check_tsig(const uint8_t *octets, size_t len)
{
	static const uint8_t secret[16];
	static struct tsig_key key = { .secret = secret, .secret_len = 16 };
	const struct tsig_key *keys[] = { &key };
	struct tsig t;
	uint8_t *copy = malloc(len + 1);
	MUST(copy != NULL && name_from_text("k", &key.name));
	memcpy(copy, octets, len);
	size_t left = len;
	enum err e = tsig_check_request(&t, keys, 1, copy, &left, 0);
	MUST(e != OK || (t.key == NULL && left == len));
	tsig_end(&t);
	t = (struct tsig){ .key = &key, .is_first = true };
	MUST(tsig_check_answer(&t, copy, &left, 0) != OK);
	tsig_end(&t);
	free(copy);
}

/* Reading takes no memory, whatever a message claims to hold. */
static void
check_frugal(const uint8_t *octets, size_t len)
{
	static bool has_started;
	struct msg_reader r;
	enum section s;
	struct rr rr;
	if (!has_started)
		guard_start();
	has_started = true;
	guard_count();
	if (msg_read(&r, octets, len, scratch) == OK)
		while (msg_take_rr(&r, &s, &rr) == OK)
			;
	MUST(guard_counted() == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct msg_reader r;
	struct msg_writer w;
	struct rr rr;
	enum section s;
	unsigned n = 0;
	check_tsig(octets, len);
	check_frugal(octets, len);
	if (msg_read(&r, octets, len, scratch) != OK)
		return 0;
	msg_write(&w, written, sizeof written, r.id, (uint16_t)r.flags);
	if (r.has_question)
		MUST(msg_put_question(&w, r.qname.octets, r.qtype, r.qclass));
	while (n < 200 && msg_take_rr(&r, &s, &rr) == OK) {
		check_rr(&rr);
		if (!msg_put_rr(&w, s, &rr))
			break;
		n++;
	}
	check_written(&w, octets, len, n);
	return 0;
}

/* fuzz_dns_text.c - any characters as a line of a zone file (libFuzzer).
 * What reads as a record is valid, and its text reads as the same record.
 * Built and run as fuzz_dns_message.c, with corpus/dns_text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rdata.h"
#include "dns/text.h"

#define MUST(claim) do { if (!(claim)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void
check_rr(const struct octets *o)
{
	struct octets text = { 0 }, back = { 0 };
	struct buf b = buf_of(o->at, o->len);
	struct rr rr;
	MUST(rr_take(&b, &rr) && buf_left(&b) == 0);
	MUST(rdata_is_valid(rr.type, rr.rdata, rr.rdata_len));
	MUST(text_put_rr(&text, &rr) && octets_add(&text, "", 1));
	if (text_rr_from_line((char *)text.at, NULL, &back) != OK ||
	    back.len != o->len || memcmp(back.at, o->at, o->len) != 0) {
		fprintf(stderr, "%s\n", (char *)text.at);
		abort();
	}
	octets_free(&text);
	octets_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static const uint8_t origin[] = { 1, 'O', 0 };
	struct octets o = { 0 };
	char *line = malloc(len + 1);
	MUST(line != NULL);
	memcpy(line, octets, len);
	line[len] = '\0';
	if (text_rr_from_line(line, origin, &o) == OK)
		check_rr(&o);
	else
		MUST(o.len == 0);
	octets_free(&o);
	free(line);
	return 0;
}

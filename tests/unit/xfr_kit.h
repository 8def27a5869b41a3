/* xfr_kit.h - records from words, for the tests of transfers: S5 the apex SOA
 * with serial 5, T5 the same with another mname, s5 an SOA below the apex, M a
 * malformed SOA, a to h records in the zone, x one outside it, p the parent's
 * SOA, c a record of class CH, q one of type ANY. */
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rr.h"
#include "dns/rrtype.h"

static const uint8_t apex[] = "\7example";

struct made {
	uint8_t owner[64], rdata[64];
	struct rr rr;
};

static inline void
make_soa(struct made *m, char kind, uint32_t serial)
{
	static const uint8_t names[][8] = { "\2ns", "\2nt" };
	memcpy(m->rdata, names[kind == 'T'], 4);
	memcpy(m->rdata + 4, "\1h", 3);
	memset(m->rdata + 7, 0, 20);
	octets_set_u32(m->rdata + 7, serial);
	m->rr.type = TYPE_SOA;
	m->rr.rdata_len = kind == 'M' ? 26 : 27;
	if (kind == 's')
		memcpy(m->owner, "\3sub\7example", 13);
	if (kind == 'p')
		memcpy(m->owner, "", 1);
}

static inline void
make(struct made *m, const char *word)
{
	memset(m, 0, sizeof *m);
	m->rr = (struct rr){ .owner = m->owner, .rdata = m->rdata,
		.type = TYPE_A, .class = CLASS_IN, .ttl = 300,
		.rdata_len = 4 };
	memcpy(m->owner, apex, sizeof apex);
	if (strchr("STsMp", word[0]) != NULL) {
		make_soa(m, word[0], (uint32_t)strtoull(word + 1, NULL, 10));
		return;
	}
	m->owner[0] = 1;
	m->owner[1] = (uint8_t)word[0];
	memcpy(m->owner + 2, apex, sizeof apex);
	if (word[0] == 'x')
		memcpy(m->owner, "\7another", 9);
	else if (strcmp(word, "c") == 0)
		m->rr.class = CLASS_CH;
	else if (word[0] == 'q')
		m->rr.type = TYPE_ANY;
}

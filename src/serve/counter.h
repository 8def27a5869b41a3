/* counter.h - what a worker counts: NSD's statistics as one array of numbers.
 * The array belongs to the worker's number and lies in a shared page that
 * outlives its generation; only that worker adds, so plain additions do. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SERVE_COUNTED_TYPES 258	/* 0 to 257; one more for all others */

enum serve_counter {
	COUNT_QUERIES,
	COUNT_UDP, COUNT_UDP6,		/* queries */
	COUNT_TCP, COUNT_TCP6,		/* connections, as NSD counts them */
	COUNT_TLS, COUNT_TLS6,
	COUNT_EDNS, COUNT_EDNS_ERROR,
	COUNT_ANSWER_WITHOUT_AA,
	COUNT_RX_ERROR, COUNT_TX_ERROR,
	COUNT_AXFR, COUNT_IXFR,		/* transfers asked for and granted */
	COUNT_TRUNCATED,
	COUNT_DROPPED,
	COUNT_OPCODE,			/* 16 opcodes */
	COUNT_RCODE = COUNT_OPCODE + 16, /* 24 rcodes; the last: others */
	COUNT_CLASS = COUNT_RCODE + 24,	/* 0 to 4, 254, 255, others */
	COUNT_TYPE = COUNT_CLASS + 8,
	SERVE_COUNTERS = COUNT_TYPE + SERVE_COUNTED_TYPES + 1
};

#define SERVE_COUNTER_NAME_MAX 40

/* The counter's name in the output of `stats`: "num.udp6", "num.type.A".
 * Returns text. */
const char *serve_counter_name(unsigned counter,
    char text[SERVE_COUNTER_NAME_MAX]);
/* Which counter a query's or an answer's number belongs to. */
unsigned serve_counter_of_type(uint16_t type);
unsigned serve_counter_of_class(uint16_t class);
unsigned serve_counter_of_rcode(unsigned rcode);

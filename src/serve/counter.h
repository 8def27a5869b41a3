/* counter.h - what a worker counts: NSD's statistics as one array of numbers.
 * The array belongs to the worker's number and lies in a shared page that
 * outlives its generation; only that worker adds, so plain additions do. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* In the order of `stats`. The last of a kind takes all that have no counter
 * of their own; that of the types is not shown. */
enum serve_counter {
	COUNT_TYPE,			/* 256 types */
	COUNT_OPCODE = COUNT_TYPE + 256, /* 6 opcodes */
	COUNT_CLASS = COUNT_OPCODE + 6,	/* 0, IN, CS, CH */
	COUNT_RCODE = COUNT_CLASS + 4,	/* of the header: 4 bits; 17 lines */
	COUNT_EDNS = COUNT_RCODE + 17, COUNT_EDNS_ERROR,
	COUNT_UDP, COUNT_UDP6,		/* queries, TCP and TLS too */
	COUNT_TCP, COUNT_TCP6,
	COUNT_TLS, COUNT_TLS6,
	COUNT_ANSWER_WITHOUT_AA,	/* with rcode NOERROR */
	COUNT_RX_ERROR, COUNT_TX_ERROR,
	COUNT_AXFR, COUNT_IXFR,		/* transfers asked for and granted */
	COUNT_TRUNCATED,
	COUNT_DROPPED,
	SERVE_COUNTERS_SHOWN,
	COUNT_TYPE_OTHER = SERVE_COUNTERS_SHOWN,
	COUNT_QUERIES,
	SERVE_COUNTERS
};

#define SERVE_COUNTER_NAME_MAX 40

/* The counter's name in the output of `stats`: "num.udp6", "num.type.A".
 * Returns text. */
const char *serve_counter_name(unsigned counter,
    char text[SERVE_COUNTER_NAME_MAX]);
/* Whether `stats` shows it: many only if something was counted. */
bool serve_counter_is_shown(unsigned counter, uint64_t value);
/* The two lines of the log, without their first word and their two times:
 * " A=1 NS=2" and " RR=0 RNXD=0 ...". Empty when there is nothing to say. */
#define SERVE_NSTATS_MAX 3072
#define SERVE_XSTATS_MAX 768
void serve_counter_nstats(const uint64_t *counters,
    char text[SERVE_NSTATS_MAX]);
void serve_counter_xstats(const uint64_t *counters,
    char text[SERVE_XSTATS_MAX]);
/* Which counter the number of a query belongs to. */
unsigned serve_counter_of_type(uint16_t type);
unsigned serve_counter_of_class(uint16_t class);

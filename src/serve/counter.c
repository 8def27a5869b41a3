/* counter.c - names of the counters, as NSD's `stats` and its lines in the log
 * give them. Pure. */
#include "serve/counter.h"

#include <stdio.h>
#include <string.h>

#include "dns/rrtype.h"

static const char *const class_texts[4] = { "CLASS0", "IN", "CS", "CH" };

static const char *const single_texts[] = {
	"num.edns", "num.ednserr", "num.udp", "num.udp6", "num.tcp",
	"num.tcp6", "num.tls", "num.tls6", "num.answer_wo_aa", "num.rxerr",
	"num.txerr", "num.raxfr", "num.rixfr", "num.truncated", "num.dropped",
	"num.type.other", "num.queries"
};

/* The types that `stats` shows by name, counted or not. */
static bool
is_named_type(unsigned type)
{
	return (type >= 1 && type <= 22) || (type >= 24 && type <= 26) ||
	    (type >= 28 && type <= 30) || type == TYPE_SRV ||
	    (type >= 35 && type <= 37) || type == TYPE_DNAME ||
	    (type >= 41 && type <= 53) || (type >= 59 && type <= 65) ||
	    type == 99 || (type >= 104 && type <= 109);
}

static const char *
type_text(unsigned type, char text[SERVE_COUNTER_NAME_MAX])
{
	if (is_named_type(type))
		return rrtype_text((uint16_t)type, text);
	snprintf(text, SERVE_COUNTER_NAME_MAX, "TYPE%u", type);
	return text;
}

static const char *
opcode_text(unsigned opcode, char text[SERVE_COUNTER_NAME_MAX])
{
	switch (opcode) {
	case OPCODE_QUERY:
		return "QUERY";
	case OPCODE_NOTIFY:
		return "NOTIFY";
	case OPCODE_UPDATE:
		return "UPDATE";
	}
	snprintf(text, SERVE_COUNTER_NAME_MAX, "OPCODE%u", opcode);
	return text;
}

const char *
serve_counter_name(unsigned counter, char text[SERVE_COUNTER_NAME_MAX])
{
	char number[SERVE_COUNTER_NAME_MAX];
	const char *kind, *what;
	if (counter >= COUNT_EDNS)
		return single_texts[counter - COUNT_EDNS];
	if (counter >= COUNT_RCODE) {
		kind = "rcode";
		what = rcode_text(counter - COUNT_RCODE, number);
	} else if (counter >= COUNT_CLASS) {
		kind = "class";
		what = class_texts[counter - COUNT_CLASS];
	} else if (counter >= COUNT_OPCODE) {
		kind = "opcode";
		what = opcode_text(counter - COUNT_OPCODE, number);
	} else {
		kind = "type";
		what = type_text(counter - COUNT_TYPE, number);
	}
	snprintf(text, SERVE_COUNTER_NAME_MAX, "num.%s.%.20s", kind, what);
	return text;
}

bool
serve_counter_is_shown(unsigned counter, uint64_t value)
{
	if (counter >= SERVE_COUNTERS_SHOWN)
		return false;
	if (value > 0 || counter >= COUNT_EDNS)
		return true;
	if (counter >= COUNT_RCODE)
		return counter <= COUNT_RCODE + RCODE_YXDOMAIN;
	if (counter >= COUNT_OPCODE)
		return counter == COUNT_OPCODE + OPCODE_QUERY ||
		    counter == COUNT_CLASS + CLASS_IN;
	return is_named_type(counter - COUNT_TYPE);
}

void
serve_counter_nstats(const uint64_t *counters, char text[SERVE_NSTATS_MAX])
{
	char name[SERVE_COUNTER_NAME_MAX];
	size_t at = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < 256; i++) {
		uint64_t n = counters[COUNT_TYPE + i];
		if (n == 0)
			continue;
		size_t left = SERVE_NSTATS_MAX - at;
		int len = snprintf(text + at, left, " %s=%llu",
		    type_text(i, name), (unsigned long long)n);
		if (len < 0 || (size_t)len >= left) {
			text[at] = '\0';	/* the rest is not said */
			return;
		}
		at += (size_t)len;
	}
}

/* The fields of the line; what this kind of server never counts is 0. */
static const struct {
	const char *name;
	unsigned counter;
} xstats[] = {
	{ "RR", COUNT_DROPPED }, { "RNXD", SERVE_COUNTERS },
	{ "RFwdR", SERVE_COUNTERS }, { "RDupR", SERVE_COUNTERS },
	{ "RFail", SERVE_COUNTERS }, { "RFErr", SERVE_COUNTERS },
	{ "RErr", SERVE_COUNTERS }, { "RAXFR", COUNT_AXFR },
	{ "RIXFR", COUNT_IXFR }, { "RLame", SERVE_COUNTERS },
	{ "ROpts", SERVE_COUNTERS }, { "SSysQ", SERVE_COUNTERS },
	{ "SAns", COUNT_UDP }, { "SFwdQ", SERVE_COUNTERS },
	{ "SDupQ", SERVE_COUNTERS }, { "SErr", COUNT_TX_ERROR },
	{ "RQ", COUNT_OPCODE + OPCODE_QUERY }, { "RIQ", COUNT_OPCODE + 1 },
	{ "RFwdQ", SERVE_COUNTERS }, { "RDupQ", SERVE_COUNTERS },
	{ "RTCP", COUNT_TCP }, { "SFwdR", SERVE_COUNTERS },
	{ "SFail", COUNT_RCODE + RCODE_SERVFAIL },
	{ "SFErr", COUNT_RCODE + RCODE_FORMERR },
	{ "SNaAns", COUNT_ANSWER_WITHOUT_AA },
	{ "SNXD", COUNT_RCODE + RCODE_NXDOMAIN }, { "RUQ", SERVE_COUNTERS },
	{ "RURQ", SERVE_COUNTERS }, { "RUXFR", SERVE_COUNTERS },
	{ "RUUpd", COUNT_OPCODE + OPCODE_UPDATE },
};

static uint64_t
xstats_value(const uint64_t *c, unsigned counter)
{
	if (counter == SERVE_COUNTERS)
		return 0;
	if (counter == COUNT_TCP)
		return c[COUNT_TCP] + c[COUNT_TCP6];
	if (counter != COUNT_UDP)
		return c[counter];
	uint64_t udp = c[COUNT_UDP] + c[COUNT_UDP6];
	return udp > c[COUNT_DROPPED] ? udp - c[COUNT_DROPPED] : 0;
}

void
serve_counter_xstats(const uint64_t *counters, char text[SERVE_XSTATS_MAX])
{
	size_t at = 0;
	text[0] = '\0';
	if (counters[COUNT_QUERIES] == 0)
		return;
	for (unsigned i = 0; i < sizeof(xstats) / sizeof(*xstats); i++) {
		int len = snprintf(text + at, SERVE_XSTATS_MAX - at,
		    " %s=%llu", xstats[i].name, (unsigned long long)
		    xstats_value(counters, xstats[i].counter));
		if (len < 0 || (size_t)len >= SERVE_XSTATS_MAX - at)
			return;
		at += (size_t)len;
	}
}

unsigned
serve_counter_of_type(uint16_t type)
{
	return type < 256 ? COUNT_TYPE + type : (unsigned)COUNT_TYPE_OTHER;
}

unsigned
serve_counter_of_class(uint16_t class)
{
	return COUNT_CLASS + (class < 3 ? class : 3u);
}

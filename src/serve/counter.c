/* counter.c - names of the counters, as NSD's `stats` gives them. */
#include "serve/counter.h"

#include <stdio.h>

#include "dns/rrtype.h"

static const uint16_t counted_classes[7] = { 0, 1, 2, 3, 4, 254, 255 };
static const char *const class_texts[8] = { "CLASS0", "IN", "CS", "CH", "HS",
	"NONE", "ANY", "other" };

static const char *const single_texts[COUNT_OPCODE] = {
	[COUNT_QUERIES] = "num.queries",
	[COUNT_UDP] = "num.udp",
	[COUNT_UDP6] = "num.udp6",
	[COUNT_TCP] = "num.tcp",
	[COUNT_TCP6] = "num.tcp6",
	[COUNT_TLS] = "num.tls",
	[COUNT_TLS6] = "num.tls6",
	[COUNT_EDNS] = "num.edns",
	[COUNT_EDNS_ERROR] = "num.ednserr",
	[COUNT_ANSWER_WITHOUT_AA] = "num.answer_wo_aa",
	[COUNT_RX_ERROR] = "num.rxerr",
	[COUNT_TX_ERROR] = "num.txerr",
	[COUNT_AXFR] = "num.raxfr",
	[COUNT_IXFR] = "num.rixfr",
	[COUNT_TRUNCATED] = "num.truncated",
	[COUNT_DROPPED] = "num.dropped",
};

static const char *
opcode_name(unsigned opcode, char text[SERVE_COUNTER_NAME_MAX])
{
	switch (opcode) {
	case OPCODE_QUERY:
		return "num.opcode.QUERY";
	case OPCODE_NOTIFY:
		return "num.opcode.NOTIFY";
	case OPCODE_UPDATE:
		return "num.opcode.UPDATE";
	}
	snprintf(text, SERVE_COUNTER_NAME_MAX, "num.opcode.OPCODE%u",
	    opcode);
	return text;
}

static const char *
type_name(unsigned type, char text[SERVE_COUNTER_NAME_MAX])
{
	char mnemonic[16];
	if (type == SERVE_COUNTED_TYPES)
		return "num.type.other";
	snprintf(text, SERVE_COUNTER_NAME_MAX, "num.type.%s",
	    rrtype_text((uint16_t)type, mnemonic));
	return text;
}

const char *
serve_counter_name(unsigned counter, char text[SERVE_COUNTER_NAME_MAX])
{
	char mnemonic[16];
	if (counter < COUNT_OPCODE)
		return single_texts[counter];
	if (counter < COUNT_RCODE)
		return opcode_name(counter - COUNT_OPCODE, text);
	if (counter < COUNT_CLASS) {
		snprintf(text, SERVE_COUNTER_NAME_MAX, "num.rcode.%s",
		    rcode_text(counter - COUNT_RCODE, mnemonic));
		return text;
	}
	if (counter < COUNT_TYPE) {
		snprintf(text, SERVE_COUNTER_NAME_MAX, "num.class.%s",
		    class_texts[counter - COUNT_CLASS]);
		return text;
	}
	return type_name(counter - COUNT_TYPE, text);
}

unsigned
serve_counter_of_type(uint16_t type)
{
	return COUNT_TYPE + (type < SERVE_COUNTED_TYPES ? type :
	    (unsigned)SERVE_COUNTED_TYPES);
}

unsigned
serve_counter_of_class(uint16_t class)
{
	for (unsigned i = 0; i < 7; i++)
		if (counted_classes[i] == class)
			return COUNT_CLASS + i;
	return COUNT_CLASS + 7;
}

unsigned
serve_counter_of_rcode(unsigned rcode)
{
	return COUNT_RCODE + (rcode < 23 ? rcode : 23);
}

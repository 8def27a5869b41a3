/* fuzz_query.c - any octets as a query, over UDP and TCP, with every kind of
 * denial, transfers, NOTIFYs, cookies and rate limits (libFuzzer). What comes
 * out must be readable by our own reader, within its limit, and belong to the
 * query; nothing is allocated on the way. Two octets, the id, choose how the
 * server is configured (fuzz_world.h). */
#include "fuzz_world.h"

static void
run(const uint8_t *octets, size_t len, unsigned flags)
{
	memcpy(kit->question, octets, len);
	switch (fuzz_run(len, flags)) {
	case QUERY_DROP:
		break;
	case QUERY_TRANSFER:
		require((flags & KIT_TCP) != 0);
		fuzz_run_transfer(fuzz_check_message);
		break;
	case QUERY_ANSWER:
		require(len >= MSG_HEADER_OCTETS);
		require(memcmp(kit->answer, octets, 2) == 0);
		require((flags & KIT_TCP) != 0 ||
		    kit->query.answer_len <= 1232);
		fuzz_check_message(kit->answer, kit->query.answer_len);
		break;
	}
}

/* A rate limit needs more than one query. */
#define TIMES 3

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct name qname;
	uint16_t qtype;
	if (kit == NULL)
		fuzz_world("192.0.2.99", ACL_NOKEY);
	(void)!query_question(octets, len, &qname, &qtype);
	if (len > sizeof(kit->question))
		return 0;
	fuzz_configure(len >= 2 ? octets_u16(octets) : 0);
	run(octets, len, KIT_TCP);
	for (unsigned i = 0; i < (kit->serve.rrl != NULL ? TIMES : 1); i++)
		run(octets, len, 0);
	return 0;
}

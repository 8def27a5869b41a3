/* fuzz_signed.c - queries signed with the server's key, whole or altered on
 * their way (libFuzzer). Two octets say which octet is altered and how (0: it
 * arrives as it was signed), one more over which transport; what follows is
 * the message.
 *
 * Only who has the key gets a transfer or an answer that it can check, and
 * whoever got one can check every message of it. */
#include "fuzz_world.h"

#include "dns/rrtype.h"

static struct tsig client;
static bool is_readable;	/* the server can find the signature */
static bool is_altered;

/* Otherwise the signature stands where nobody finds it. */
static bool
is_message(const uint8_t *octets, size_t len)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	enum section section;
	struct rr rr;
	enum err e = msg_read(&m, octets, len, scratch);
	if (e == OK)
		while ((e = msg_take_rr(&m, &section, &rr)) == OK &&
		    rr.type != TYPE_TSIG)
			;
	return e == ERR_NOT_FOUND;
}

static void
check_answer(uint8_t *octets, size_t len)
{
	fuzz_check_message(octets, len);
	require(tsig_check_answer(&client, octets, &len, FUZZ_NOW) == OK);
}

static void
run(size_t len, unsigned flags)
{
	bool is_believed;
	switch (fuzz_run(len, flags)) {
	case QUERY_DROP:
		break;
	case QUERY_TRANSFER:
		require(is_readable && !is_altered && (flags & KIT_TCP) != 0);
		fuzz_run_transfer(check_answer);
		require(tsig_answer_is_complete(&client));
		break;
	case QUERY_ANSWER:
		is_believed = kit->query.tsig.key != NULL;
		require(!is_altered || !is_believed);
		require(!is_readable || is_altered || is_believed);
		if (is_believed)
			check_answer(kit->answer, kit->query.answer_len);
		else
			fuzz_check_message(kit->answer, kit->query.answer_len);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct buf b = buf_reading(octets, len);
	uint8_t where, how, flags;
	if (kit == NULL)
		fuzz_world("192.0.2.99", ACL_KEY);
	if (!buf_take_u8(&b, &where) || !buf_take_u8(&b, &how) ||
	    !buf_take_u8(&b, &flags))
		return 0;
	size_t n = buf_left(&b);
	if (n < MSG_HEADER_OCTETS || n > 4096)
		return 0;
	memcpy(kit->question, octets + b.at, n);
	fuzz_configure(octets_u16(kit->question));
	kit->serve.rrl = NULL;	/* it would only drop */
	is_readable = is_message(kit->question, n);
	if (tsig_sign_request(&client, &key.tsig, kit->question, &n,
	    sizeof(kit->question), FUZZ_NOW) != OK)
		return 0;
	/* The id is not signed; the signature has its own copy of it. */
	is_altered = how != 0 && where >= 2 && where < len - 3;
	if (is_altered)
		kit->question[where] ^= how;
	run(n, (flags & 1) != 0 ? KIT_TCP : 0);
	tsig_end(&client);
	return 0;
}

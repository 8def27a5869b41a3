/* fuzz_query.c - any octets as a query, over UDP and TCP, with and without
 * transfers, against zones of every kind of denial. What comes out must be
 * readable by our own reader, within its limit, and belong to the query.
 * Build by hand (src/conf: only acl.c):
 *   clang -g -O1 -std=gnu17 -D_GNU_SOURCE -Isrc -IBUILD \
 *     -fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_query.c \
 *     src/{base,dns,zone,serve}/[a-z]*.c src/conf/acl.c \
 *     -lldns -lcrypto -levent_core -lcmocka -o fuzz_query
 *   ./fuzz_query -max_total_time=60 -max_len=1500 CORPUS
 * With -DFUZZ_MAIN instead of fuzzer it replays files, and -s DIRECTORY writes
 * first inputs. */
#include "../unit/serve_kit.h"
#include "../unit/serve_zones.h"

#include <fcntl.h>
#include <unistd.h>

#define MESSAGES_MAX 64

static struct kit *kit;
static struct tsig_key key;
static const struct tsig_key *keys[] = { &key };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static bool
note(void *arg, uint32_t id, const struct addr *from, const char *name,
    bool has_serial, uint32_t serial)
{
	(void)arg;
	(void)id;
	(void)from;
	(void)name;
	(void)has_serial;
	return (serial & 1) == 0;
}

static void
history(void)
{
	kit_patch(kit, 2, "second. 300 IN SOA ns.second. host.second. 7 3600 "
	    "600 86400 100\n"
	    "second. 300 IN SOA ns.second. host.second. 8 3600 600 86400 "
	    "100\nnew.second. 300 IN A 192.0.2.50\n");
}

static void
world(void)
{
	kit = kit_create();
	kit_add(kit, 1, "example.", zone_example, KIT_NSEC3);
	kit_add(kit, 2, "second.", zone_second, KIT_UNSIGNED);
	kit_add(kit, 3, "small.example.", zone_small, KIT_NSEC);
	kit_add_empty(kit, 4, "empty.");
	kit_add(kit, 5, ".", ". 9 IN SOA a. b. 1 2 3 4 5\n. 9 IN NS a.\n"
	    "com. 9 IN NS ns.com.\nns.com. 9 IN A 192.0.2.1\n", KIT_OPT_OUT);
	history();
	for (uint32_t id = 1; id < 6; id++) {
		kit->conf[id].provide_xfr = kit_acl(kit, id, "192.0.2.99",
		    ACL_NOKEY);
		kit->conf[id].allow_notify = kit->conf[id].provide_xfr;
	}
	key = (struct tsig_key){ .name = kit_name("k."),
		.alg = TSIG_HMAC_SHA256, .secret = (const uint8_t *)"s",
		.secret_len = 1 };
	kit->serve.keys = keys;
	kit->serve.key_count = 1;
	kit->serve.hooks.notify = note;
}

static void
require(bool claim)
{
	if (!claim)
		abort();
}

/* Our own reader must take what we write. */
static void
check_message(const uint8_t *octets, size_t len)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	enum section section;
	struct rr rr;
	enum err e;
	require(msg_read(&m, octets, len, scratch) == OK);
	require((m.flags & MSG_QR) != 0);
	while ((e = msg_take_rr(&m, &section, &rr)) == OK)
		;
	require(e == ERR_NOT_FOUND);
}

static void
run_transfer(void)
{
	static uint8_t message[MSG_MAX_OCTETS];
	struct xfr_out *x = NULL;
	enum xfr_out_result r = XFR_OUT_MORE;
	unsigned n = 0;
	require(xfr_out_start(&kit->serve, &kit->query, &x) == OK);
	while (r == XFR_OUT_MORE && n++ < MESSAGES_MAX) {
		size_t len = 0;
		r = xfr_out_next(x, 1500000000, message, sizeof(message),
		    &len);
		require(r != XFR_OUT_ERROR);
		check_message(message, len);
	}
	require(r == XFR_OUT_DONE);
	xfr_out_end(&x);
}

static void
run(const uint8_t *octets, size_t len, unsigned flags)
{
	if (len > sizeof(kit->question))
		return;
	memcpy(kit->question, octets, len);
	switch (kit_run(kit, len, flags)) {
	case QUERY_DROP:
		break;
	case QUERY_TRANSFER:
		require((flags & KIT_TCP) != 0);
		run_transfer();
		break;
	case QUERY_ANSWER:
		require(len >= MSG_HEADER_OCTETS);
		require(memcmp(kit->answer, octets, 2) == 0);
		require((flags & KIT_TCP) != 0 ||
		    kit->query.answer_len <= 1232);
		check_message(kit->answer, kit->query.answer_len);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct name qname;
	uint16_t qtype;
	if (kit == NULL)
		world();
	(void)!query_question(octets, len, &qname, &qtype);
	run(octets, len, 0);
	run(octets, len, KIT_TCP);
	return 0;
}

#ifdef FUZZ_MAIN
/* Not a fuzzer: replays files, and writes first inputs with -s DIRECTORY. */
static void
seed(const char *directory, unsigned n, const char *name, uint16_t type,
    unsigned flags)
{
	char path[512];
	uint8_t octets[4096];
	size_t len = kit_question(octets, name, type, flags, 7);
	snprintf(path, sizeof(path), "%s/query-%02u", directory, n);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	require(fd >= 0 && write(fd, octets, len) == (ssize_t)len);
	close(fd);
}

static void
seeds(const char *directory)
{
	static const char *const names[] = { "web.example.", "no.example.",
		"x.wild.example.", "b.dname.example.", "c1.example.",
		"x.sub.example.", "second.", "empty.", "a.com.", "id.server." };
	static const struct {
		uint16_t type;
		unsigned flags;
	} kinds[] = { { TYPE_A, 0 }, { TYPE_A, KIT_DO }, { TYPE_ANY, KIT_DO },
		{ TYPE_DS, KIT_DO | KIT_WANT_NSID | KIT_WANT_EXPIRE },
		{ TYPE_AXFR, KIT_EDNS }, { TYPE_IXFR, KIT_SERIAL },
		{ TYPE_SOA, KIT_NOTIFY | KIT_SERIAL }, { TYPE_TXT, KIT_CH } };
	unsigned n = 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (unsigned j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
			seed(directory, n++, names[i], kinds[j].type,
			    kinds[j].flags);
}

int
main(int argc, char **argv)
{
	static uint8_t octets[65536];
	if (argc == 3 && strcmp(argv[1], "-s") == 0)
		seeds(argv[2]);
	for (int i = 1; i < argc && strcmp(argv[1], "-s") != 0; i++) {
		int fd = open(argv[i], O_RDONLY);
		ssize_t len = fd < 0 ? -1 : read(fd, octets, sizeof(octets));
		if (len < 0)
			return 1;
		close(fd);
		LLVMFuzzerTestOneInput(octets, (size_t)len);
	}
	return 0;
}
#endif

/* bench_query.c - what one answer costs: time and, under callgrind,
 * instructions of query_answer, without sockets.
 * usage: bench_query APEX FILE [KIND [COUNT]]
 *        bench_query APEX FILE listen PORT
 * FILE: a base file, or a zone file (converted first). Without KIND all kinds
 * are asked in turn, COUNT times each. With listen it answers on a UDP port of
 * 127.0.0.1 until it is ended, by the loop that a worker has. instructions.sh
 * counts with both. */
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "conf/conf.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "serve/query.h"
#include "serve/udp.h"
#include "zone/zonedb.h"
#include "zone/zonefile.h"

#define ZONE 1
#define QUERIES 4096		/* different ones of each kind */
#define QUERY_OCTETS 512
#define EDNS_OCTETS 1232

static const uint8_t key[16] = "a fixed test key";

/* Which names, and what about them. */
enum names { APEX, CUTS, ABSENT };

static const struct kind {
	const char *text;
	enum names names;
	uint16_t type;
	bool has_edns, do_bit;
} kinds[] = {
	{ "soa", APEX, TYPE_SOA, false, false },
	{ "soa-do", APEX, TYPE_SOA, true, true },
	{ "dnskey-do", APEX, TYPE_DNSKEY, true, true },
	{ "referral", CUTS, TYPE_A, false, false },
	{ "referral-edns", CUTS, TYPE_A, true, false },
	{ "referral-do", CUTS, TYPE_A, true, true },
	{ "nxdomain", ABSENT, TYPE_A, false, false },
	{ "nxdomain-do", ABSENT, TYPE_A, true, true },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct wire {
	size_t len;
	uint8_t octets[QUERY_OCTETS];
};

static struct bench {
	struct zonedb *db;
	const struct zone_version *zone;
	struct conf_zone conf;
	const struct conf_zone *conf_at[ZONE + 1];
	uint64_t counters[SERVE_COUNTERS];
	struct serve serve;
	struct query query;
	struct name cuts[QUERIES];
	unsigned cut_count;
	struct wire wire[QUERIES];
	uint8_t answer[EDNS_OCTETS];
} bench;

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_query: %s: %s\n", what, why);
	exit(1);
}

static void
on_error(void *arg, const struct zone_text_error *e)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", e->file, e->line, e->what);
}

static int
open_base(const char *path, const uint8_t *apex)
{
	char magic[8] = "", to[] = "/tmp/bench_query.XXXXXX";
	uint32_t serial;
	int fd = open(path, O_RDONLY);
	if (fd == -1 || read(fd, magic, 8) != 8)
		die(path, "cannot be read");
	if (memcmp(magic, "NSDVBASE", 8) == 0)
		return fd;
	fd_close(&fd);
	fd = mkstemp(to);
	if (fd == -1)
		die(to, "cannot be made");
	unlink(to);
	if (zonefile_to_base(path, apex, fd, on_error, NULL, &serial) != OK)
		die(path, "is no zone file");
	return fd;
}

static void
load(const char *path, const struct name *apex)
{
	struct zone_version *v;
	struct zone_trouble t;
	struct fd_map m;
	const uint8_t *octets;
	uint64_t dropped;
	uint32_t serial;
	size_t len;
	int fd = open_base(path, apex->octets);
	if (fd_map_open(fd, &m) != OK ||
	    basefile_read(m.octets, m.len, &serial, &octets, &len) != OK)
		die(path, "damaged");
	fd_close(&fd);
	if (zonedb_create(key, (size_t)4 << 30, &bench.db) != OK ||
	    zonedb_add(bench.db, ZONE, apex->octets) != OK ||
	    zonedb_build(bench.db, ZONE, octets, len, &v, &dropped, &t) != OK)
		die(path, "cannot be built");
	zonedb_commit(bench.db, ZONE, v, NULL, 0, HISTORY_CLEAR);
	bench.zone = v;
	fd_map_close(&m);
}

static void
configure(const struct name *apex)
{
	bench.conf.apex = apex->octets;
	bench.conf_at[ZONE] = &bench.conf;
	bench.serve = (struct serve){ .db = bench.db, .zones = bench.conf_at,
		.zone_limit = ZONE + 1, .counters = bench.counters,
		.udp_octets_v4 = EDNS_OCTETS, .udp_octets_v6 = EDNS_OCTETS,
		.minimal_responses = true };
}

/* Delegations at equal distances. */
static void
sample_cuts(void)
{
	const struct zone_node *n;
	struct zone_iter it;
	uint64_t cuts = 0, i = 0;
	zone_iter_start(bench.zone, &it);
	while ((n = zone_iter_next(&it)) != NULL)
		cuts += node_is_cut(n);
	uint64_t step = cuts / QUERIES + 1;
	zone_iter_start(bench.zone, &it);
	while ((n = zone_iter_next(&it)) != NULL)
		if (node_is_cut(n) && i++ % step == 0)
			name_copy(&bench.cuts[bench.cut_count++],
			    node_owner(bench.zone, n));
	if (bench.cut_count == 0)
		die("zone", "has no delegations");
}

/* A name that is not there, next to one that is. */
static void
absent_name(const struct name *cut, struct name *to)
{
	uint8_t label[64];
	unsigned n = cut->octets[0] < 60 ? cut->octets[0] : 60;
	memcpy(label + 1, cut->octets + 1, n);
	memcpy(label + 1 + n, "0q", 2);
	label[0] = (uint8_t)(n + 2);
	label[n + 3] = 0;
	if (!name_join(label, 1, zone_apex(bench.zone), to))
		die("name", "too long");
}

static void
make_query(const struct kind *k, unsigned i)
{
	struct wire *wire = &bench.wire[i];
	struct name name = bench.cuts[i];
	struct msg_writer w;
	if (k->names == APEX)
		name_copy(&name, zone_apex(bench.zone));
	else if (k->names == ABSENT)
		absent_name(&bench.cuts[i], &name);
	msg_write(&w, wire->octets, QUERY_OCTETS, (uint16_t)i, 0);
	if (!msg_put_question(&w, name.octets, k->type, CLASS_IN) ||
	    (k->has_edns && !edns_put(&w, EDNS_OCTETS, 0, k->do_bit, NULL,
	    0)))
		die("query", "does not fit");
	msg_finish(&w);
	wire->len = w.len;
}

static size_t
ask(unsigned i)
{
	struct query *q = &bench.query;
	q->octets = bench.wire[i].octets;
	q->len = bench.wire[i].len;
	q->transport = SERVE_UDP;
	q->now_s = 1500000000;
	q->answer = bench.answer;
	q->room = sizeof(bench.answer);
	if (query_answer(&bench.serve, q) != QUERY_ANSWER)
		die("query", "was not answered");
	return q->answer_len;
}

static void
run(const struct kind *k, unsigned count)
{
	uint64_t octets = 0;
	for (unsigned i = 0; i < bench.cut_count; i++)
		make_query(k, i);
	int64_t t = clock_mono_us();
	for (unsigned i = 0; i < count; i++)
		octets += ask(i * 1531 % bench.cut_count);
	double us = (double)(clock_mono_us() - t);
	printf("{\"kind\": \"%s\", \"queries\": %u, \"ns\": %.0f, "
	    "\"octets\": %.1f, \"rcode\": %u}\n", k->text, count,
	    us * 1000 / count, (double)octets / count, bench.answer[3] & 15u);
}

static _Noreturn void
answer_on(uint16_t port)
{
	struct event_base *loop = event_base_new();
	struct serve_udp *udp;
	struct addr a;
	if (!addr_parse("127.0.0.1", port, &a))
		die("listen", "no address");
	int fd = sock_udp(&a, NULL);
	if (fd == -1 || loop == NULL ||
	    serve_udp_create(loop, &bench.serve, &udp) != OK ||
	    serve_udp_listen(udp, fd) != OK)
		die("listen", "cannot");
	event_base_dispatch(loop);
	exit(0);
}

int
main(int argc, char **argv)
{
	struct name apex;
	unsigned count = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) :
	    1000000;
	const char *wanted = argc > 3 ? argv[3] : "all";
	bool is_known = false;
	if (argc < 3 || argc > 5 || count == 0 ||
	    !name_from_text(argv[1], &apex))
		die("usage", "bench_query APEX FILE [KIND [COUNT]]");
	load(argv[2], &apex);
	configure(&apex);
	if (argc == 5 && strcmp(argv[3], "listen") == 0)
		answer_on((uint16_t)count);
	sample_cuts();
	if (!addr_parse("192.0.2.99", 5353, &bench.query.peer))
		die("peer", "is no address");
	for (unsigned i = 0; i < KINDS; i++)
		if (strcmp(wanted, kinds[i].text) == 0 ||
		    strcmp(wanted, "all") == 0) {
			run(&kinds[i], count);
			is_known = true;
		}
	if (!is_known)
		die(wanted, "is no kind of query");
	zonedb_destroy(&bench.db);
	return 0;
}

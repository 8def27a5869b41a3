/* bench_store.c - what the store costs: memory per record, time to build,
 * patch, walk, iterate. usage: bench_store APEX BASEFILE-OR-ZONEFILE
 * A zone file is converted first (not counted). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/zonedb.h"
#include "zone/zonefile.h"

#define ZONE 1
#define WALKS 1000000
#define PATCHES 1000

static const uint8_t key[16] = "a fixed test key";

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, why);
	exit(1);
}

static void
report(const char *what, int64_t since_us, double per)
{
	double us = (double)(clock_mono_us() - since_us);
	printf("%-26s %10.1f ms", what, us / 1000);
	if (per > 0)
		printf(" %10.3f us each", us / per);
	printf("\n");
}

static void
on_error(void *arg, const struct zone_text_error *e)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", e->file, e->line, e->what);
}

static struct fd_map
open_base(const char *path, const uint8_t *apex)
{
	struct fd_map m;
	char magic[8] = "";
	uint32_t serial;
	int fd = open(path, O_RDONLY);
	if (fd == -1 || read(fd, magic, 8) != 8)
		die(path, "cannot be read");
	if (memcmp(magic, "NSDVBASE", 8) != 0) {
		char to[] = "/tmp/bench_store.XXXXXX";
		int64_t t = clock_mono_us();
		fd_close(&fd);
		fd = mkstemp(to);
		if (fd == -1)
			die(to, "cannot be made");
		unlink(to);
		enum err e = zonefile_to_base(path, apex, fd, on_error, NULL,
		    &serial);
		if (e != OK)
			die(path, err_text(e));
		report("zone file to base file", t, 0);
	}
	if (fd_map_open(fd, &m) != OK)
		die(path, "cannot be mapped");
	fd_close(&fd);
	return m;
}

static void
memory(const struct zonedb *db, const char *when)
{
	struct zonedb_stats s;
	zonedb_stats(db, &s);
	printf("memory %-19s %10.1f MiB chunks, live %.1f MiB, dead %.1f MiB,"
	    " %.1f octets a record live, %.1f chunks\n", when,
	    (double)s.region_octets / 1048576, (double)s.live_octets / 1048576,
	    (double)s.dead_octets / 1048576,
	    (double)s.live_octets / (double)s.records,
	    (double)s.region_octets / (double)s.records);
}

/* Owners at equal distances, for walks and patches. */
static uint8_t *
sample_owners(const struct zone_version *z, size_t n, size_t *got)
{
	const struct zone_node *node;
	struct zone_iter it;
	uint64_t step = zone_node_count(z) / n + 1, i = 0;
	uint8_t *names = calloc(n, NAME_MAX_OCTETS);
	if (names == NULL)
		die("walks", "out of memory");
	*got = 0;
	zone_iter_start(z, &it);
	while ((node = zone_iter_next(&it)) != NULL && *got < n)
		if (i++ % step == 0)
			name_copy((struct name *)(void *)(names +
			    (*got)++ * NAME_MAX_OCTETS), node_owner(z, node));
	return names;
}

static void
walks(const struct zone_version *z)
{
	size_t n;
	uint8_t *names = sample_owners(z, 65536, &n);
	uint64_t found = 0;
	uint32_t at = 1;
	int64_t t = clock_mono_us();
	for (unsigned i = 0; i < WALKS; i++) {
		struct zone_walk w;
		at = at * 1664525u + 1013904223u;
		zone_walk(z, names + (at >> 8) % n * NAME_MAX_OCTETS, &w);
		found += w.exact != NULL;
	}
	report("walk, name is there", t, WALKS);
	for (size_t i = 0; i < n; i++)
		if (names[i * NAME_MAX_OCTETS] > 2)
			names[i * NAME_MAX_OCTETS + 2] = '5';
	t = clock_mono_us();
	for (unsigned i = 0; i < WALKS; i++) {
		struct zone_walk w;
		at = at * 1664525u + 1013904223u;
		zone_walk(z, names + (at >> 8) % n * NAME_MAX_OCTETS, &w);
		found += w.nsec != NULL;
	}
	report("walk, name is not there", t, WALKS);
	if (found == 0)
		die("walks", "nothing was found");
	free(names);
}

static void
iterate(const struct zone_version *z)
{
	const struct zone_node *n;
	struct zone_iter it;
	uint64_t records = 0;
	int64_t t = clock_mono_us();
	zone_iter_start(z, &it);
	while ((n = zone_iter_next(&it)) != NULL) {
		struct rrset rs;
		unsigned at = 0;
		while (node_next_rrset(z, n, &at, &rs))
			records += rs.count;
	}
	report("iterate over RRsets", t, (double)records);
}

static void
text(const struct zone_version *z)
{
	struct zone_text_out o;
	struct octets lines = { 0 };
	uint64_t octets = 0;
	int64_t t = clock_mono_us();
	zone_text_out_start(z, &o);
	while (zone_text_out_more(&o, &lines, 65536)) {
		octets += lines.len;
		lines.len = 0;
	}
	report("write as text", t, (double)zone_record_count(z));
	printf("%-26s %10.1f MiB\n", "text", (double)octets / 1048576);
	octets_free(&lines);
}

static void
put(struct octets *o, const struct rr *rr)
{
	if (!rr_add(o, rr))
		die("patch", "out of memory");
}

/* Ten names: one A record more, or the same one less. */
static void
make_delta(const struct zone_version *z, const uint8_t *names, size_t n,
    unsigned round, struct octets *o)
{
	struct rrset rs;
	struct rr old, new;
	uint8_t rdata[512], address[4] = { 192, 0, 2, 1 };
	uint32_t at = 0;
	if (!node_rrset(z, zone_apex_node(z), TYPE_SOA, &rs) ||
	    !rrset_next(&rs, &at, &old) || old.rdata_len > sizeof rdata)
		die("patch", "no SOA");
	new = old;
	memcpy(rdata, old.rdata, old.rdata_len);
	octets_set_u32(rdata + old.rdata_len - 20, zone_serial(z) + 1);
	new.rdata = rdata;
	o->len = 0;
	put(o, &old);
	if (round % 2 == 0)
		put(o, &new);
	for (unsigned i = 0; i < 10; i++) {
		size_t k = ((round / 2) * 10 + i) * 7919u % n;
		struct name owner;
		if (!name_join((const uint8_t *)"\5bench", 1, names +
		    k * NAME_MAX_OCTETS, &owner))
			continue;
		struct rr a = { .owner = owner.octets, .rdata = address,
			.ttl = 60, .type = TYPE_A, .class = CLASS_IN,
			.rdata_len = 4 };
		put(o, &a);
	}
	if (round % 2 != 0)
		put(o, &new);
}

static void
patches(struct zonedb *db)
{
	size_t n;
	uint8_t *names = sample_owners(zonedb_current(db, ZONE), 65536, &n);
	struct octets o = { 0 };
	struct zone_trouble trouble;
	int64_t patch_us = 0, tidy_us = 0, longest_us = 0;
	for (unsigned i = 0; i < PATCHES; i++) {
		struct zone_version *v;
		make_delta(zonedb_current(db, ZONE), names, n, i, &o);
		int64_t t = clock_mono_us();
		enum err e = zonedb_patch(db, ZONE, o.at, o.len, &v, &trouble);
		if (e != OK)
			die("patch", trouble.what);
		zonedb_commit(db, ZONE, v, o.at, o.len, HISTORY_KEEP);
		patch_us += clock_mono_us() - t;
		for (bool more = true; more;) {
			t = clock_mono_us();
			more = zonedb_tidy(db, 5000);
			t = clock_mono_us() - t;
			tidy_us += t;
			if (t > longest_us)
				longest_us = t;
		}
		if (i == 0)
			memory(db, "after 1 patch");
	}
	printf("%-26s %10.1f ms %10.3f us each\n", "patches of ten names",
	    (double)patch_us / 1000, (double)patch_us / PATCHES);
	printf("%-26s %10.1f ms, longest slice %.3f ms\n", "tidying",
	    (double)tidy_us / 1000, (double)longest_us / 1000);
	memory(db, "after 1000 patches");
	free(names);
	octets_free(&o);
}

static enum err
build(struct zonedb *db, const uint8_t *octets, size_t len,
    const struct zone_digest *d, struct zone_version **v)
{
	struct zone_trouble t;
	uint64_t dropped;
	enum err e = d == NULL ?
	    zonedb_build(db, ZONE, octets, len, v, &dropped, &t) :
	    zonedb_build_trusted(db, ZONE, octets, len, d, v, &dropped, &t);
	if (e != OK)
		die("build", e == ERR_FULL ? err_text(e) : t.what);
	return e;
}

static void
resident(const char *when)
{
	char line[256];
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "Anonymous:", 10) == 0 ||
		    strncmp(line, "AnonHuge", 8) == 0)
			printf("process %-18s %s", when, line);
	fclose(f);
}

int
main(int argc, char **argv)
{
	struct zonedb *db;
	struct zone_version *v, *again;
	struct name apex;
	struct zone_digest d;
	const uint8_t *octets;
	size_t len;
	uint32_t serial;
	if (argc != 3 || !name_from_text(argv[1], &apex))
		die("usage", "bench_store APEX FILE");
	struct fd_map m = open_base(argv[2], apex.octets);
	int64_t t = clock_mono_us();
	if (basefile_read(m.octets, m.len, &serial, &octets, &len) != OK)
		die(argv[2], "damaged");
	report("base file checksum", t, (double)m.len);
	if (zonedb_create(key, 0, &db) != OK ||
	    zonedb_add(db, ZONE, apex.octets) != OK)
		die("store", "cannot be made");
	t = clock_mono_us();
	build(db, octets, len, NULL, &v);
	report("build, order of the file", t, (double)zone_record_count(v));
	t = clock_mono_us();
	zone_digest_recompute(db, v, &d);
	report("digest recomputed", t, (double)zone_record_count(v));
	if (memcmp(&d, zone_digest(v), sizeof d) != 0)
		die("digest", "differs");

	/* A snapshot, and the start from it. */
	FILE *f = tmpfile();
	t = clock_mono_us();
	if (f == NULL || basefile_write_version(fileno(f), v) != OK)
		die("snapshot", "cannot be written");
	report("write snapshot", t, 0);
	zonedb_discard(db, v);
	fd_map_close(&m);
	if (fd_map_open(fileno(f), &m) != OK)
		die("snapshot", "cannot be mapped");
	t = clock_mono_us();
	if (basefile_read(m.octets, m.len, &serial, &octets, &len) != OK)
		die("snapshot", "damaged");
	build(db, octets, len, NULL, &v);
	report("start, digest taken", t, (double)zone_record_count(v));
	zonedb_discard(db, v);
	t = clock_mono_us();
	if (basefile_read(m.octets, m.len, &serial, &octets, &len) != OK)
		die("snapshot", "damaged");
	build(db, octets, len, &d, &v);
	report("start, digest trusted", t, (double)zone_record_count(v));
	zonedb_commit(db, ZONE, v, NULL, 0, HISTORY_KEEP);
	printf("%llu records, %llu nodes, %.1f MiB as record octets\n",
	    (unsigned long long)zone_record_count(v),
	    (unsigned long long)zone_node_count(v),
	    (double)zone_wire_octets(v) / 1048576);
	memory(db, "built");
	resident("built");
	walks(v);
	iterate(v);
	text(v);
	patches(db);
	resident("after patches");

	/* Two versions side by side. */
	struct octets net = { 0 };
	build(db, octets, len, NULL, &again);
	t = clock_mono_us();
	if (zonedb_net_of_versions(db, ZONE, again, &net) != OK)
		die("net delta", "failed");
	report("net delta of two versions", t, 0);
	octets_free(&net);
	zonedb_destroy(&db);
	fd_map_close(&m);
	fclose(f);
	return 0;
}

/* bench_feed.c - how fast a zone reaches a verifier's standard input.
 * usage: bench_feed APEX ZONEFILE [COMMAND]
 * The command (default: cat >/dev/null) is run by the shell; what counts is
 * the time until it has ended. */
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "dns/name.h"
#include "verify/feed.h"
#include "zone/zonedb.h"
#include "zone/zonefile.h"

#define ZONE 1

static const uint8_t key[16] = "a fixed test key";

struct fed {
	struct feed *feed;
	enum feed_end how;
	uint64_t octets;
};

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_feed: %s: %s\n", what, why);
	exit(1);
}

static void
on_error(void *arg, const struct zone_text_error *e)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", e->file, e->line, e->what);
}

static const struct zone_version *
read_zone(struct zonedb *db, const char *path, const uint8_t *apex)
{
	char to[] = "/tmp/bench_feed.XXXXXX";
	struct fd_map m;
	struct zone_version *v;
	struct zone_trouble t;
	const uint8_t *octets;
	size_t len;
	uint32_t serial;
	uint64_t dropped;
	int fd = mkstemp(to);
	if (fd == -1)
		die(to, "cannot be made");
	unlink(to);
	if (zonefile_to_base(path, apex, fd, on_error, NULL, &serial) != OK)
		die(path, "is not a zone");
	if (fd_map_open(fd, &m) != OK ||
	    basefile_read(m.octets, m.len, &serial, &octets, &len) != OK)
		die(path, "cannot be mapped");
	if (zonedb_build(db, ZONE, octets, len, &v, &dropped, &t) != OK)
		die(path, t.what);
	fd_map_close(&m);
	fd_close(&fd);
	return v;
}

static void
on_done(void *arg, enum feed_end how)
{
	struct fed *f = arg;
	f->how = how;
	f->octets = feed_octets(f->feed);
	feed_stop(&f->feed);
}

static double
cpu_s(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
measure(const struct zone_version *z, char *command)
{
	char *argv[] = { "sh", "-c", command, NULL };
	extern char **environ;
	struct event_base *loop = event_base_new();
	struct fed fed = { .how = FEED_BROKEN };
	struct spawn_failure f;
	pid_t pid;
	int ends[2], report, status;
	if (loop == NULL || pipe2(ends, O_CLOEXEC) == -1)
		die("pipe", "cannot be made");
	struct spawn_spec s = { .argv = argv, .env = environ,
		.fds = { ends[0], STDOUT_FILENO, STDERR_FILENO } };
	const struct feed_source source = { .kind = VERIFY_FEED_ZONE,
		.zone = z };
	if (spawn_start(&s, &pid, &report, &f) != OK ||
	    !spawn_report(&report, &f))
		die(command, "cannot be started");
	fd_close(&ends[0]);
	int64_t begin = clock_mono_us();
	double cpu = cpu_s();
	if (feed_start(loop, ends[1], &source, on_done, &fed, &fed.feed) != OK)
		die("feed", "cannot be started");
	event_base_dispatch(loop);
	waitpid(pid, &status, 0);
	double took = (double)(clock_mono_us() - begin) / 1e6;
	uint64_t records = zone_record_count(z);
	printf("%s: %llu records, %.1f MB in %.3f s (%.3f s of processor): "
	    "%.0f records/s\n", fed.how == FEED_WHOLE ? "whole" : "NOT WHOLE",
	    (unsigned long long)records, (double)fed.octets / 1e6, took,
	    cpu_s() - cpu, (double)records / took);
	event_base_free(loop);
}

int
main(int argc, char **argv)
{
	static char discard[] = "cat >/dev/null";
	struct zonedb *db;
	struct name apex;
	if (argc < 3 || !name_from_text(argv[1], &apex))
		die("usage", "bench_feed APEX ZONEFILE [COMMAND]");
	if (zonedb_create(key, 0, &db) != OK ||
	    zonedb_add(db, ZONE, apex.octets) != OK)
		die("store", "cannot be made");
	const struct zone_version *z = read_zone(db, argv[2], apex.octets);
	for (unsigned i = 0; i < 3; i++)
		measure(z, argc > 3 ? argv[3] : discard);
	zonedb_destroy(&db);
	return 0;
}

/* control_stats.c - the commands stats and stats_noreset: NSD's lines, in its
 * order.
 * Runs in: xfrd. A group of zones for which something is counted has a
 * hundred lines: they are made as the client takes them. */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/control.h"
#include "proc/stats.h"
#include "zone/zonedb.h"

#define PART_OCTETS (1u << 16)

/* A zone of a group; the list is sorted by group. */
struct member {
	const char *group;	/* in the configuration of that number */
	uint32_t zone;
};

struct groups {
	uint32_t conf_number;
	bool is_reset;
	size_t count, at;
	struct member members[];
};

static int
by_group(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->group, y->group);
	return order != 0 ? order : (x->zone > y->zone) - (x->zone < y->zone);
}

static struct groups *
groups_make(const struct daemon *d, bool is_reset)
{
	size_t n = d->conf->zone_count;
	struct groups *g = calloc(1, sizeof(*g) + n * sizeof(g->members[0]));
	if (g == NULL)
		return NULL;
	g->conf_number = d->conf_number;
	g->is_reset = is_reset;
	for (size_t i = 0; i < n; i++)
		if (d->conf->zones[i].zonestats_group != NULL)
			g->members[g->count++] = (struct member){
				d->conf->zones[i].zonestats_group,
				d->ids[i] };
	qsort(g->members, g->count, sizeof(g->members[0]), by_group);
	return g;
}

static void
say_counters(struct control_talk *t, const char *group, const uint64_t *c)
{
	char name[SERVE_COUNTER_NAME_MAX];
	const char *dot = group[0] == '\0' ? "" : ".";
	for (unsigned i = 0; i < SERVE_COUNTERS_SHOWN; i++)
		if (serve_counter_is_shown(i, c[i]))
			control_say(t, "%s%s%s=%llu\n", group, dot,
			    serve_counter_name(i, name),
			    (unsigned long long)c[i]);
}

static void
say_group(struct control_talk *t, struct groups *g)
{
	const char *group = g->members[g->at].group;
	uint64_t sum[SERVE_COUNTERS] = { 0 };
	for (; g->at < g->count &&
	    strcmp(g->members[g->at].group, group) == 0; g->at++)
		stats_add_zone(&t->x->d->shared, g->members[g->at].zone,
		    g->is_reset, sum);
	control_say(t, "%s.num.queries=%llu\n", group,
	    (unsigned long long)sum[COUNT_QUERIES]);
	say_counters(t, group, sum);
}

/* A configuration that came meanwhile ends it: its zones are others. */
static bool
more_groups(struct control_talk *t)
{
	struct groups *g = t->rest;
	while (g->at < g->count && t->reply.len < PART_OCTETS &&
	    g->conf_number == t->x->d->conf_number)
		say_group(t, g);
	return t->reply.len > 0;
}

/* Octets of all files in the state directory. */
static uint64_t
disk_octets(const struct statedir *s)
{
	uint64_t octets = 0;
	int fd = openat(statedir_fd(s), ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct stat st;
	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			octets += (uint64_t)st.st_size;
	if (dir != NULL)
		closedir(dir);
	else
		fd_close(&fd);
	return octets;
}

static void
say_time(struct control_talk *t, const char *name, int64_t us)
{
	control_say(t, "%s=%lld.%06lld\n", name, (long long)(us / 1000000),
	    (long long)(us % 1000000));
}

static void
say_sizes(struct control_talk *t)
{
	const struct xfrd *x = t->x;
	control_say(t, "size.db.disk=%llu\n",
	    (unsigned long long)disk_octets(x->statedir));
	control_say(t, "size.db.mem=%llu\n",
	    (unsigned long long)x->d->shared.stats->db_octets);
	control_say(t, "size.xfrd.mem=%zu\n", mallinfo2().uordblks);
	control_say(t, "size.config.disk=0\n");	/* no zones at run time */
	control_say(t, "size.config.mem=%zu\n",
	    arena_octets(x->d->conf->arena));
}

static void
say_zones(struct control_talk *t)
{
	const struct conf *c = t->x->d->conf;
	size_t secondary = 0;
	for (size_t i = 0; i < c->zone_count; i++)
		secondary += c->zones[i].request_xfr.n > 0;
	size_t primary = c->zone_count - secondary;
	control_say(t, "zone.primary=%zu\nzone.secondary=%zu\n", primary,
	    secondary);
	/* The same in the words of older tools. */
	control_say(t, "zone.master=%zu\nzone.slave=%zu\n", primary,
	    secondary);
}

/* What was counted since the last reset; the sum of all rows goes to total. */
static void
say_servers(struct control_talk *t, const uint64_t now[][SERVE_COUNTERS],
    uint64_t total[SERVE_COUNTERS])
{
	const struct stats_page *p = t->x->d->shared.stats;
	unsigned servers = daemon_worker_count(t->x->d);
	for (unsigned w = 0; w < STATS_ROWS; w++)
		for (unsigned i = 0; i < SERVE_COUNTERS; i++)
			total[i] += now[w][i] - p->base[w][i];
	for (unsigned w = 0; w < servers; w++)
		control_say(t, "server%u.queries=%llu\n", w,
		    (unsigned long long)(now[w][COUNT_QUERIES] -
		    p->base[w][COUNT_QUERIES]));
	control_say(t, "num.queries=%llu\n",
	    (unsigned long long)total[COUNT_QUERIES]);
}

static void
say_stats(struct control_talk *t, bool is_reset)
{
	struct shared *s = &t->x->d->shared;
	uint64_t total[SERVE_COUNTERS] = { 0 };
	uint64_t (*now)[SERVE_COUNTERS] = calloc(STATS_ROWS, sizeof(*now));
	t->rest = groups_make(t->x->d, is_reset);
	if (now == NULL || t->rest == NULL) {
		control_say(t, "error no memory\n");
		free(now);
		return;
	}
	int64_t now_us = clock_mono_us();
	stats_read(s, now);
	say_servers(t, (const uint64_t (*)[SERVE_COUNTERS])now, total);
	say_time(t, "time.boot", now_us - s->stats->booted_us);
	say_time(t, "time.elapsed", now_us - s->stats->reset_us);
	say_sizes(t);
	say_counters(t, "", total);
	say_zones(t);
	t->more = more_groups;
	if (is_reset) {
		memcpy(s->stats->base, now, sizeof(s->stats->base));
		s->stats->reset_us = now_us;
	}
	free(now);
}

void
command_stats(struct control_talk *t)
{
	say_stats(t, true);
}

void
command_stats_noreset(struct control_talk *t)
{
	say_stats(t, false);
}

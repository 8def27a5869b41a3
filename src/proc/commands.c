/* commands.c - the commands of the control socket, answered in nsd-control's
 * words where it has them.
 * Runs in: xfrd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "proc/control.h"
#include "verify/verdict.h"

void
control_say(struct control_talk *t, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	if (!octets_add(&t->reply, text, len))
		octets_free(&t->reply);
}

typedef void zone_fn(struct control_talk *t, struct xzone *z);

static struct xzone *
zone_named(struct control_talk *t, const char *name)
{
	struct name apex;
	if (name_from_text(name, &apex)) {
		const struct conf_zone *c = conf_zone_by_apex(t->x->d->conf,
		    apex.octets);
		if (c != NULL)
			return xfrd_zone(t->x, t->x->d->ids[c->index]);
	}
	control_say(t, "error zone %s not configured\n", name);
	return NULL;
}

/* For one zone or all, in the order of the configuration; returns how many. */
static unsigned
each_zone(struct control_talk *t, zone_fn *fn)
{
	struct xzone *z;
	const struct daemon *d = t->x->d;
	if (t->count > 1) {
		if ((z = zone_named(t, t->words[1])) == NULL)
			return 0;
		fn(t, z);
		return 1;
	}
	unsigned n = 0;
	for (size_t i = 0; i < d->conf->zone_count; i++)
		if ((z = xfrd_zone(t->x, d->ids[i])) != NULL) {
			fn(t, z);
			n++;
		}
	return n;
}

static const char *
time_text(int64_t when_s, char text[32])
{
	time_t s = (time_t)when_s;
	struct tm tm;
	localtime_r(&s, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	return text;
}

/* --- zonestatus ------------------------------------------------------- */

static const char *
nsd_state(const struct xzone *z)
{
	if (z->refresh == NULL)
		return "primary";
	switch (refresh_state(z->refresh, xfrd_now_s(z->x))) {
	case REFRESH_EMPTY:
	case REFRESH_STALE:
		return "refreshing";
	case REFRESH_EXPIRED:
		return "expired";
	case REFRESH_FRESH:
		break;
	}
	return "ok";
}

/* Its time is that of the last record; its serial is that of the first one. */
static void
say_receiving(struct control_talk *t, const struct xzone *z,
    const struct update *u)
{
	const struct intake *in = &z->intake;
	if (u == z->receiving && in->len > 0)
		control_say(t, "\tRECEIVING: \"%u, %llu octets so far\"\n",
		    in->to, (unsigned long long)in->len);
	else
		control_say(t, "\tRECEIVING: \"no records so far\"\n");
}

static void
say_versions(struct control_talk *t, const struct xzone *z)
{
	char when[32];
	for (const struct update *u = z->updates.first; u != NULL;
	    u = u->next) {
		if (u->state == UPDATE_PUBLISHED ||
		    u->state == UPDATE_SUPERSEDED)
			continue;
		if (u->state == UPDATE_RECEIVING) {
			say_receiving(t, z, u);
			continue;
		}
		control_say(t, "\t%s: \"%u since %s\"\n",
		    update_state_name(u->state), u->to,
		    time_text(u->received_s, when));
	}
	if (z->last_rejection[0] != '\0')
		control_say(t, "\tlast-refusal: \"%s\"\n", z->last_rejection);
}

static void
say_refresh(struct control_talk *t, const struct xzone *z)
{
	char text[XFR_STATUS_MAX];
	uint32_t serial;
	int64_t now = xfrd_now_s(z->x);
	if (z->refresh == NULL)
		return;
	const struct refresh_timers *r = refresh_timers(z->refresh);
	if (refresh_notified(z->refresh, &serial))
		control_say(t, "\tnotified-serial: \"%u since %s\"\n", serial,
		    time_text(r->notified_s, text));
	if (z->is_published && r->expires_s > 0)
		control_say(t, "\texpires-in: %lld\n",
		    (long long)(r->expires_s - now));
	if (z->conn != NULL)
		control_say(t, "\ttransfer: \"%s\"\n",
		    xfr_conn_status(z->conn, text));
	else
		control_say(t, "\twait: \"%lld sec between attempts\"\n",
		    (long long)(r->next_s > now ? r->next_s - now : 0));
}

static void
say_zonestatus(struct control_talk *t, struct xzone *z)
{
	char text[1024];
	control_say(t, "zone:\t%s\n", z->conf->name);
	if (z->conf->pattern != NULL)
		control_say(t, "\tpattern: %s\n", z->conf->pattern);
	if (z->notify != NULL && notify_out_is_running(z->notify))
		control_say(t, "\tnotify: \"%s\"\n",
		    notify_out_status(z->notify, text, sizeof(text)));
	control_say(t, "\tstate: %s\n", nsd_state(z));
	if (z->is_published)
		control_say(t, "\tserved-serial: \"%u since %s\"\n",
		    z->serial, time_text(z->published_s, text));
	else
		control_say(t, "\tserved-serial: none\n");
	const struct update *last = NULL;
	for (const struct update *u = z->updates.first; u != NULL; u = u->next)
		if (u->state != UPDATE_RECEIVING)
			last = u;
	if (last != NULL)
		control_say(t, "\tcommit-serial: \"%u since %s\"\n", last->to,
		    time_text(last->received_s, text));
	else if (z->is_published)
		control_say(t, "\tcommit-serial: \"%u since %s\"\n",
		    z->serial, time_text(z->published_s, text));
	say_versions(t, z);
	say_refresh(t, z);
}

static void
command_zonestatus(struct control_talk *t)
{
	each_zone(t, say_zonestatus);
}

/* --- what is done to zones -------------------------------------------- */

static void
do_reload(struct control_talk *t, struct xzone *z)
{
	xzone_load_file(z, t->count > 1);
}

static void
command_reload(struct control_talk *t)
{
	if (each_zone(t, do_reload) == 0 && t->count > 1)
		return;
	t->x->window.is_ordered = true;
	event_active(t->x->turn_event, EV_TIMEOUT, 0);
	control_say(t, "ok\n");
}

static unsigned transfers;

static void
ask_primaries(struct control_talk *t, struct xzone *z)
{
	bool is_forced = strcmp(t->words[0], "force_transfer") == 0;
	if (z->refresh == NULL) {
		if (t->count > 1)
			control_say(t, "error zone not secondary\n");
		return;
	}
	transfers++;
	update_forgive(&z->updates);
	refresh_transfer(z->refresh, is_forced, xfrd_now_s(z->x));
	xzone_touch(z);
}

static void
command_transfer(struct control_talk *t)
{
	transfers = 0;
	if (each_zone(t, ask_primaries) == 0 && t->count > 1)
		return;
	if (t->count == 1)
		control_say(t, "ok, %u zones\n", transfers);
	else if (transfers > 0)
		control_say(t, "ok\n");
}

static void
command_force_transfer(struct control_talk *t)
{
	command_transfer(t);
}

static void
do_notify(struct control_talk *t, struct xzone *z)
{
	(void)t;
	xzone_notify(z);
}

static void
command_notify(struct control_talk *t)
{
	if (each_zone(t, do_notify) > 0 || t->count == 1)
		control_say(t, "ok\n");
}

static void
do_write(struct control_talk *t, struct xzone *z)
{
	(void)t;
	xzone_write_file(z);
}

static void
command_write(struct control_talk *t)
{
	if (each_zone(t, do_write) > 0 || t->count == 1)
		control_say(t, "ok\n");
}

/* --- verdicts --------------------------------------------------------- */

/* What the verifier wrote, line by line, so that the reason stands with the
 * verdict. */
static void
say_output(struct control_talk *t, const uint8_t *text, size_t len)
{
	size_t at = 0;
	while (at < len) {
		const uint8_t *end = memchr(text + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (text + at)) :
		    len - at;
		control_say(t, "\t\t%.*s\n", (int)(n < 1000 ? n : 1000),
		    (const char *)text + at);
		at += n + 1;
	}
}

static bool
say_verdict(void *arg, const struct journal_trail *trail)
{
	struct control_talk *t = arg;
	const struct journal_verdict *v = trail->verdict;
	char when[32];
	if (v == NULL)
		return true;
	control_say(t, "\t%s serial %u %s", time_text(v->when_s, when),
	    v->serial, v->is_unverified ? "unverified" :
	    verdict_text((enum verdict)v->verdict));
	if (v->verifier[0] != '\0')
		control_say(t, " by %s", v->verifier);
	if (v->signal > 0)
		control_say(t, ", killed by signal %d", v->signal);
	else if (v->exit >= 0)
		control_say(t, ", exit %d", v->exit);
	control_say(t, ", %u ms, attempt %u", v->duration_ms, v->attempt);
	if (v->primary[0] != '\0')
		control_say(t, ", from %s", v->primary);
	control_say(t, "\n");
	if (v->verdict != VERDICT_PASS)
		say_output(t, v->output, v->output_len);
	return true;
}

static void
say_verdicts(struct control_talk *t, struct xzone *z)
{
	control_say(t, "zone:\t%s\n", z->conf->name);
	if (journal_each_trail(z->x->journal, z->apex.octets,
	    JOURNAL_OLDEST_FIRST, say_verdict, t) != OK)
		control_say(t, "error the journal cannot be read\n");
}

static void
command_verdicts(struct control_talk *t)
{
	each_zone(t, say_verdicts);
}

/* --- the daemon ------------------------------------------------------- */

static void
command_status(struct control_talk *t)
{
	unsigned held = 0, checked = 0;
	for (uint32_t id = 0; id < t->x->zone_limit; id++) {
		const struct xzone *z = t->x->zones[id];
		if (z == NULL)
			continue;
		for (const struct update *u = z->updates.first; u != NULL;
		    u = u->next) {
			checked += u->state == UPDATE_VERIFYING;
			held += u->state == UPDATE_HELD ||
			    u->state == UPDATE_FAILED ||
			    u->state == UPDATE_REJECTED;
		}
	}
	control_say(t, "version: %s\n", NSDV_VERSION);
	control_say(t, "verbosity: %d\n", log_verbosity());
	control_say(t, "ratelimit: %lld\n", (long long)
	    t->x->d->conf->server.rrl_ratelimit);
	control_say(t, "zones: %zu\n", t->x->d->conf->zone_count);
	control_say(t, "under-verification: %u\n", checked);
	control_say(t, "held-back: %u\n", held);
}

static void
command_serverpid(struct control_talk *t)
{
	control_say(t, "%d\n", (int)t->x->d->supervisor);
}

static void
command_reconfig(struct control_talk *t)
{
	control_say(t, "reconfig start, read %s\n", t->x->d->conf_path);
	t->order = xfrd_order(t->x, ORDER_RECONFIG, 0);
}

static void
command_repattern(struct control_talk *t)
{
	command_reconfig(t);
}

static void
command_verbosity(struct control_talk *t)
{
	char *end;
	long v = strtol(t->words[1], &end, 10);
	if (end == t->words[1] || *end != '\0' || v < 0 || v > 1000) {
		control_say(t, "error in verbosity number syntax: %s\n",
		    t->words[1]);
		return;
	}
	t->order = xfrd_order(t->x, ORDER_VERBOSITY, (int32_t)v);
}

static void
command_log_reopen(struct control_talk *t)
{
	t->order = xfrd_order(t->x, ORDER_LOG_REOPEN, 0);
}

static void
command_stop(struct control_talk *t)
{
	t->order = xfrd_order(t->x, ORDER_STOP, 0);
}

void
control_finish(struct control_talk *t, const struct msg_answer *m)
{
	control_say(t, "%s%s\n", m->is_ok ? "" : "error ", m->text);
}

static const struct {
	const char *name;
	unsigned least, most;
	const char *synopsis;
	void (*run)(struct control_talk *t);
} commands[] = {
#define COMMAND(name, least, most, synopsis, help)                             \
	{ #name, least, most, synopsis, command_##name },
#include "tables/commands.def"
#undef COMMAND
};

void
control_command(struct control_talk *t)
{
	const char *name = t->count > 0 ? t->words[0] : "";
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		unsigned arguments = t->count - 1;
		if (arguments < commands[i].least ||
		    arguments > commands[i].most)
			control_say(t, "error usage: %s %s\n", name,
			    commands[i].synopsis);
		else
			commands[i].run(t);
		return;
	}
	control_say(t, "error unknown command '%s'\n", name);
}

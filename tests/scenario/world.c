/* world.c - plays a scenario; see world.h. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/serial.h"
#include "xfr/refresh.h"
#include "xfr/xfr_client.h"

#include "../unit/xfr_kit.h"

#define START INT64_C(1700000000)
#define PEERS 3
#define LIST 32
#define RUNAWAY 40	/* questions within one second */

struct list {
	uint32_t at[LIST];
	unsigned n;
};

struct peer {
	bool is_serving;
	uint32_t serial;
	struct list history;
	char mode[64];
	bool has_expire;
	uint32_t expire_s;
};

struct staged {
	uint32_t serial;
	int primary;
	bool is_delta, has_option;
	uint32_t option_s;
	int64_t received_s;
};

struct world {
	const struct scenario *scenario;
	int64_t now;
	struct refresh *r;
	struct refresh_policy policy;
	struct refresh_primary primaries[PEERS];
	struct peer peers[PEERS];
	uint32_t refresh_s, retry_s, expire_s;
	struct list bad, unfit;
	bool is_slow, is_published;
	uint32_t published;
	struct staged staged[LIST];
	unsigned n_staged;
	char trace[8192];
	int64_t last_ask_s;
	unsigned asks;
	uint8_t scratch[MSG_MAX_OCTETS];
};

static void
trace(struct world *w, const char *fmt, ...)
{
	size_t n = strlen(w->trace);
	va_list ap;
	n += (size_t)snprintf(w->trace + n, sizeof w->trace - n, "%s%lld:",
	    n > 0 ? " " : "", (long long)(w->now - START));
	va_start(ap, fmt);
	vsnprintf(w->trace + n, sizeof w->trace - n, fmt, ap);
	va_end(ap);
}

static void
broken(const struct world *w, const char *line, const char *what)
{
	fail_msg("%s: \"%s\": %s (so far: %s)", w->scenario->title, line,
	    what, w->trace);
}

static bool
list_has(const struct list *l, uint32_t serial)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->at[i] == serial)
			return true;
	return false;
}

static void
list_add(struct list *l, uint32_t serial)
{
	assert_true(l->n < LIST);
	l->at[l->n++] = serial;
}

static void
list_drop(struct list *l, uint32_t serial)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->at[i] == serial)
			l->at[i] = l->at[--l->n];
}

/* --- the primary --- */

static bool
peer_is(const struct peer *p, const char *mode)
{
	return strcmp(p->mode, mode) == 0;
}

/* The words of its answer to an IXFR from a serial. */
static void
ixfr_words(const struct peer *p, uint32_t from, char words[128])
{
	unsigned c = p->serial;
	bool knows = list_has(&p->history, from);
	if (from == c || !serial_newer(c, from) || peer_is(p, "lone"))
		snprintf(words, 128, "S%u", c);
	else if (peer_is(p, "axfrstyle") || !knows)
		snprintf(words, 128, "S%u a b S%u", c, c);
	else if (peer_is(p, "baddelta"))
		snprintf(words, 128, "S%u S%u a S%u S%u", c, from - 1, c, c);
	else if (peer_is(p, "cut"))
		snprintf(words, 128, "S%u S%u a", c, from);
	else
		snprintf(words, 128, "S%u S%u a S%u b S%u", c, from, c, c);
}

static void
axfr_words(const struct peer *p, char words[128])
{
	unsigned c = p->serial;
	if (peer_is(p, "badaxfr"))
		snprintf(words, 128, "S%u a S%u", c, c + 1);
	else if (peer_is(p, "cut"))
		snprintf(words, 128, "S%u a", c);
	else
		snprintf(words, 128, "S%u a b S%u", c, c);
}

static void
put_words(struct msg_writer *m, char *words)
{
	for (char *s = strtok(words, " "); s != NULL; s = strtok(NULL, " ")) {
		struct made made;
		make(&made, s);
		assert_true(msg_put_rr(m, SECTION_ANSWER, &made.rr));
	}
}

static void
put_expire(struct msg_writer *m, uint32_t expire_s)
{
	uint8_t options[16], value[4];
	struct buf b = buf_of(options, sizeof options);
	octets_set_u32(value, expire_s);
	assert_true(edns_option_put(&b, EDNS_EXPIRE, value, 4));
	assert_true(edns_put(m, 1232, 0, false, options, (uint16_t)b.at));
}

static unsigned
peer_rcode(const struct peer *p, uint16_t qtype)
{
	if (peer_is(p, "refuse"))
		return RCODE_REFUSED;
	if (peer_is(p, "noixfr") && qtype == TYPE_IXFR)
		return RCODE_NOTIMP;
	return RCODE_NOERROR;
}

/* The answer to a request; 0: silence. */
static size_t
peer_answer(struct world *w, const struct peer *p, const uint8_t *request,
    size_t len, uint8_t *answer)
{
	struct msg_reader m;
	struct msg_writer out;
	enum section section;
	struct rr rr;
	uint32_t from = 0;
	char words[128] = "";
	if (!p->is_serving || peer_is(p, "silent"))
		return 0;
	assert_int_equal(msg_read(&m, request, len, w->scratch), OK);
	while (msg_take_rr(&m, &section, &rr) == OK)
		if (section == SECTION_AUTHORITY)
			assert_true(rr_soa_serial(&rr, &from));
	unsigned rcode = peer_rcode(p, m.qtype);
	if (rcode == 0 && m.qtype == TYPE_SOA)
		snprintf(words, sizeof words, "S%u", p->serial);
	else if (rcode == 0 && m.qtype == TYPE_AXFR)
		axfr_words(p, words);
	else if (rcode == 0 && !peer_is(p, "noixfr-empty"))
		ixfr_words(p, from, words);
	msg_write(&out, answer, MSG_MAX_OCTETS, m.id, (uint16_t)(MSG_QR |
	    (peer_is(p, "noaa") ? 0 : MSG_AA) | rcode));
	assert_true(msg_put_question(&out, apex, m.qtype, CLASS_IN));
	put_words(&out, words);
	if (p->has_expire)
		put_expire(&out, p->expire_s);
	msg_finish(&out);
	return out.len;
}

/* --- the exchange --- */

static enum err
take_begin(void *arg, uint32_t serial)
{
	(void)arg;
	(void)serial;
	return OK;
}

static enum err
take_delta(void *arg, uint32_t from, uint32_t to)
{
	(void)arg;
	(void)from;
	(void)to;
	return OK;
}

static enum err
take_record(void *arg, const struct rr *rr)
{
	(void)arg;
	(void)rr;
	return OK;
}

static void
take_reset(void *arg)
{
	(void)arg;
}

/* Until the exchange has an end: again over TCP or without EDNS as the
 * sockets would do it. */
static void
exchange(struct world *w, struct xfr_client *c, const struct peer *p)
{
	static uint8_t answer[MSG_MAX_OCTETS];
	enum xfr_outcome outcome = XFR_MORE;
	for (unsigned i = 0; i < 5; i++) {
		const uint8_t *request;
		size_t n;
		assert_int_equal(xfr_client_request(c, (uint16_t)(i + 1),
		    w->now, &request, &n), OK);
		n = peer_answer(w, p, request, n, answer);
		if (n > 0)
			outcome = xfr_client_message(c, answer, n, w->scratch,
			    w->now);
		if (outcome == XFR_USE_TCP)
			xfr_client_again(c, false, false);
		else if (outcome == XFR_WITHOUT_EDNS)
			xfr_client_again(c, xfr_client_is_udp(c), true);
		else
			break;
		outcome = XFR_MORE;
	}
	if (outcome == XFR_MORE || outcome == XFR_IGNORED)
		xfr_client_fail(c, XFR_WHY_CLOSED, OK);
}

static struct xfr_client *
client_of(const struct refresh_order *o, struct made *soa)
{
	char word[16];
	snprintf(word, sizeof word, "S%u", o->from);
	make(soa, word);
	struct xfr_request q = { .apex = apex, .ask = o->ask,
		.is_udp = o->is_udp, .accept_any = o->accept_any,
		.has_serial = o->has_serial,
		.soa = o->has_serial ? &soa->rr : NULL,
		.sink = { take_begin, take_delta, take_record, take_reset,
		    NULL } };
	struct xfr_client *c = xfr_client_create(&q, "example", "primary");
	assert_non_null(c);
	return c;
}

static void
trace_order(struct world *w, const struct refresh_order *o,
    const struct refresh_outcome *x)
{
	char what[32] = "", verdict[32] = "fail";
	if (o->ask == XFR_ASK_SOA)
		strcpy(what, "soa");
	else if (o->ask == XFR_ASK_IXFR)
		snprintf(what, sizeof what, "ixfr%u", o->from);
	else
		strcpy(what, o->accept_any ? "AXFR" : "axfr");
	switch (x->verdict) {
	case REFRESH_FAILED:
		break;
	case REFRESH_CURRENT:
		snprintf(verdict, sizeof verdict, "cur%u", x->serial);
		break;
	case REFRESH_NEWER:
		snprintf(verdict, sizeof verdict, "new%u", x->serial);
		break;
	case REFRESH_GOT_DELTA:
		snprintf(verdict, sizeof verdict, "delta%u", x->serial);
		break;
	case REFRESH_GOT_ZONE:
		snprintf(verdict, sizeof verdict, "zone%u", x->serial);
		break;
	}
	trace(w, "%c.%s%s=%s", 'a' + (int)o->primary, o->is_udp ? "u" : "",
	    what, verdict);
}

/* --- the verifier and the store --- */

static void
publish(struct world *w, const struct staged *s, bool at_start)
{
	struct refresh_version v = { .serial = s->serial,
		.refresh_s = w->refresh_s, .retry_s = w->retry_s,
		.expire_s = w->expire_s, .has_option = s->has_option,
		.option_s = s->option_s, .received_s = s->received_s,
		.at_start = at_start };
	w->is_published = true;
	w->published = s->serial;
	refresh_published(w->r, &v, w->now, 0);
}

static void
judge(struct world *w, const struct staged *s)
{
	if (list_has(&w->unfit, s->serial)) {
		trace(w, "U%u", s->serial);
		refresh_refused(w->r, s->serial, s->primary, s->is_delta,
		    w->now, 0);
	} else if (list_has(&w->bad, s->serial)) {
		trace(w, "R%u", s->serial);
		refresh_rejected(w->r, s->serial, s->primary, w->now, 0);
	} else {
		trace(w, "P%u", s->serial);
		publish(w, s, false);
	}
}

static void
got(struct world *w, const struct refresh_order *o,
    const struct refresh_outcome *x)
{
	struct staged s = { .serial = x->serial,
		.primary = (int)o->primary, .has_option = x->has_expire,
		.option_s = x->expire_s, .received_s = w->now,
		.is_delta = x->verdict == REFRESH_GOT_DELTA };
	if (!w->is_slow) {
		judge(w, &s);
		return;
	}
	assert_true(w->n_staged < LIST);
	w->staged[w->n_staged++] = s;
}

static void
do_order(struct world *w, const struct refresh_order *o)
{
	struct made soa;
	struct refresh_outcome x;
	struct xfr_client *c = client_of(o, &soa);
	if (w->now != w->last_ask_s)
		w->asks = 0;
	w->last_ask_s = w->now;
	if (++w->asks > RUNAWAY)
		broken(w, "", "it asks without end");
	exchange(w, c, &w->peers[o->primary]);
	refresh_outcome_of(xfr_client_result(c), o->ask, &x);
	trace_order(w, o, &x);
	refresh_result(w->r, &x, w->now, 0);
	if (x.verdict == REFRESH_GOT_DELTA || x.verdict == REFRESH_GOT_ZONE)
		got(w, o, &x);
	xfr_client_destroy(&c);
}

static void
go_on(struct world *w)
{
	struct refresh_order o;
	while (refresh_decide(w->r, w->now, 0, &o))
		do_order(w, &o);
}

/* --- commands --- */

static void
world_policy(struct world *w, const char *words)
{
	char copy[128];
	unsigned n;
	struct refresh_policy *p = &w->policy;
	snprintf(copy, sizeof copy, "%s", words);
	for (char *s = strtok(copy, " "); s != NULL; s = strtok(NULL, " ")) {
		if (strcmp(s, "multi") == 0)
			p->multi_primary_check = true;
		else if (strcmp(s, "nofallback") == 0)
			p->allow_axfr_fallback = false;
		else if (strcmp(s, "sumexpire") == 0)
			p->min_expire_is_sum = true;
		else if (sscanf(s, "minretry=%u", &n) == 1)
			p->min_retry_s = n;
		else if (sscanf(s, "maxretry=%u", &n) == 1)
			p->max_retry_s = n;
		else if (sscanf(s, "minrefresh=%u", &n) == 1)
			p->min_refresh_s = n;
		else if (sscanf(s, "maxrefresh=%u", &n) == 1)
			p->max_refresh_s = n;
		else if (sscanf(s, "minexpire=%u", &n) == 1)
			p->min_expire_s = n;
		else
			broken(w, words, "unknown policy");
	}
}

static void
world_primaries(struct world *w, const char *spec)
{
	unsigned n = 0;
	for (; *spec != '\0'; spec++) {
		char text[16];
		if (*spec == 'A') {
			w->primaries[n - 1].axfr_only = true;
			continue;
		}
		if (*spec == 'U') {
			w->primaries[n - 1].use_udp = true;
			continue;
		}
		snprintf(text, sizeof text, "192.0.2.%u", n + 1);
		assert_true(n < PEERS && addr_parse(text, 53,
		    &w->primaries[n].addr));
		n++;
	}
	w->policy.n_primaries = n;
}

static void
world_start(struct world *w, bool with, uint32_t serial)
{
	w->r = refresh_create(&w->policy, NULL, w->now, 0);
	assert_non_null(w->r);
	if (with)
		publish(w, &(struct staged){ .serial = serial }, true);
	go_on(w);
}

static void
world_restart(struct world *w)
{
	struct refresh_timers t = *refresh_timers(w->r);
	refresh_destroy(&w->r);
	w->n_staged = 0;
	w->r = refresh_create(&w->policy, &t, w->now, 0);
	assert_non_null(w->r);
	if (w->is_published)
		publish(w, &(struct staged){ .serial = w->published }, true);
	go_on(w);
}

static void
world_run_s(struct world *w, const char *line, unsigned s)
{
	int64_t end = w->now + s;
	for (unsigned turns = 0;; turns++) {
		go_on(w);
		int64_t wake = refresh_wake_s(w->r);
		if (wake > end)
			break;
		if (wake <= w->now || turns > 100000)
			broken(w, line, "it wakes for nothing");
		w->now = wake;
	}
	w->now = end;
}

static void
world_notify(struct world *w, const char *line, char who, bool has_serial,
    uint32_t serial)
{
	struct addr from;
	char text[16];
	snprintf(text, sizeof text, "192.0.2.%d",
	    who == 'x' ? 99 : who - 'a' + 1);
	assert_true(addr_parse(text, 4711, &from));
	if (!refresh_notify(w->r, &from, has_serial, serial, w->now))
		trace(w, "N");
	go_on(w);
	(void)line;
}

static void
world_verdict(struct world *w, const char *line, uint32_t serial)
{
	for (unsigned i = 0; i < w->n_staged; i++)
		if (w->staged[i].serial == serial) {
			struct staged s = w->staged[i];
			w->staged[i] = w->staged[--w->n_staged];
			judge(w, &s);
			go_on(w);
			return;
		}
	broken(w, line, "nothing of this serial is staged");
}

static void
world_mode(struct world *w, struct peer *p, const char *mode)
{
	unsigned n;
	(void)w;
	if (sscanf(mode, "expire=%u", &n) == 1) {
		p->has_expire = true;
		p->expire_s = n;
		return;
	}
	p->has_expire = false;
	snprintf(p->mode, sizeof p->mode, "%s", mode);
}

static void
world_serve(struct peer *p, uint32_t serial)
{
	if (p->is_serving)
		list_add(&p->history, p->serial);
	p->is_serving = true;
	p->serial = serial;
}

static void
world_expect(struct world *w, const char *line)
{
	const char *text = line + strlen("expect");
	text += *text == ' ';
	if (strcmp(text, w->trace) != 0)
		fail_msg("%s: expected \"%s\", saw \"%s\"",
		    w->scenario->title, text, w->trace);
	w->trace[0] = '\0';
}

/* Commands that set something up or look at it; false: not one of them. */
static bool
command_quiet(struct world *w, const char *line)
{
	unsigned n, m, k;
	char who, word[64];
	if (strncmp(line, "policy ", 7) == 0)
		world_policy(w, line + 7);
	else if (sscanf(line, "primaries %63s", word) == 1)
		world_primaries(w, word);
	else if (sscanf(line, "serve %c %u", &who, &n) == 2)
		world_serve(&w->peers[who - 'a'], n);
	else if (sscanf(line, "mode %c %63s", &who, word) == 2)
		world_mode(w, &w->peers[who - 'a'], word);
	else if (sscanf(line, "timers %u %u %u", &n, &m, &k) == 3)
		w->refresh_s = n, w->retry_s = m, w->expire_s = k;
	else if (sscanf(line, "bad %u", &n) == 1)
		list_add(&w->bad, n);
	else if (sscanf(line, "good %u", &n) == 1)
		list_drop(&w->bad, n);
	else if (sscanf(line, "unfit %u", &n) == 1)
		list_add(&w->unfit, n);
	else if (sscanf(line, "fit %u", &n) == 1)
		list_drop(&w->unfit, n);
	else if (strcmp(line, "slow") == 0 || strcmp(line, "fast") == 0)
		w->is_slow = line[0] == 's';
	else if (strncmp(line, "expect", 6) == 0)
		world_expect(w, line);
	else if (sscanf(line, "state %63s", word) == 1)
		assert_string_equal(word, refresh_state_text(
		    refresh_state(w->r, w->now)));
	else if (sscanf(line, "lease %u", &n) == 1)
		assert_int_equal(refresh_timers(w->r)->expires_s - w->now,
		    n);
	else
		return false;
	return true;
}

/* Commands that make something happen. */
static bool
command_active(struct world *w, const char *line)
{
	unsigned n = 0;
	char who;
	int fields;
	if (strcmp(line, "start") == 0 || sscanf(line, "start %u", &n) == 1)
		world_start(w, line[5] != '\0', n);
	else if (strcmp(line, "restart") == 0)
		world_restart(w);
	else if ((fields = sscanf(line, "notify %c %u", &who, &n)) >= 1)
		world_notify(w, line, who, fields == 2, n);
	else if (sscanf(line, "verdict %u", &n) == 1)
		world_verdict(w, line, n);
	else if (sscanf(line, "run %u", &n) == 1)
		world_run_s(w, line, n);
	else if (strcmp(line, "transfer") == 0 || strcmp(line, "force") == 0)
		refresh_transfer(w->r, line[0] == 'f', w->now), go_on(w);
	else if (strcmp(line, "forgive") == 0)
		refresh_forgive(w->r);
	else
		return false;
	return true;
}

void
world_run(const struct scenario *s)
{
	struct world *w = calloc(1, sizeof *w);
	assert_non_null(w);
	w->scenario = s;
	w->now = START;
	w->refresh_s = 3600;
	w->retry_s = 600;
	w->expire_s = 86400;
	w->policy = (struct refresh_policy){ .primaries = w->primaries,
		.max_refresh_s = 2419200, .max_retry_s = 1209600,
		.allow_axfr_fallback = true };
	world_primaries(w, "a");
	for (const char *const *line = s->script; *line != NULL; line++)
		if (!command_quiet(w, *line) && !command_active(w, *line))
			broken(w, *line, "unknown command");
	if (w->trace[0] != '\0')
		broken(w, "end", "more happened than was expected");
	refresh_destroy(&w->r);
	free(w);
}

/* update_kit.h - a zone with its updates and a fake clock, for the tests of
 * the update policy. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proc/update.h"

/* --- a zone under test ------------------------------------------------ */

static struct update_zone zone;
static struct update_acts acts;
static int64_t now;
static uint64_t next_id;
static uint64_t next_candidate;
static unsigned dropped;

static inline int
setup(void **state)
{
	(void)state;
	zone = (struct update_zone){ .policy = { .mode = UPDATE_ENFORCE,
		.is_verified = true, .retries = 3, .retry_delay_s = 10,
		.recheck_s = 3600,
		.bulk_octets = 1000000 },
		.has_published = true, .published = 10,
		.published_octets = 5000 };
	acts = (struct update_acts){ 0 };
	now = 100000;
	next_id = 1;
	next_candidate = 1;
	dropped = 0;
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	update_zone_clear(&zone, NULL, NULL);
	return 0;
}

static inline void
count_drop(void *arg, struct update *u)
{
	(void)arg;
	(void)u;
	dropped++;
}

/* What the caller does after each event. */
static inline void
written(void)
{
	while (update_next_changed(&zone) != NULL)
		continue;
	update_sweep(&zone, count_drop, NULL);
}

static inline struct update *
begin(enum update_kind kind)
{
	return update_begin(&zone, next_id++, kind);
}

static inline struct update *
ixfr(uint32_t from, uint32_t to)
{
	struct update *u = begin(UPDATE_IXFR);
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_arrive(&zone, u, UPDATE_IXFR, from, to, 100,
	    now, &acts), OK);
	return u;
}

static inline struct update *
axfr(uint32_t to)
{
	struct update *u = begin(UPDATE_AXFR);
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_arrive(&zone, u, UPDATE_AXFR, 0, to, 5000,
	    now, &acts), OK);
	return u;
}

static inline struct update *
take(void)
{
	struct update *tip = update_due(&zone);
	assert_non_null(tip);
	update_take(&zone, tip, next_candidate++);
	written();
	return tip;
}

static inline void
judge(struct update *u, enum update_outcome o, const char *digest)
{
	struct update_verdict v = { .outcome = o,
		.has_digest = digest != NULL };
	if (digest != NULL)
		snprintf((char *)v.digest, sizeof v.digest, "%s", digest);
	acts = (struct update_acts){ 0 };
	assert_int_equal(update_judge(&zone, u, &v, now, &acts), OK);
}

static inline void
served(struct update *u)
{
	assert_ptr_equal(update_accepted(&zone), u);
	acts = (struct update_acts){ 0 };
	update_served(&zone, u, now, &acts);
	written();
}

/* "11 HELD, 12 STAGED": what is left, in order. */
static inline const char *
list(void)
{
	static char text[2048];
	text[0] = '\0';
	for (struct update *u = zone.first; u != NULL; u = u->next)
		sprintf(text + strlen(text), "%s%u %s",
		    u == zone.first ? "" : ", ", u->to,
		    update_state_name(u->state));
	return text;
}

static inline void
expect(const char *text)
{
	written();
	assert_string_equal(list(), text);
}

static inline struct update *
find(uint32_t serial)
{
	struct update *u = update_find(&zone, serial, NULL);
	assert_non_null(u);
	return u;
}

static inline void
tick(void)
{
	int64_t next;
	update_tick(&zone, now, &next);
	assert_true(next > now);
	assert_int_equal(next, update_wake_s(&zone));
}
static inline bool
knows(const char *digest)
{
	const struct update *at = NULL;
	while (update_next_known(&zone, now, &at))
		if (strcmp((const char *)at->digest, digest) == 0)
			return true;
	return false;
}

#define UPDATE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

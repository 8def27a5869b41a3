/* conf_test.h - loading small configurations in unit tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf.h"

/* All messages, one a line. */
static inline void
messages_of(const struct conf_report *r, char *text, size_t room)
{
	size_t len = 0;
	char line[600];
	text[0] = '\0';
	for (const struct conf_message *m = r->first; m != NULL; m = m->next) {
		conf_message_text(m, line, sizeof(line));
		len += (size_t)snprintf(text + len, room - len, "%s\n", line);
		assert_true(len < room);
	}
}

static inline struct conf *
must_load(const char *text)
{
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	const enum err e = conf_load_octets("t", (const uint8_t *)text,
	    strlen(text), &r, &c);
	if (e != OK) {
		char all[65536];
		messages_of(&r, all, sizeof(all));
		fail_msg("%s", all);
	}
	conf_report_end(&r);
	return c;
}

/* The load fails and the messages hold these words. */
static inline void
must_refuse(const char *text, const char *words)
{
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	char all[65536];
	assert_int_not_equal(conf_load_octets("t", (const uint8_t *)text,
	    strlen(text), &r, &c), OK);
	assert_null(c);
	assert_true(r.errors > 0);
	messages_of(&r, all, sizeof(all));
	if (strstr(all, words) == NULL)
		fail_msg("wanted '%s', got:\n%s", words, all);
	conf_report_end(&r);
}

static inline const struct conf_zone *
zone_of(const struct conf *c, const char *name)
{
	const struct conf_zone *z = conf_zone_by_name(c, name);
	assert_non_null(z);
	return z;
}

/* fuzz_conf.c - libFuzzer target: a configuration of any octets.
 * Either it is refused with a message, or it loads, can be checked, and its
 * dump loads to the same dump again. Nothing is read from disk. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static struct conf *
load(const uint8_t *octets, size_t len, bool must)
{
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	const enum err e = conf_load_octets("fuzz", octets, len, &r, &c);
	if ((e == OK) != (r.errors == 0) || (e == OK) != (c != NULL))
		abort();
	if (must && e != OK)
		abort();
	conf_report_end(&r);
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct octets first = { 0 }, second = { 0 }, people = { 0 };
	struct conf_report r = { 0 };
	struct conf *c = load(octets, len, false);
	if (c == NULL)
		return 0;
	conf_check(c, &r);
	conf_report_end(&r);
	if (!conf_dump_public(c, &people) || !conf_dump(c, &first))
		abort();
	struct conf *again = load(first.at, first.len, true);
	if (!conf_dump(again, &second))
		abort();
	if (first.len != second.len ||
	    memcmp(first.at, second.at, first.len) != 0)
		abort();
	if (!conf_server_equal(&c->server, &again->server) ||
	    !conf_verify_equal(&c->verify, &again->verify) ||
	    c->zone_count != again->zone_count)
		abort();
	for (size_t i = 0; i < c->zone_count; i++)
		if (!conf_zone_equal(&c->zones[i], &again->zones[i]))
			abort();
	octets_free(&first);
	octets_free(&second);
	octets_free(&people);
	conf_destroy(&c);
	conf_destroy(&again);
	return 0;
}

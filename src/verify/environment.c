/* environment.c - the environment of a verifier.
 * Runs in: supervisor. Pure. */
#include "verify/environment.h"

#include <stdint.h>
#include <string.h>

/* Ours at most: 3 for the zone and feed, 7 addresses, 6 of the version, 2 for
 * hooks. */
#define OWN_MAX 20

struct list {
	struct arena *arena;
	char **at;
	size_t count;
};

static bool
has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* What the service manager tells the daemon is not for its verifiers: they
 * could report in its name. */
static bool
is_withheld(const char *variable)
{
	return has_prefix(variable, "NOTIFY_SOCKET=") ||
	    has_prefix(variable, "LISTEN_") ||
	    has_prefix(variable, "WATCHDOG_") ||
	    has_prefix(variable, "VERIFY_");
}

static void
add(struct list *l, const char *name, const char *value)
{
	l->at[l->count++] = arena_printf(l->arena, "%s=%s", name, value);
}

static void
add_number(struct list *l, const char *name, uint32_t value)
{
	l->at[l->count++] = arena_printf(l->arena, "%s=%u", name, value);
}

static void
add_address(struct list *l, const char *address_name, const char *port_name,
    const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	if (a == NULL)
		return;
	add(l, address_name, addr_text(a, text));
	add_number(l, port_name, addr_port(a));
}

static const struct addr *
first_of_family(const struct verify_env *e, sa_family_t family)
{
	for (size_t i = 0; i < e->address_count; i++)
		if (e->addresses[i].sa.sa_family == family)
			return &e->addresses[i];
	return NULL;
}

static void
add_addresses(struct list *l, const struct verify_env *e)
{
	char *all = arena_array(l->arena, char,
	    e->address_count * ADDR_TEXT_MAX + 1);
	char *end = all;
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < e->address_count; i++) {
		if (i > 0)
			*end++ = ' ';
		addr_text_port(&e->addresses[i], text);
		size_t n = strlen(text);
		memcpy(end, text, n + 1);
		end += n;
	}
	add(l, "VERIFY_IP_ADDRESSES", all);
	const struct addr *v4 = first_of_family(e, AF_INET);
	const struct addr *v6 = first_of_family(e, AF_INET6);
	add_address(l, "VERIFY_IP_ADDRESS", "VERIFY_PORT",
	    v6 != NULL ? v6 : v4);
	add_address(l, "VERIFY_IPV4_ADDRESS", "VERIFY_IPV4_PORT", v4);
	add_address(l, "VERIFY_IPV6_ADDRESS", "VERIFY_IPV6_PORT", v6);
}

static void
add_version(struct list *l, const struct verify_request *r)
{
	add_number(l, "VERIFY_SERIAL", r->serial);
	if (r->has_previous)
		add_number(l, "VERIFY_PREVIOUS_SERIAL", r->previous);
	add(l, "VERIFY_XFR_TYPE", verify_xfr_text((enum verify_xfr)r->xfr));
	if (r->primary[0] != '\0')
		add(l, "VERIFY_PRIMARY", r->primary);
	add_number(l, "VERIFY_ATTEMPT", r->attempt);
}

char **
verify_environment(struct arena *a, char *const *daemon,
    const struct verify_env *e)
{
	size_t inherited = 0;
	while (daemon[inherited] != NULL)
		inherited++;
	struct list l = { .arena = a,
		.at = arena_array(a, char *, inherited + OWN_MAX + 1) };
	for (size_t i = 0; i < inherited; i++)
		if (!is_withheld(daemon[i]))
			l.at[l.count++] = daemon[i];
	size_t before = l.count;
	add(&l, "VERIFY_ZONE", e->zone);
	add(&l, "VERIFY_ZONE_ON_STDIN",
	    e->feed == VERIFY_FEED_ZONE ? "yes" : "no");
	add(&l, "VERIFY_FEED", verify_feed_text(e->feed));
	add_addresses(&l, e);
	add_version(&l, e->request);
	if (e->verdict != NULL)
		add(&l, "VERIFY_VERDICT", e->verdict);
	if (e->reason != NULL)
		add(&l, "VERIFY_REASON", e->reason);
	ASSERT(l.count - before <= OWN_MAX);
	l.at[l.count] = NULL;
	return l.at;
}

const char *
verify_environment_get(char *const *env, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; env[i] != NULL; i++)
		if (strncmp(env[i], name, n) == 0 && env[i][n] == '=')
			return env[i] + n + 1;
	return NULL;
}

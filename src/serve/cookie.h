/* cookie.h - DNS cookies (RFC 7873) with the server cookies that all servers
 * of an anycast address can check (RFC 9018). */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sock.h"
#include "dns/edns.h"

#define COOKIE_SECRET_OCTETS 16
#define COOKIE_SECRETS_MAX 2
#define COOKIE_OCTETS 24	/* client's 8, server's 16 */

/* The first one makes cookies, all are accepted. */
struct cookie_secrets {
	unsigned count;
	uint8_t at[COOKIE_SECRETS_MAX][COOKIE_SECRET_OCTETS];
};

/* In a shared page: xfrd alone puts, workers of all generations read at any
 * time. A reader that is held up meets another set only after as many changes
 * as there are slots, and then takes one cookie for a bad one. */
#define COOKIE_SLOTS 8
struct cookie_jar {
	_Atomic uint32_t current;
	struct cookie_secrets slots[COOKIE_SLOTS];
};

void cookie_jar_put(struct cookie_jar *j, const struct cookie_secrets *s);
const struct cookie_secrets *cookie_jar_secrets(const struct cookie_jar *j);

/* What one query's cookie is worth. */
struct cookie {
	bool is_present;
	bool is_valid;		/* the peer was here within the last hour */
	uint8_t octets[COOKIE_OCTETS];	/* the answer's option */
};

/* RFC 7873 5.2.2: what has another length is FORMERR. */
bool cookie_is_well_formed(const struct edns *e);
/* e has a well-formed cookie. now: seconds since 1970 modulo 2^32. */
void cookie_judge(const struct cookie_jar *j, const struct edns *e,
    const struct addr *peer, uint32_t now, struct cookie *c);

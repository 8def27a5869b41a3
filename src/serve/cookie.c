/* cookie.c - DNS cookies (RFC 7873, RFC 9018): which are valid, and what goes
 * back. A server cookie is version, three reserved octets, the time it was
 * made, and SipHash-2-4 over client cookie, these and the client's address.
 * Runs in: worker, candidate's worker; xfrd fills the jar. No allocation. */
#include "serve/cookie.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "dns/siphash.h"

#define CLIENT_OCTETS 8
#define VERSION_AT 8
#define TIME_AT 12
#define HASH_AT 16
#define SERVER_MIN 16	/* with the client's; RFC 7873 4 */
#define SERVER_MAX 40
#define VERSION 1

/* RFC 9018 4.3 */
#define OLDEST_S 3600
#define NEWEST_S (-300)
#define RENEW_S 1800

void
cookie_jar_put(struct cookie_jar *j, const struct cookie_secrets *s)
{
	uint32_t next = (atomic_load_explicit(&j->current,
	    memory_order_relaxed) + 1) % COOKIE_SLOTS;
	ASSERT(s->count > 0 && s->count <= COOKIE_SECRETS_MAX);
	j->slots[next] = *s;
	atomic_store_explicit(&j->current, next, memory_order_release);
}

const struct cookie_secrets *
cookie_jar_secrets(const struct cookie_jar *j)
{
	return &j->slots[atomic_load_explicit(&j->current,
	    memory_order_acquire) % COOKIE_SLOTS];
}

bool
cookie_is_well_formed(const struct edns *e)
{
	return e->cookie_len == CLIENT_OCTETS ||
	    (e->cookie_len >= SERVER_MIN && e->cookie_len <= SERVER_MAX);
}

/* Over the first 16 octets of a cookie and the address. */
static uint64_t
hash_of(const uint8_t secret[COOKIE_SECRET_OCTETS],
    const uint8_t cookie[COOKIE_OCTETS], const struct addr *peer)
{
	uint8_t input[HASH_AT + 16];
	const uint8_t *address;
	size_t n = addr_octets(peer, &address);
	memcpy(input, cookie, HASH_AT);
	if (n > 0)
		memcpy(input + HASH_AT, address, n);
	return siphash_64(secret, input, HASH_AT + n);
}

/* SipHash's octets are those of its word in little-endian order. */
static uint64_t
hash_in(const uint8_t cookie[COOKIE_OCTETS])
{
	uint64_t hash = 0;
	for (unsigned i = 0; i < 8; i++)
		hash |= (uint64_t)cookie[HASH_AT + i] << (8 * i);
	return hash;
}

static bool
is_made_with(const uint8_t secret[COOKIE_SECRET_OCTETS],
    const uint8_t cookie[COOKIE_OCTETS], const struct addr *peer)
{
	return hash_of(secret, cookie, peer) == hash_in(cookie);
}

static void
make(const uint8_t secret[COOKIE_SECRET_OCTETS], const struct addr *peer,
    uint32_t now, uint8_t cookie[COOKIE_OCTETS])
{
	static const uint8_t head[4] = { VERSION, 0, 0, 0 };
	memcpy(cookie + VERSION_AT, head, sizeof(head));
	octets_set_u32(cookie + TIME_AT, now);
	uint64_t hash = hash_of(secret, cookie, peer);
	for (unsigned i = 0; i < 8; i++)
		cookie[HASH_AT + i] = (uint8_t)(hash >> (8 * i));
}

/* Which secret made it, or -1; *age_s as seen now (RFC 1982 arithmetic). */
static int
maker_of(const struct cookie_secrets *s, const struct edns *e,
    const struct addr *peer, uint32_t now, int32_t *age_s)
{
	if (e->cookie_len != COOKIE_OCTETS || e->cookie[VERSION_AT] != VERSION)
		return -1;
	*age_s = (int32_t)(now - octets_u32(e->cookie + TIME_AT));
	if (*age_s > OLDEST_S || *age_s < NEWEST_S)
		return -1;
	for (unsigned i = 0; i < s->count && i < COOKIE_SECRETS_MAX; i++)
		if (is_made_with(s->at[i], e->cookie, peer))
			return (int)i;
	return -1;
}

void
cookie_judge(const struct cookie_jar *j, const struct edns *e,
    const struct addr *peer, uint32_t now, struct cookie *c)
{
	const struct cookie_secrets *s = cookie_jar_secrets(j);
	int32_t age_s = 0;
	int maker = maker_of(s, e, peer, now, &age_s);
	c->is_present = true;
	c->is_valid = maker != -1;
	if (maker == 0 && age_s < RENEW_S) {
		memcpy(c->octets, e->cookie, COOKIE_OCTETS);
		return;
	}
	memcpy(c->octets, e->cookie, CLIENT_OCTETS);
	make(s->at[0], peer, now, c->octets);
}

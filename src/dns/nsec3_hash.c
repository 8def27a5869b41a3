/* nsec3_hash.c - the hash of NSEC3 owner names (RFC 5155 section 5).
 * Runs in: workers, store, candidate. Pure: no allocation, cannot fail.
 *
 * A name is one block of SHA-1. Through EVP its digest takes 188 ns, of which
 * half is looking after contexts; these functions, deprecated for everything
 * that is longer or secret, take 91 (doc/performance.md, Answers). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "dns/nsec3_hash.h"

#include <openssl/sha.h>

#include "dns/name.h"

static void
round_of(const struct nsec3_params *p, const uint8_t *octets, size_t len,
    uint8_t hash[NSEC3_HASH_OCTETS])
{
	SHA_CTX c;
	SHA1_Init(&c);
	SHA1_Update(&c, octets, len);
	if (p->salt_len > 0)
		SHA1_Update(&c, p->salt, p->salt_len);
	SHA1_Final(hash, &c);
}

void
nsec3_hash(const struct nsec3_params *p, const uint8_t *name,
    uint8_t hash[NSEC3_HASH_OCTETS])
{
	uint8_t lower[NAME_MAX_OCTETS];
	size_t len = name_len(name);
	for (size_t i = 0; i < len; i++)
		lower[i] = name_fold[name[i]];
	round_of(p, lower, len, hash);
	for (unsigned i = 0; i < p->iterations; i++)
		round_of(p, hash, NSEC3_HASH_OCTETS, hash);
}

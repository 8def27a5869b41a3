/* nsec3_hash.c - the hash of NSEC3 owner names (RFC 5155 section 5).
 * Runs in: worker, candidate's worker. One digest context per process, made
 * at the first hash and used until the end: no query allocates. */
#include "serve/nsec3_hash.h"

#include <openssl/evp.h>

#include "dns/name.h"

static EVP_MD_CTX *context;

static bool
context_is_there(void)
{
	if (context != NULL)
		return true;
	EVP_MD *sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (sha1 != NULL && c != NULL && EVP_DigestInit_ex2(c, sha1, NULL)) {
		context = c;
		c = NULL;
	}
	EVP_MD_CTX_free(c);
	EVP_MD_free(sha1);	/* the context holds it */
	return context != NULL;
}

static bool
round_of(const struct nsec3_params *p, const uint8_t *octets, size_t len,
    uint8_t hash[NSEC3_HASH_OCTETS])
{
	return EVP_DigestInit_ex2(context, NULL, NULL) &&
	    EVP_DigestUpdate(context, octets, len) &&
	    EVP_DigestUpdate(context, p->salt, p->salt_len) &&
	    EVP_DigestFinal_ex(context, hash, NULL);
}

bool
nsec3_hash(const struct nsec3_params *p, const uint8_t *name,
    uint8_t hash[NSEC3_HASH_OCTETS])
{
	struct name lower;
	name_copy(&lower, name);
	name_lower(lower.octets);
	if (!context_is_there() ||
	    !round_of(p, lower.octets, name_len(lower.octets), hash))
		return false;
	for (unsigned i = 0; i < p->iterations; i++)
		if (!round_of(p, hash, NSEC3_HASH_OCTETS, hash))
			return false;
	return true;
}

/* acl.c - does a neighbour match? Read-only, no allocation.
 * Ranges are compared octet by octet in network order, which is the order of
 * addresses. */
#include "conf/acl.h"

#include <string.h>

#include "conf/conf.h"

static bool
masked_equal(const uint8_t *a, const uint8_t *b, const uint8_t *mask,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((a[i] ^ b[i]) & mask[i]) != 0)
			return false;
	return true;
}

bool
acl_address_matches(const struct acl *a, const struct addr *peer)
{
	const uint8_t *own, *last, *from;
	const size_t n = addr_octets(&a->addr, &own);
	if (n == 0 || addr_octets(peer, &from) != n)
		return false;
	if (a->has_port && addr_port(&a->addr) != addr_port(peer))
		return false;
	if (a->range == ACL_SINGLE)
		return memcmp(own, from, n) == 0;
	if (addr_octets(&a->last, &last) != n)
		return false;
	if (a->range == ACL_MINMAX)
		return memcmp(own, from, n) <= 0 && memcmp(from, last, n) <= 0;
	return masked_equal(own, from, last, n);
}

static bool
signer_matches(const struct acl *a, const struct tsig_key *key)
{
	switch (a->signer) {
	case ACL_BLOCKED:
		return true;
	case ACL_NOKEY:
		return key == NULL;
	case ACL_KEY:
		return key != NULL && a->key != NULL &&
		    key->alg == a->key->tsig.alg &&
		    name_equal(key->name.octets, a->key->tsig.name.octets);
	}
	return false;
}

enum acl_verdict
acl_check(const struct acl *list, size_t n, const struct addr *peer,
    const struct tsig_key *key, size_t *which)
{
	enum acl_verdict verdict = ACL_DENIED;
	for (size_t i = 0; i < n; i++) {
		const struct acl *a = &list[i];
		/* A BLOCKED element holds over TLS and without alike. */
		if (a->tls_auth_name != NULL && a->signer != ACL_BLOCKED)
			continue;
		if (verdict == ACL_ALLOWED && a->signer != ACL_BLOCKED)
			continue;
		if (!acl_address_matches(a, peer) || !signer_matches(a, key))
			continue;
		if (which != NULL)
			*which = i;
		if (a->signer == ACL_BLOCKED)
			return ACL_REFUSED;
		verdict = ACL_ALLOWED;
	}
	return verdict;
}

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
acl_equal(const struct acl *a, const struct acl *b)
{
	return text_equal(a->text, b->text) && a->signer == b->signer &&
	    a->use_axfr == b->use_axfr && a->use_udp == b->use_udp &&
	    text_equal(a->key_name, b->key_name) &&
	    text_equal(a->tls_auth_name, b->tls_auth_name);
}

/* nsec3_hash.h - the hash of NSEC3 owner names (RFC 5155 section 5). */
#pragma once
#include <stdint.h>

#define NSEC3_HASH_OCTETS 20	/* SHA-1, the only one there is */
/* More make a name server slow and nobody safer; validators treat such zones
 * as insecure or bogus (RFC 9276 3.2). */
#define NSEC3_ITERATIONS_MAX 500

struct nsec3_params {
	uint8_t algorithm;
	uint16_t iterations;
	uint8_t salt_len;
	const uint8_t *salt;
};

/* name: any case. */
void nsec3_hash(const struct nsec3_params *p, const uint8_t *name,
    uint8_t hash[NSEC3_HASH_OCTETS]);

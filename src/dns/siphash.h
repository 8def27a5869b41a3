/* siphash.h - SipHash (Aumasson, Bernstein): keyed hashes that nobody without
 * the key can steer. 2-4 with 128 bits for content digests, 1-3 with 64 bits
 * for tables in memory. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_OCTETS 16
#define SIPHASH_128_OCTETS 16

/* A running SipHash-2-4-128; plain memory, may be copied. */
struct siphash {
	uint64_t v[4];
	uint8_t tail[8];	/* octets not yet a whole word */
	uint64_t len;		/* octets so far */
};

void siphash_init(struct siphash *s, const uint8_t key[SIPHASH_KEY_OCTETS]);
void siphash_update(struct siphash *s, const void *octets, size_t n);
void siphash_final(struct siphash *s, uint8_t out[SIPHASH_128_OCTETS]);
/* All three in one. */
void siphash_128(const uint8_t key[SIPHASH_KEY_OCTETS], const void *octets,
    size_t n, uint8_t out[SIPHASH_128_OCTETS]);
/* SipHash-2-4 with 64 bits, as in the paper. */
uint64_t siphash_64(const uint8_t key[SIPHASH_KEY_OCTETS],
    const void *octets, size_t n);
/* SipHash-1-3: half the rounds, for hash tables only. */
uint64_t siphash_13(const uint8_t key[SIPHASH_KEY_OCTETS],
    const void *octets, size_t n);

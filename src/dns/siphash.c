/* siphash.c - SipHash as published ("SipHash: a fast short-input PRF", 2012;
 * the 128-bit output as in the authors' later reference).
 * Runs in: every role. Pure: no I/O, no allocation. */
#include "dns/siphash.h"

#include <string.h>

static inline uint64_t
rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline uint64_t
load_le64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	    (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
	    (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static inline void
store_le64(uint8_t *p, uint64_t x)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(x >> (8 * i));
}

static inline void
rounds(uint64_t v[4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static inline void
absorb(uint64_t v[4], uint64_t word, unsigned n)
{
	v[3] ^= word;
	rounds(v, n);
	v[0] ^= word;
}

static inline void
start(uint64_t v[4], const uint8_t *key)
{
	uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
	v[0] = UINT64_C(0x736f6d6570736575) ^ k0;
	v[1] = UINT64_C(0x646f72616e646f6d) ^ k1;
	v[2] = UINT64_C(0x6c7967656e657261) ^ k0;
	v[3] = UINT64_C(0x7465646279746573) ^ k1;
}

/* The last word: the octets left over and the length modulo 256. */
static inline uint64_t
last_word(const uint8_t *tail, uint64_t len)
{
	uint64_t word = len << 56;
	for (unsigned i = 0; i < (len & 7); i++)
		word |= (uint64_t)tail[i] << (8 * i);
	return word;
}

void
siphash_init(struct siphash *s, const uint8_t key[SIPHASH_KEY_OCTETS])
{
	start(s->v, key);
	s->v[1] ^= 0xee;
	s->len = 0;
}

void
siphash_update(struct siphash *s, const void *octets, size_t n)
{
	const uint8_t *p = octets;
	size_t held = s->len & 7;
	if (n == 0)
		return;
	s->len += n;
	if (held > 0) {
		size_t more = 8 - held < n ? 8 - held : n;
		memcpy(s->tail + held, p, more);
		if (held + more < 8)
			return;
		absorb(s->v, load_le64(s->tail), 2);
		p += more;
		n -= more;
	}
	for (; n >= 8; p += 8, n -= 8)
		absorb(s->v, load_le64(p), 2);
	memcpy(s->tail, p, n);
}

void
siphash_final(struct siphash *s, uint8_t out[SIPHASH_128_OCTETS])
{
	uint64_t *v = s->v;
	absorb(v, last_word(s->tail, s->len), 2);
	v[2] ^= 0xee;
	rounds(v, 4);
	store_le64(out, v[0] ^ v[1] ^ v[2] ^ v[3]);
	v[1] ^= 0xdd;
	rounds(v, 4);
	store_le64(out + 8, v[0] ^ v[1] ^ v[2] ^ v[3]);
}

void
siphash_128(const uint8_t key[SIPHASH_KEY_OCTETS], const void *octets,
    size_t n, uint8_t out[SIPHASH_128_OCTETS])
{
	struct siphash s;
	siphash_init(&s, key);
	siphash_update(&s, octets, n);
	siphash_final(&s, out);
}

static inline uint64_t
hash_64(const uint8_t *key, const uint8_t *p, size_t n, unsigned c, unsigned d)
{
	uint64_t v[4];
	size_t i = 0;
	start(v, key);
	for (; i + 8 <= n; i += 8)
		absorb(v, load_le64(p + i), c);
	absorb(v, last_word(p + i, n), c);
	v[2] ^= 0xff;
	rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
siphash_64(const uint8_t key[SIPHASH_KEY_OCTETS], const void *octets, size_t n)
{
	return hash_64(key, octets, n, 2, 4);
}

uint64_t
siphash_13(const uint8_t key[SIPHASH_KEY_OCTETS], const void *octets, size_t n)
{
	return hash_64(key, octets, n, 1, 3);
}

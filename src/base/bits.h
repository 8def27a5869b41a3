/* bits.h - counting bits; words of octets. */
#pragma once
#include <stdint.h>
#include <string.h>

/* In the machine's order, from any address. */
static inline uint64_t
bits_load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint32_t
bits_load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* How many bits are set. Without an instruction for it, which not every
 * machine of the architecture has, the compiler's own would be a call. */
#ifdef __POPCNT__
static inline unsigned
bits_count(uint64_t v)
{
	return (unsigned)__builtin_popcountll(v);
}
#else
static inline unsigned
bits_count(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) +
	    (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(v * UINT64_C(0x0101010101010101) >> 56);
}
#endif

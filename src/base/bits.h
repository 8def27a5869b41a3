/* bits.h - counting bits. */
#pragma once
#include <stdint.h>

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

/* sum.c - four lanes of multiply and rotate over 32 octets a step.
 * Each step of a lane is a bijection of its state, so that a single damaged
 * word is always found. Runs in: store and its forks, loader, xfrd. */
#include "zone/sum.h"

#include <string.h>

#include "base/bits.h"

#define ODD_A UINT64_C(0x9e3779b97f4a7c15)
#define ODD_B UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t
mix(uint64_t lane, uint64_t word)
{
	lane = (lane ^ word) * ODD_A;
	return lane << 29 | lane >> 35;
}

static inline uint64_t
finish(uint64_t h)
{
	h ^= h >> 32;
	h *= ODD_B;
	h ^= h >> 29;
	h *= ODD_A;
	return h ^ h >> 32;
}

void
sum_start(struct sum *s)
{
	for (unsigned i = 0; i < 4; i++)
		s->lane[i] = ODD_B * (i + 1);
	s->len = 0;
}

static const uint8_t *
blocks(struct sum *s, const uint8_t *p, size_t n)
{
	uint64_t a = s->lane[0], b = s->lane[1];
	uint64_t c = s->lane[2], d = s->lane[3];
	for (; n >= 32; n -= 32, p += 32) {
		a = mix(a, bits_load64(p));
		b = mix(b, bits_load64(p + 8));
		c = mix(c, bits_load64(p + 16));
		d = mix(d, bits_load64(p + 24));
	}
	s->lane[0] = a;
	s->lane[1] = b;
	s->lane[2] = c;
	s->lane[3] = d;
	return p;
}

void
sum_add(struct sum *s, const void *octets, size_t n)
{
	const uint8_t *p = octets, *end = p + n;
	size_t held = s->len % 32;
	if (n == 0)
		return;
	s->len += n;
	if (held > 0) {
		size_t more = 32 - held < n ? 32 - held : n;
		memcpy(s->tail + held, p, more);
		if (held + more < 32)
			return;
		blocks(s, s->tail, 32);
		p += more;
	}
	p = blocks(s, p, (size_t)(end - p));
	memcpy(s->tail, p, (size_t)(end - p));
}

uint64_t
sum_end(const struct sum *s)
{
	struct sum t = *s;
	size_t held = t.len % 32;
	memset(t.tail + held, 0, 32 - held);
	blocks(&t, t.tail, 32);
	uint64_t h = t.len * ODD_B;
	for (unsigned i = 0; i < 4; i++)
		h = finish(h ^ t.lane[i]);
	return h;
}

uint64_t
sum_of(const void *octets, size_t n)
{
	const uint8_t *p = octets;
	uint64_t h = n * ODD_B;
	uint8_t last[8] = { 0 };
	for (; n >= 8; n -= 8, p += 8)
		h = mix(h, bits_load64(p));
	memcpy(last, p, n);
	return finish(mix(h, bits_load64(last)));
}

/* buf.h - a bounded cursor over octets; the only way to read wire input.
 * Each take either yields a value and moves on, or fails and moves nothing;
 * each put either writes whole or fails. Integers are in network order. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t *octets;
	size_t at;	/* next octet to take or put */
	size_t limit;	/* octets that may be taken or put */
};

static inline struct buf
buf_of(void *octets, size_t limit)
{
	return (struct buf){ .octets = octets, .at = 0, .limit = limit };
}

/* For reading what is const: the caller never puts into it. */
static inline struct buf
buf_reading(const void *octets, size_t limit)
{
	return (struct buf){ .octets = (uint8_t *)(uintptr_t)octets,
		.at = 0, .limit = limit };
}

static inline size_t
buf_left(const struct buf *b)
{
	return b->limit - b->at;
}

static inline uint8_t *
buf_here(const struct buf *b)
{
	return b->octets + b->at;
}

static inline bool
buf_skip(struct buf *b, size_t n)
{
	if (buf_left(b) < n)
		return false;
	b->at += n;
	return true;
}

/* Yields a pointer into the buffer; nothing is copied. */
static inline bool
buf_take(struct buf *b, size_t n, const uint8_t **octets)
{
	if (buf_left(b) < n)
		return false;
	*octets = buf_here(b);
	b->at += n;
	return true;
}

static inline uint16_t
octets_u16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t
octets_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
octets_u64(const uint8_t *p)
{
	return (uint64_t)octets_u32(p) << 32 | octets_u32(p + 4);
}

static inline void
octets_set_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
octets_set_u32(uint8_t *p, uint32_t v)
{
	octets_set_u16(p, (uint16_t)(v >> 16));
	octets_set_u16(p + 2, (uint16_t)v);
}

static inline void
octets_set_u64(uint8_t *p, uint64_t v)
{
	octets_set_u32(p, (uint32_t)(v >> 32));
	octets_set_u32(p + 4, (uint32_t)v);
}

static inline bool
buf_take_u8(struct buf *b, uint8_t *v)
{
	if (buf_left(b) < 1)
		return false;
	*v = b->octets[b->at++];
	return true;
}

static inline bool
buf_take_u16(struct buf *b, uint16_t *v)
{
	if (buf_left(b) < 2)
		return false;
	*v = octets_u16(buf_here(b));
	b->at += 2;
	return true;
}

static inline bool
buf_take_u32(struct buf *b, uint32_t *v)
{
	if (buf_left(b) < 4)
		return false;
	*v = octets_u32(buf_here(b));
	b->at += 4;
	return true;
}

static inline bool
buf_take_u64(struct buf *b, uint64_t *v)
{
	if (buf_left(b) < 8)
		return false;
	*v = octets_u64(buf_here(b));
	b->at += 8;
	return true;
}

static inline bool
buf_put(struct buf *b, const void *octets, size_t n)
{
	if (buf_left(b) < n)
		return false;
	if (n > 0)
		memcpy(buf_here(b), octets, n);
	b->at += n;
	return true;
}

static inline bool
buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}

static inline bool
buf_put_u16(struct buf *b, uint16_t v)
{
	if (buf_left(b) < 2)
		return false;
	octets_set_u16(buf_here(b), v);
	b->at += 2;
	return true;
}

static inline bool
buf_put_u32(struct buf *b, uint32_t v)
{
	if (buf_left(b) < 4)
		return false;
	octets_set_u32(buf_here(b), v);
	b->at += 4;
	return true;
}

static inline bool
buf_put_u64(struct buf *b, uint64_t v)
{
	if (buf_left(b) < 8)
		return false;
	octets_set_u64(buf_here(b), v);
	b->at += 8;
	return true;
}

/* A growing run of octets on the heap; grows by doubling up to a limit that
 * the caller sets, so that no peer decides how much memory is used. */
struct octets {
	uint8_t *at;
	size_t len;
	size_t room;
	size_t limit;	/* 0: no limit but memory */
};

/* False when the limit or memory is reached; then nothing was added. */
bool octets_add(struct octets *o, const void *more, size_t n);
/* Makes room for n more and returns where they go (len is not moved), or
 * null. */
uint8_t *octets_reserve(struct octets *o, size_t n);
/* Frees and clears; null is accepted. */
void octets_free(struct octets *o);

/* name.c - domain names in wire format: order, parts, hash, wire and text.
 * Runs in: every role. Pure: no I/O, no allocation. Length octets are at most
 * 63 and thus below 'A': folding case may run over whole names. */
#include "dns/name.h"

#include <string.h>
#include <sys/random.h>

#include "dns/siphash.h"

#define ID4(n) (n), (n) + 1, (n) + 2, (n) + 3
#define ID8(n) ID4(n), ID4((n) + 4)
#define ID64(n) ID8(n), ID8((n) + 8), ID8((n) + 16), ID8((n) + 24), \
	ID8((n) + 32), ID8((n) + 40), ID8((n) + 48), ID8((n) + 56)
const uint8_t name_fold[256] = {
	ID64(0),
	'@', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
	'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
	0x5b, ID4(0x5c), ID8(0x60), ID8(0x68), ID8(0x70), ID8(0x78),
	ID64(128), ID64(192)
};

/* A hop that only goes backwards ends by itself; the bound keeps a message
 * made of pointers to pointers from costing more than its size. */
#define HOPS_MAX 127

static uint8_t hash_key[SIPHASH_KEY_OCTETS];

/* Before main, so that all forks share the key. */
__attribute__((constructor)) static void
hash_key_init(void)
{
	size_t have = 0;
	while (have < sizeof hash_key) {
		ssize_t n = getrandom(hash_key + have, sizeof hash_key - have,
		    0);
		if (n > 0)
			have += (size_t)n;
	}
}

size_t
name_len(const uint8_t *name)
{
	const uint8_t *p = name;
	while (*p != 0)
		p += *p + 1;
	return (size_t)(p - name) + 1;
}

unsigned
name_labels(const uint8_t *name)
{
	unsigned n = 0;
	for (; *name != 0; name += *name + 1)
		n++;
	return n;
}

bool
name_equal(const uint8_t *a, const uint8_t *b)
{
	if (name_identical(a, b))	/* most names come in one case */
		return true;
	for (;;) {
		unsigned n = *a;
		if (*b != n)
			return false;
		if (n == 0)
			return true;
		for (unsigned i = 1; i <= n; i++)
			if (name_fold[a[i]] != name_fold[b[i]])
				return false;
		a += n + 1;
		b += n + 1;
	}
}

bool
name_identical(const uint8_t *a, const uint8_t *b)
{
	for (;;) {
		unsigned n = *a;
		if (*b != n)
			return false;
		if (n == 0)
			return true;
		if (memcmp(a + 1, b + 1, n) != 0)
			return false;
		a += n + 1;
		b += n + 1;
	}
}

/* Where each label starts; returns how many there are. */
static inline unsigned
label_starts(const uint8_t *name, uint8_t at[NAME_MAX_LABELS])
{
	unsigned n = 0;
	for (unsigned i = 0; name[i] != 0; i += name[i] + 1u)
		at[n++] = (uint8_t)i;
	return n;
}

static inline int
label_compare(const uint8_t *a, const uint8_t *b)
{
	unsigned na = *a++, nb = *b++, n = na < nb ? na : nb;
	for (unsigned i = 0; i < n; i++)
		if (a[i] != b[i]) {
			int d = (int)name_fold[a[i]] - (int)name_fold[b[i]];
			if (d != 0)
				return d;
		}
	return (int)na - (int)nb;
}

int
name_compare(const uint8_t *a, const uint8_t *b)
{
	uint8_t at_a[NAME_MAX_LABELS], at_b[NAME_MAX_LABELS];
	unsigned na = label_starts(a, at_a), nb = label_starts(b, at_b);
	while (na > 0 && nb > 0) {
		int d = label_compare(a + at_a[--na], b + at_b[--nb]);
		if (d != 0)
			return d;
	}
	return (int)na - (int)nb;
}

unsigned
name_common_labels(const uint8_t *a, const uint8_t *b)
{
	uint8_t at_a[NAME_MAX_LABELS], at_b[NAME_MAX_LABELS];
	unsigned na = label_starts(a, at_a), nb = label_starts(b, at_b);
	unsigned common = 0;
	while (na > 0 && nb > 0 &&
	    label_compare(a + at_a[--na], b + at_b[--nb]) == 0)
		common++;
	return common;
}

bool
name_is_at_or_below(const uint8_t *name, const uint8_t *ancestor)
{
	size_t n = name_len(name), above = name_len(ancestor);
	while (n > above) {
		n -= *name + 1u;
		name += *name + 1u;
	}
	return n == above && name_equal(name, ancestor);
}

const uint8_t *
name_strip(const uint8_t *name, unsigned n)
{
	while (n-- > 0) {
		ASSERT(*name != 0);
		name += *name + 1;
	}
	return name;
}

bool
name_is_root(const uint8_t *name)
{
	return *name == 0;
}

bool
name_is_wildcard(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

bool
name_wildcard_of(const uint8_t *name, struct name *out)
{
	size_t len = name_len(name);
	if (len + 2 > NAME_MAX_OCTETS)
		return false;
	memmove(out->octets + 2, name, len);
	out->octets[0] = 1;
	out->octets[1] = '*';
	return true;
}

bool
name_join(const uint8_t *prefix, unsigned n, const uint8_t *suffix,
    struct name *out)
{
	size_t head = (size_t)(name_strip(prefix, n) - prefix);
	size_t len = name_len(suffix);
	if (head + len > NAME_MAX_OCTETS)
		return false;
	struct name joined;
	memcpy(joined.octets, prefix, head);
	memcpy(joined.octets + head, suffix, len);
	memcpy(out->octets, joined.octets, head + len);
	return true;
}

void
name_copy(struct name *to, const uint8_t *from)
{
	memmove(to->octets, from, name_len(from));
}

void
name_lower(uint8_t *name)
{
	size_t len = name_len(name);
	for (size_t i = 0; i < len; i++)
		name[i] = name_fold[name[i]];
}

uint64_t
name_hash(const uint8_t *name)
{
	uint8_t low[NAME_MAX_OCTETS];
	size_t len = name_len(name);
	for (size_t i = 0; i < len; i++)
		low[i] = name_fold[name[i]];
	return siphash_13(hash_key, low, len);
}

bool
name_from_wire(struct buf *b, struct name *out)
{
	size_t at = b->at, lowest = b->at, end = 0, len = 0;
	unsigned hops = 0;
	for (;;) {
		if (at >= b->limit)
			return false;
		unsigned n = b->octets[at];
		if (n >= 0xc0) {
			if (at + 1 >= b->limit || ++hops > HOPS_MAX)
				return false;
			if (end == 0)
				end = at + 2;
			at = (n & 0x3fu) << 8 | b->octets[at + 1];
			if (at >= lowest)
				return false;
			lowest = at;
			continue;
		}
		if (n > 63 || len + n + 1 > NAME_MAX_OCTETS ||
		    b->limit - at < n + 1)
			return false;
		memcpy(out->octets + len, b->octets + at, n + 1);
		len += n + 1;
		at += n + 1;
		if (n == 0)
			break;
	}
	b->at = end != 0 ? end : at;
	return true;
}

bool
name_take(struct buf *b, const uint8_t **name)
{
	const uint8_t *start = buf_here(b);
	size_t left = buf_left(b), len = 0;
	if (left > NAME_MAX_OCTETS)
		left = NAME_MAX_OCTETS;
	for (;;) {
		if (len >= left)
			return false;
		unsigned n = start[len];
		if (n > 63)
			return false;
		len += n + 1;
		if (n == 0)
			break;
	}
	*name = start;
	b->at += len;
	return true;
}

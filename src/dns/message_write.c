/* message_write.c - writing messages with name compression (RFC 1035 4.1.4).
 * Runs in: workers (answers, transfers out), xfrd (requests), store. Pure:
 * no I/O, no allocation.
 *
 * The table is a cache from the hash of each name written (and of each of its
 * suffixes) to its offset: sets of four. A full set gives up its newest entry:
 * what a zone repeats most, its apex and name servers, comes early and stays,
 * and the owner of the record just written is found again for the next one.
 * An entry that is missing costs octets, never correctness. */
#include "dns/message.h"

#include "base/bits.h"
#include "dns/rdata.h"

#define SLOTS 256
#define WAYS 4
#define POINTER_MAX 0x3fffu

void
msg_write(struct msg_writer *w, uint8_t *octets, size_t limit, uint16_t id,
    uint16_t flags)
{
	ASSERT(limit >= MSG_HEADER_OCTETS);
	w->octets = octets;
	w->len = MSG_HEADER_OCTETS;
	w->limit = limit;
	w->reserved = 0;
	memset(w->counts, 0, sizeof w->counts);
	w->table_used = 0;
	w->owner = 0;
	memset(w->table, 0, sizeof w->table);
	memset(octets, 0, MSG_HEADER_OCTETS);
	octets_set_u16(octets, id);
	octets_set_u16(octets + 2, flags);
}

static size_t
room_end(const struct msg_writer *w)
{
	return w->limit > w->reserved ? w->limit - w->reserved : 0;
}

/* Labels are short: calls of memcmp would cost more than they compare. */
static inline bool
same_octets(const uint8_t *a, const uint8_t *b, unsigned n)
{
	if (n >= 8) {
		for (unsigned i = 0; i + 8 < n; i += 8)
			if (bits_load64(a + i) != bits_load64(b + i))
				return false;
		return bits_load64(a + n - 8) == bits_load64(b + n - 8);
	}
	if (n >= 4)
		return bits_load32(a) == bits_load32(b) &&
		    bits_load32(a + n - 4) == bits_load32(b + n - 4);
	return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] &&
	    a[n - 1] == b[n - 1]);
}

/* Of a label's octets the first and the last eight count; what differs in its
 * middle alone meets in one set. */
static inline uint64_t
mix_label(uint64_t h, const uint8_t *label)
{
	unsigned n = *label++;
	uint64_t first, last;
	if (n >= 8) {
		first = bits_load64(label);
		last = bits_load64(label + n - 8);
	} else if (n >= 4) {
		first = bits_load32(label);
		last = bits_load32(label + n - 4);
	} else {
		first = label[0];
		last = (unsigned)label[n / 2] << 8 | label[n - 1];
	}
	h = (h ^ first) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ last ^ n) * UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* Where each label of a name starts, and the set of the suffix from there. */
struct suffixes {
	unsigned n;
	uint8_t at[NAME_MAX_LABELS];
	uint8_t set[NAME_MAX_LABELS];
};

/* From the last label to the first, so that each suffix is hashed by adding
 * one label to the next shorter one. Quality matters little: a collision
 * costs one comparison, and the table holds one message's names. Returns the
 * name's length. */
static size_t
suffixes_of(const uint8_t *name, struct suffixes *s)
{
	unsigned n = 0, i = 0;
	for (; name[i] != 0; i += name[i] + 1u)
		s->at[n++] = (uint8_t)i;
	s->n = n;
	uint64_t h = 0;
	while (n-- > 0) {
		h = mix_label(h, name + s->at[n]);
		s->set[n] = (uint8_t)(h & (SLOTS - WAYS));
	}
	return i + 1;
}

/* The name that stands at an offset of our own message, compared octet by
 * octet with an uncompressed one. */
static bool
stands_at(const uint8_t *octets, size_t at, const uint8_t *name)
{
	for (;;) {
		unsigned n = octets[at];
		if (n >= 0xc0) {
			at = (n & 0x3fu) << 8 | octets[at + 1];
			continue;
		}
		if (n != *name)
			return false;
		if (n == 0)
			return true;
		if (!same_octets(octets + at + 1, name + 1, n))
			return false;
		at += n + 1;
		name += n + 1;
	}
}

static unsigned
find_suffix(const struct msg_writer *w, const uint8_t *name, unsigned set)
{
	for (unsigned i = set; i < set + WAYS; i++)
		if (w->table[i] != 0 &&
		    stands_at(w->octets, w->table[i], name))
			return w->table[i];
	return 0;
}

static void
enter(struct msg_writer *w, unsigned set, uint16_t at)
{
	unsigned newest = set;
	for (unsigned i = set; i < set + WAYS; i++) {
		if (w->table[i] == 0) {
			w->table[i] = at;
			w->table_used++;
			return;
		}
		if (w->table[i] > w->table[newest])
			newest = i;
	}
	w->table[newest] = at;
}

/* Enters the first n suffixes of the name that was written at start. */
static void
enter_suffixes(struct msg_writer *w, const struct suffixes *s, unsigned n,
    size_t start)
{
	for (unsigned i = 0; i < n; i++) {
		size_t at = start + s->at[i];
		if (at > POINTER_MAX)
			return;
		enter(w, s->set[i], (uint16_t)at);
	}
}

/* Appends a name up to end. When a later part of the record does not fit, the
 * caller takes the octets back and has the table forget them. *len: of the
 * name as it was given; *found: where it can be pointed at, 0 if nowhere. */
static bool
put_name(struct msg_writer *w, const uint8_t *name, size_t end, size_t *len,
    uint16_t *found)
{
	struct suffixes s;
	unsigned i = 0, pointer = 0;
	*len = suffixes_of(name, &s);
	while (i < s.n && (pointer = find_suffix(w, name + s.at[i],
	    s.set[i])) == 0)
		i++;
	size_t literal = i < s.n ? s.at[i] : *len;
	size_t start = w->len, need = literal + (i < s.n ? 2 : 0);
	if (end < start || end - start < need)
		return false;
	memcpy(w->octets + start, name, literal);
	if (i < s.n)
		octets_set_u16(w->octets + start + literal,
		    (uint16_t)(0xc000u | pointer));
	w->len += need;
	enter_suffixes(w, &s, i, start);
	*found = (uint16_t)(i == 0 ? pointer : start);
	if (*found > POINTER_MAX)
		*found = 0;
	return true;
}

static bool
put_octets(struct msg_writer *w, const void *octets, size_t n, size_t end)
{
	if (end < w->len || end - w->len < n)
		return false;
	if (n > 0)
		memcpy(w->octets + w->len, octets, n);
	w->len += n;
	return true;
}

/* Empties the slots that point at or beyond len. */
static void
forget_from(struct msg_writer *w, size_t len)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (w->table[i] >= len) {
			w->table[i] = 0;
			w->table_used--;
		}
	if (w->owner >= len)
		w->owner = 0;
}

bool
msg_put_question(struct msg_writer *w, const uint8_t *qname, uint16_t qtype,
    uint16_t qclass)
{
	size_t start = w->len, end = room_end(w), len;
	uint8_t fixed[4];
	octets_set_u16(fixed, qtype);
	octets_set_u16(fixed + 2, qclass);
	if (!put_name(w, qname, end, &len, &w->owner) ||
	    !put_octets(w, fixed, sizeof fixed, end)) {
		w->len = start;
		forget_from(w, start);
		return false;
	}
	w->counts[0]++;
	return true;
}

static bool
put_rdata(struct msg_writer *w, const struct rr *rr, size_t end)
{
	uint16_t at[4], found;
	unsigned n = rdata_compressible_names(rr->type, rr->rdata,
	    rr->rdata_len, at);
	size_t done = 0, len;
	for (unsigned i = 0; i < n; i++) {
		if (!put_octets(w, rr->rdata + done, at[i] - done, end) ||
		    !put_name(w, rr->rdata + at[i], end, &len, &found))
			return false;
		done = at[i] + len;
	}
	return put_octets(w, rr->rdata + done, rr->rdata_len - done, end);
}

/* Most records have the owner of the one before, or that of the question. */
static bool
put_owner(struct msg_writer *w, const uint8_t *name, size_t end)
{
	uint8_t pointer[2];
	size_t len;
	if (w->owner == 0 || *name == 0 ||
	    !stands_at(w->octets, w->owner, name))
		return put_name(w, name, end, &len, &w->owner);
	octets_set_u16(pointer, (uint16_t)(0xc000u | w->owner));
	return put_octets(w, pointer, sizeof pointer, end);
}

static bool
put_rr(struct msg_writer *w, const struct rr *rr, size_t end)
{
	uint8_t fixed[RR_FIXED_OCTETS];
	if (!put_owner(w, rr->owner, end))
		return false;
	octets_set_u16(fixed, rr->type);
	octets_set_u16(fixed + 2, rr->class);
	octets_set_u32(fixed + 4, rr->ttl);
	octets_set_u16(fixed + 8, rr->rdata_len);
	if (!put_octets(w, fixed, sizeof fixed, end))
		return false;
	size_t rdata_start = w->len;
	if (!put_rdata(w, rr, end))
		return false;
	octets_set_u16(w->octets + rdata_start - 2,
	    (uint16_t)(w->len - rdata_start));
	return true;
}

bool
msg_put_rr(struct msg_writer *w, enum section section, const struct rr *rr)
{
	size_t start = w->len;
	uint16_t *count = &w->counts[1 + section];
	if (*count == UINT16_MAX)
		return false;
	if (!put_rr(w, rr, room_end(w))) {
		w->len = start;
		forget_from(w, start);
		return false;
	}
	(*count)++;
	return true;
}

struct msg_mark
msg_mark(const struct msg_writer *w)
{
	struct msg_mark mark = { .len = w->len };
	memcpy(mark.counts, w->counts, sizeof mark.counts);
	return mark;
}

void
msg_rollback(struct msg_writer *w, const struct msg_mark *mark)
{
	ASSERT(mark->len <= w->len);
	w->len = mark->len;
	memcpy(w->counts, mark->counts, sizeof w->counts);
	forget_from(w, mark->len);
}

void
msg_finish(struct msg_writer *w)
{
	for (unsigned i = 0; i < 4; i++)
		octets_set_u16(w->octets + 4 + 2 * i, w->counts[i]);
}

void
msg_set_flags(struct msg_writer *w, uint16_t flags)
{
	octets_set_u16(w->octets + 2, flags);
}

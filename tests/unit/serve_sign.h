/* serve_sign.h - zones of a few lines, signed without cryptography: signatures
 * of four octets, but complete chains of NSEC or NSEC3. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "dns/rr.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "dns/nsec3_hash.h"

#define KIT_RECORDS 4096
#define KIT_NAMES 1024

enum kit_sign { KIT_UNSIGNED, KIT_NSEC, KIT_NSEC3, KIT_OPT_OUT };

/* How NSEC3 is done, and whose hashes were used: to name them in answers. */
struct kit_known {
	uint16_t iterations;
	unsigned count;
	struct kit_hash {
		struct name name;
		char text[33];
	} at[KIT_NAMES];
};

/* ---- records ---- */

struct kit_records {
	struct octets octets;
	struct rr at[KIT_RECORDS];
	unsigned n;
};

static inline struct name
kit_name(const char *text)
{
	struct name n;
	assert_true(name_from_text(text, &n));
	return n;
}

static inline int
kit_compare_rr(const void *a, const void *b)
{
	const struct rr *x = a, *y = b;
	int c = name_compare(x->owner, y->owner);
	if (c != 0)
		return c;
	/* The SOA first: the apex is the lowest name of a zone. */
	if ((x->type == TYPE_SOA) != (y->type == TYPE_SOA))
		return x->type == TYPE_SOA ? -1 : 1;
	return (int)x->type - (int)y->type;
}

static inline void
kit_index(struct kit_records *r)
{
	struct buf b = buf_reading(r->octets.at, r->octets.len);
	r->n = 0;
	while (buf_left(&b) > 0) {
		assert_true(r->n < KIT_RECORDS);
		assert_true(rr_take(&b, &r->at[r->n++]));
	}
	qsort(r->at, r->n, sizeof(r->at[0]), kit_compare_rr);
}

static inline void
kit_add_rr(struct octets *to, const uint8_t *owner, uint16_t type,
    uint32_t ttl, const uint8_t *rdata, size_t len)
{
	struct rr rr = { .owner = owner, .type = type, .class = CLASS_IN,
		.ttl = ttl, .rdata = rdata, .rdata_len = (uint16_t)len };
	assert_true(rr_add(to, &rr));
}

/* Lines of presentation format, absolute names, each ended by a newline. */
static inline void
kit_lines(struct octets *to, const char *lines, const uint8_t *apex)
{
	char line[70000];
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		assert_true(n < sizeof(line));
		memcpy(line, lines, n);
		line[n] = '\0';
		if (n > 0 && text_rr_from_line(line, apex, to) != OK)
			fail_msg("cannot read: %.200s", line);
		lines += n + (lines[n] == '\n');
	}
}

/* ---- a signer without cryptography ---- */

static inline bool
kit_has(const struct kit_records *r, const uint8_t *owner, uint16_t type)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->at[i].type == type &&
		    name_equal(r->at[i].owner, owner))
			return true;
	return false;
}

/* Below a cut or a DNAME. */
static inline bool
kit_is_occluded(const struct kit_records *r, const uint8_t *apex,
    const uint8_t *name)
{
	for (unsigned i = 1; i < name_labels(name); i++) {
		const uint8_t *up = name_strip(name, i);
		if (name_equal(up, apex))
			return kit_has(r, up, TYPE_DNAME);
		if (kit_has(r, up, TYPE_NS) || kit_has(r, up, TYPE_DNAME))
			return true;
	}
	return false;
}

static inline bool
kit_is_cut(const struct kit_records *r, const uint8_t *apex,
    const uint8_t *name)
{
	return !name_equal(apex, name) && kit_has(r, name, TYPE_NS);
}

static inline void
kit_add_sig(struct octets *to, const uint8_t *apex, const uint8_t *owner,
    uint16_t covered, uint32_t ttl)
{
	uint8_t rdata[18 + 255 + 4];
	unsigned labels = name_labels(owner);
	if (name_is_wildcard(owner))
		labels--;
	octets_set_u16(rdata, covered);
	rdata[2] = 8;
	rdata[3] = (uint8_t)labels;
	octets_set_u32(rdata + 4, ttl);
	octets_set_u32(rdata + 8, 2000000000);
	octets_set_u32(rdata + 12, 1000000000);
	octets_set_u16(rdata + 16, 1);
	memcpy(rdata + 18, apex, name_len(apex));
	memcpy(rdata + 18 + name_len(apex), "sign", 4);
	kit_add_rr(to, owner, TYPE_RRSIG, ttl, rdata,
	    18 + name_len(apex) + 4);
}

/* Types of the owner below 256 as one window (RFC 4034 4.1.2). */
static inline size_t
kit_bitmap(const struct kit_records *r, const uint8_t *owner, bool is_cut,
    const uint16_t *more, unsigned more_n, uint8_t *to)
{
	uint8_t bits[32] = { 0 };
	size_t len = 0;
	for (unsigned i = 0; i < r->n; i++) {
		uint16_t t = r->at[i].type;
		if (!name_equal(r->at[i].owner, owner) || t > 255 ||
		    (is_cut && t != TYPE_NS && t != TYPE_DS))
			continue;
		bits[t / 8] |= (uint8_t)(0x80 >> t % 8);
	}
	for (unsigned i = 0; i < more_n; i++)
		bits[more[i] / 8] |= (uint8_t)(0x80 >> more[i] % 8);
	for (unsigned i = 0; i < 32; i++)
		if (bits[i] != 0)
			len = i + 1;
	if (len == 0)
		return 0;
	to[0] = 0;
	to[1] = (uint8_t)len;
	memcpy(to + 2, bits, len);
	return 2 + len;
}

static inline void
kit_sign_rrsets(const struct kit_records *r, const uint8_t *apex,
    struct octets *to)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct rr *rr = &r->at[i];
		if (i > 0 && rr->type == r->at[i - 1].type &&
		    name_equal(rr->owner, r->at[i - 1].owner))
			continue;
		if (kit_is_occluded(r, apex, rr->owner) ||
		    (kit_is_cut(r, apex, rr->owner) && rr->type != TYPE_DS))
			continue;
		kit_add_sig(to, apex, rr->owner, rr->type, rr->ttl);
	}
}

/* Owners in order, each once, none occluded. */
static inline unsigned
kit_owners(const struct kit_records *r, const uint8_t *apex,
    const uint8_t **owners)
{
	unsigned n = 0;
	for (unsigned i = 0; i < r->n; i++) {
		if (n > 0 && name_equal(owners[n - 1], r->at[i].owner))
			continue;
		if (!kit_is_occluded(r, apex, r->at[i].owner))
			owners[n++] = r->at[i].owner;
	}
	return n;
}

static inline void
kit_chain_nsec(const struct kit_records *r, const uint8_t *apex,
    struct octets *to)
{
	static const uint16_t more[] = { TYPE_RRSIG, TYPE_NSEC };
	const uint8_t *owners[KIT_NAMES];
	unsigned n = kit_owners(r, apex, owners);
	for (unsigned i = 0; i < n; i++) {
		uint8_t rdata[512];
		const uint8_t *next = owners[(i + 1) % n];
		size_t len = name_len(next);
		memcpy(rdata, next, len);
		len += kit_bitmap(r, owners[i], kit_is_cut(r, apex,
		    owners[i]), more, 2, rdata + len);
		kit_add_rr(to, owners[i], TYPE_NSEC, 100, rdata, len);
		kit_add_sig(to, apex, owners[i], TYPE_NSEC, 100);
	}
}

static inline void
kit_base32(const uint8_t hash[20], char text[33])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	for (unsigned i = 0; i < 32; i++) {
		unsigned bit = i * 5, v = (unsigned)hash[bit / 8] << 8;
		if (bit / 8 + 1 < 20)
			v |= hash[bit / 8 + 1];
		text[i] = digits[(v >> (11 - bit % 8)) & 31];
	}
	text[32] = '\0';
}

struct kit_hashed {
	uint8_t hash[20];
	const uint8_t *owner;
};

static inline int
kit_compare_hashed(const void *a, const void *b)
{
	return memcmp(((const struct kit_hashed *)a)->hash,
	    ((const struct kit_hashed *)b)->hash, 20);
}

static inline void
kit_hash_add(struct kit_known *k, const struct nsec3_params *p,
    struct kit_hashed *h, unsigned *n, const uint8_t *owner)
{
	for (unsigned i = 0; i < *n; i++)
		if (name_equal(h[i].owner, owner))
			return;
	h[*n].owner = owner;
	nsec3_hash(p, owner, h[*n].hash);
	assert_true(k->count < KIT_NAMES);
	struct kit_hash *hash = &k->at[k->count++];
	name_copy(&hash->name, owner);
	kit_base32(h[(*n)++].hash, hash->text);
}

static inline void
kit_chain_nsec3(struct kit_known *k, const struct kit_records *r,
    const uint8_t *apex, bool opt_out, struct octets *to)
{
	static struct kit_hashed h[KIT_NAMES];
	static const uint16_t more[] = { TYPE_RRSIG };
	static const uint8_t salt[4] = { 0xaa, 0xbb, 0xcc, 0xdd };
	struct nsec3_params p = { .algorithm = 1,
		.iterations = k->iterations, .salt_len = 4, .salt = salt };
	const uint8_t *owners[KIT_NAMES];
	unsigned n = kit_owners(r, apex, owners), hashed = 0;
	for (unsigned i = 0; i < n; i++) {
		if (opt_out && kit_is_cut(r, apex, owners[i]) &&
		    !kit_has(r, owners[i], TYPE_DS))
			continue;
		for (unsigned up = 0; up <= name_labels(owners[i]) -
		    name_labels(apex); up++)
			kit_hash_add(k, &p, h, &hashed,
			    name_strip(owners[i], up));
	}
	qsort(h, hashed, sizeof(h[0]), kit_compare_hashed);
	uint8_t rdata[512] = { 1, 0, (uint8_t)(k->iterations >> 8),
		(uint8_t)k->iterations, 4 };
	memcpy(rdata + 5, salt, 4);
	kit_add_rr(to, apex, TYPE_NSEC3PARAM, 0, rdata, 9);
	kit_add_sig(to, apex, apex, TYPE_NSEC3PARAM, 0);
	rdata[1] = opt_out ? 1 : 0;
	for (unsigned i = 0; i < hashed; i++) {
		char label[33];
		struct name owner;
		rdata[9] = 20;
		memcpy(rdata + 10, h[(i + 1) % hashed].hash, 20);
		size_t len = 30 + kit_bitmap(r, h[i].owner, kit_is_cut(r,
		    apex, h[i].owner), more, kit_is_cut(r, apex, h[i].owner)
		    && !kit_has(r, h[i].owner, TYPE_DS) ? 0 : 1, rdata + 30);
		kit_base32(h[i].hash, label);
		owner.octets[0] = 32;
		memcpy(owner.octets + 1, label, 32);
		memcpy(owner.octets + 33, apex, name_len(apex));
		kit_add_rr(to, owner.octets, TYPE_NSEC3, 100, rdata, len);
		kit_add_sig(to, apex, owner.octets, TYPE_NSEC3, 100);
	}
}

static inline void
kit_sort_octets(struct octets *o)
{
	static struct kit_records r;
	struct octets sorted = { 0 };
	r.octets = *o;
	kit_index(&r);
	for (unsigned i = 0; i < r.n; i++)
		if (r.at[i].type == TYPE_SOA)
			assert_true(rr_add(&sorted, &r.at[i]));
	for (unsigned i = 0; i < r.n; i++)
		if (r.at[i].type != TYPE_SOA)
			assert_true(rr_add(&sorted, &r.at[i]));
	octets_free(o);
	*o = sorted;
}

/* Zone octets of these lines, signed as told. */
static inline void
kit_zone_octets(struct kit_known *k, const uint8_t *apex, const char *lines,
    enum kit_sign sign, struct octets *to)
{
	static struct kit_records r;
	memset(&r, 0, sizeof(r));
	kit_lines(&r.octets, lines, apex);
	if (sign != KIT_UNSIGNED)
		kit_add_rr(&r.octets, apex, TYPE_DNSKEY, 300,
		    (const uint8_t *)"\1\1\3\10\3\1\0\1", 8);
	kit_index(&r);
	assert_true(octets_add(to, r.octets.at, r.octets.len));
	if (sign != KIT_UNSIGNED)
		kit_sign_rrsets(&r, apex, to);
	if (sign == KIT_NSEC)
		kit_chain_nsec(&r, apex, to);
	if (sign == KIT_NSEC3 || sign == KIT_OPT_OUT)
		kit_chain_nsec3(k, &r, apex, sign == KIT_OPT_OUT, to);
	octets_free(&r.octets);
	kit_sort_octets(to);
}

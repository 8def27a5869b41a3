/* serve_kit.h - small zones, queries and readable answers for the tests of
 * src/serve. The zones are signed with signatures of four octets: what counts
 * here is which records an answer carries. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/sock.h"
#include "conf/conf.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "serve/nsec3_hash.h"
#include "serve/query.h"
#include "serve/serve.h"
#include "serve/xfr_out.h"
#include "zone/zonedb.h"

#define KIT_ZONES 8
#define KIT_RECORDS 4096
#define KIT_NAMES 512

enum kit_sign { KIT_UNSIGNED, KIT_NSEC, KIT_NSEC3, KIT_OPT_OUT };

struct kit {
	struct zonedb *db;
	struct conf_zone conf[KIT_ZONES];
	const struct conf_zone *conf_at[KIT_ZONES];
	struct serve_zone_state states[KIT_ZONES];
	struct name apexes[KIT_ZONES];
	uint64_t counters[SERVE_COUNTERS];
	struct serve serve;
	struct query query;
	uint8_t question[65535];
	uint8_t answer[65535];
	uint16_t iterations;
	const char *peer;	/* null: somebody */
	struct acl acl[KIT_ZONES];
	/* NSEC3 owners of the zones, by hash, to name them in answers. */
	struct kit_hash {
		struct name name;
		char text[33];
	} hashes[KIT_NAMES];
	unsigned hash_count;
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
kit_hash_add(struct kit *k, const struct nsec3_params *p,
    struct kit_hashed *h, unsigned *n, const uint8_t *owner)
{
	for (unsigned i = 0; i < *n; i++)
		if (name_equal(h[i].owner, owner))
			return;
	h[*n].owner = owner;
	assert_true(nsec3_hash(p, owner, h[*n].hash));
	assert_true(k->hash_count < KIT_NAMES);
	struct kit_hash *known = &k->hashes[k->hash_count++];
	name_copy(&known->name, owner);
	kit_base32(h[(*n)++].hash, known->text);
}

static inline void
kit_chain_nsec3(struct kit *k, const struct kit_records *r,
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
kit_zone_octets(struct kit *k, const uint8_t *apex, const char *lines,
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

/* ---- the server ---- */

static inline struct kit *
kit_create(void)
{
	static const uint8_t key[16] = "a key for tests";
	struct kit *k = calloc(1, sizeof(*k));
	assert_non_null(k);
	assert_int_equal(zonedb_create(key, (size_t)1 << 30, &k->db), OK);
	k->serve = (struct serve){ .db = k->db, .zones = k->conf_at,
		.states = k->states, .zone_limit = KIT_ZONES,
		.counters = k->counters, .udp_octets_v4 = 1232,
		.udp_octets_v6 = 1232 };
	strcpy(k->serve.identity, "here");
	strcpy(k->serve.version, "nsd-verify 1");
	memcpy(k->serve.nsid, "nsid", 4);
	k->serve.nsid_len = 4;
	k->iterations = 2;
	return k;
}

/* A configured zone without content. */
static inline void
kit_add_empty(struct kit *k, uint32_t id, const char *apex)
{
	k->apexes[id] = kit_name(apex);
	k->conf[id].apex = k->apexes[id].octets;
	k->conf[id].name = apex;
	k->conf_at[id] = &k->conf[id];
	assert_int_equal(zonedb_add(k->db, id, k->apexes[id].octets), OK);
	zonedb_set_history(k->db, id, true, 100, 1 << 20);
}

/* Zone octets become the zone's content. */
static inline void
kit_commit(struct kit *k, uint32_t id, const struct octets *o)
{
	struct zone_version *v;
	struct zone_trouble t;
	uint64_t dropped = 0;
	memset(&t, 0, sizeof(t));
	if (zonedb_build(k->db, id, o->at, o->len, &v, &dropped, &t) != OK)
		fail_msg("zone does not build: %s", t.what);
	assert_int_equal(dropped, 0);
	zonedb_commit(k->db, id, v, NULL, 0, HISTORY_CLEAR);
}

static inline void
kit_load(struct kit *k, uint32_t id, const char *lines, enum kit_sign sign)
{
	struct octets o = { 0 };
	kit_zone_octets(k, k->apexes[id].octets, lines, sign, &o);
	kit_commit(k, id, &o);
	octets_free(&o);
}

static inline void
kit_add(struct kit *k, uint32_t id, const char *apex, const char *lines,
    enum kit_sign sign)
{
	kit_add_empty(k, id, apex);
	kit_load(k, id, lines, sign);
}

/* A delta as lines: old SOA, deleted, new SOA, added. */
static inline void
kit_patch(struct kit *k, uint32_t id, const char *lines)
{
	struct octets o = { 0 };
	struct zone_version *v;
	struct zone_trouble t;
	memset(&t, 0, sizeof(t));
	kit_lines(&o, lines, k->apexes[id].octets);
	if (zonedb_patch(k->db, id, o.at, o.len, &v, &t) != OK)
		fail_msg("delta does not apply: %s", t.what);
	zonedb_commit(k->db, id, v, o.at, o.len, HISTORY_KEEP);
	octets_free(&o);
}

static inline void
kit_destroy(struct kit **k)
{
	zonedb_destroy(&(*k)->db);
	free(*k);
	*k = NULL;
}

/* One element for one host. */
static inline struct acl_list
kit_acl(struct kit *k, uint32_t id, const char *host,
    enum acl_signer signer)
{
	struct acl *a = &k->acl[id];
	memset(a, 0, sizeof(*a));
	assert_true(addr_parse(host, 0, &a->addr));
	a->text = host;
	a->range = ACL_SINGLE;
	a->signer = signer;
	a->key_name = signer == ACL_BLOCKED ? "BLOCKED" : "NOKEY";
	return (struct acl_list){ a, 1 };
}

/* ---- queries ---- */

enum kit_flag {
	KIT_EDNS = 1, KIT_DO = 2, KIT_TCP = 4, KIT_WANT_NSID = 8,
	KIT_WANT_EXPIRE = 16, KIT_VERSION_1 = 32, KIT_RD = 64,
	KIT_SMALL = 128, KIT_NOTIFY = 256, KIT_CH = 512, KIT_V6 = 1024,
	KIT_SERIAL = 2048, KIT_LARGE = 4096
};

static inline void
kit_put_opt(struct msg_writer *w, unsigned flags)
{
	uint8_t options[64];
	struct buf b = buf_of(options, sizeof(options));
	uint16_t octets = flags & KIT_SMALL ? 512 :
	    flags & KIT_LARGE ? 65535 : 1232;
	if (flags & KIT_WANT_NSID)
		assert_true(edns_option_put(&b, EDNS_NSID, "", 0));
	if (flags & KIT_WANT_EXPIRE)
		assert_true(edns_option_put(&b, EDNS_EXPIRE, "", 0));
	assert_true(edns_put(w, octets, 0, (flags & KIT_DO) != 0, options,
	    (uint16_t)b.at));
	if (flags & KIT_VERSION_1)
		w->octets[w->len - 2 - b.at - 3] = 1;
}

/* Writes a question into octets; returns its length. */
static inline size_t
kit_question(uint8_t *octets, const char *qname, uint16_t qtype,
    unsigned flags, uint32_t serial)
{
	struct msg_writer w;
	struct name n = kit_name(qname);
	uint16_t opcode = flags & KIT_NOTIFY ? OPCODE_NOTIFY << 11 : 0;
	msg_write(&w, octets, 4096, 0x1234, (uint16_t)(opcode |
	    (flags & KIT_RD ? MSG_RD : 0)));
	assert_true(msg_put_question(&w, n.octets, qtype,
	    flags & KIT_CH ? CLASS_CH : CLASS_IN));
	if (flags & KIT_SERIAL) {
		uint8_t rdata[22] = { 0 };
		octets_set_u32(rdata + 2, serial);
		struct rr soa = { .owner = n.octets, .type = TYPE_SOA,
			.class = CLASS_IN, .rdata = rdata, .rdata_len = 22 };
		assert_true(msg_put_rr(&w, flags & KIT_NOTIFY ?
		    SECTION_ANSWER : SECTION_AUTHORITY, &soa));
	}
	if (flags & (KIT_EDNS | KIT_DO | KIT_WANT_NSID | KIT_WANT_EXPIRE |
	    KIT_VERSION_1))
		kit_put_opt(&w, flags);
	msg_finish(&w);
	return w.len;
}

static inline enum query_act
kit_run(struct kit *k, size_t len, unsigned flags)
{
	struct query *q = &k->query;
	q->octets = k->question;
	q->len = len;
	assert_true(addr_parse(k->peer != NULL ? k->peer : flags & KIT_V6 ?
	    "2001:db8::99" : "192.0.2.99", 5353, &q->peer));
	q->transport = flags & KIT_TCP ? SERVE_TCP : SERVE_UDP;
	q->now_s = 1500000000;
	q->answer = k->answer;
	q->room = flags & KIT_TCP ? sizeof(k->answer) : 1232;
	return query_answer(&k->serve, q);
}

/* ---- answers as text ---- */

static inline void
kit_add_text(struct octets *o, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof(text));
	assert_true(octets_add(o, text, (size_t)n));
}

/* "H(name)" for the owner of an NSEC3 record. */
static inline const char *
kit_owner_text(const struct kit *k, const struct rr *rr,
    char text[NAME_TEXT_MAX + 8])
{
	char plain[NAME_TEXT_MAX];
	if (rr->owner[0] == 32)
		for (unsigned i = 0; i < k->hash_count; i++)
			if (strncasecmp((const char *)rr->owner + 1,
			    k->hashes[i].text, 32) == 0) {
				snprintf(text, NAME_TEXT_MAX + 8, "H(%s)",
				    name_text(k->hashes[i].name.octets,
				    plain));
				return text;
			}
	return name_text(rr->owner, text);
}

static inline void
kit_rr_text(const struct kit *k, struct octets *o, const char *section,
    const struct rr *rr)
{
	char owner[NAME_TEXT_MAX + 8], mnemonic[16], covered[16];
	struct octets line = { 0 };
	if (rr->type == TYPE_OPT)
		return;
	kit_add_text(o, "%s %s %u ", section, kit_owner_text(k, rr, owner),
	    rr->ttl);
	if (rr->type == TYPE_RRSIG) {
		kit_add_text(o, "RRSIG %s\n", rrtype_text(
		    octets_u16(rr->rdata), covered));
		return;
	}
	if (rr->type == TYPE_NSEC || rr->type == TYPE_NSEC3) {
		kit_add_text(o, "%s\n", rrtype_text(rr->type, mnemonic));
		return;
	}
	assert_true(text_put_rr(&line, rr));
	/* OWNER TTL CLASS TYPE RDATA: from the type on. */
	char *at = (char *)line.at;
	assert_true(octets_add(&line, "", 1));
	at = (char *)line.at;
	for (unsigned i = 0; i < 3; i++) {
		at += strcspn(at, " \t");
		at += strspn(at, " \t");
	}
	for (char *c = at; *c != '\0'; c++)
		if (*c == '\t')
			*c = ' ';
	kit_add_text(o, "%s\n", at);
	octets_free(&line);
}

static inline void
kit_head_text(struct octets *o, const struct msg_reader *m,
    const struct rr *opt)
{
	char text[16];
	unsigned rcode = MSG_RCODE(m->flags);
	if (opt != NULL)
		rcode |= (opt->ttl >> 24) << 4;
	kit_add_text(o, "%s%s%s%s\n", rcode_text(rcode, text),
	    m->flags & MSG_AA ? " aa" : "", m->flags & MSG_TC ? " tc" : "",
	    opt != NULL ? " edns" : "");
}

static inline void
kit_options_text(struct octets *o, const struct rr *opt)
{
	struct buf b = buf_reading(opt->rdata, opt->rdata_len);
	uint16_t code, len;
	const uint8_t *data;
	while (buf_left(&b) > 0) {
		assert_true(buf_take_u16(&b, &code));
		assert_true(buf_take_u16(&b, &len));
		assert_true(buf_take(&b, len, &data));
		if (code == EDNS_EXPIRE)
			kit_add_text(o, "expire %u\n", octets_u32(data));
		else if (code == EDNS_EDE)
			kit_add_text(o, "ede %u%s%.*s\n", octets_u16(data),
			    len > 2 ? " " : "", len - 2, data + 2);
		else
			kit_add_text(o, "option %u %.*s\n", code, len, data);
	}
}

/* Head line, options, then AN, AU, AD lines. Caller frees. */
static inline char *
kit_answer_text(const struct kit *k, const uint8_t *octets, size_t len)
{
	static const char *const names[] = { "AN", "AU", "AD" };
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	struct octets head = { 0 }, body = { 0 };
	enum section section;
	struct rr rr;
	enum err e;
	bool has_opt = false;
	assert_int_equal(msg_read(&m, octets, len, scratch), OK);
	uint16_t flags = m.flags;
	assert_true((flags & MSG_QR) != 0);
	while ((e = msg_take_rr(&m, &section, &rr)) == OK) {
		if (rr.type == TYPE_OPT) {
			kit_head_text(&head, &m, &rr);
			kit_options_text(&head, &rr);
			has_opt = true;
		}
		kit_rr_text(k, &body, names[section], &rr);
	}
	assert_int_equal(e, ERR_NOT_FOUND);
	if (!has_opt)
		kit_head_text(&head, &m, NULL);
	if (body.len > 0)
		assert_true(octets_add(&head, body.at, body.len));
	assert_true(octets_add(&head, "", 1));
	octets_free(&body);
	return (char *)head.at;
}

/* Asks and gives the answer as text ("drop\n", "transfer\n"). */
static inline char *
kit_ask_serial(struct kit *k, const char *qname, const char *qtype,
    unsigned flags, uint32_t serial)
{
	uint16_t type;
	if (strcmp(qtype, "IXFR") == 0)
		type = TYPE_IXFR;
	else if (strcmp(qtype, "AXFR") == 0)
		type = TYPE_AXFR;
	else if (strcmp(qtype, "ANY") == 0)
		type = TYPE_ANY;
	else
		assert_true(rrtype_from_text(qtype, &type));
	size_t len = kit_question(k->question, qname, type, flags, serial);
	switch (kit_run(k, len, flags)) {
	case QUERY_DROP:
		return strdup("drop\n");
	case QUERY_TRANSFER:
		return strdup("transfer\n");
	case QUERY_ANSWER:
		break;
	}
	assert_int_equal(octets_u16(k->answer), 0x1234);
	return kit_answer_text(k, k->answer, k->query.answer_len);
}

static inline char *
kit_ask(struct kit *k, const char *qname, const char *qtype, unsigned flags)
{
	return kit_ask_serial(k, qname, qtype, flags, 0);
}

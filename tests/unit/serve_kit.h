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

#include "base/sock.h"
#include "conf/conf.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "serve/query.h"
#include "serve/serve.h"
#include "serve/xfr_out.h"
#include "serve_sign.h"
#include "zone/zonedb.h"

#define KIT_ZONES 32

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
	const char *peer;	/* null: somebody */
	struct acl acl[KIT_ZONES];
	struct kit_known known;
};

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
	k->known.iterations = 2;
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
	zonedb_set_history(k->db, id, true, 100, 1 << 26);
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
	kit_zone_octets(&k->known, k->apexes[id].octets, lines, sign, &o);
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

/* A delta: old SOA, deleted, new SOA, added. */
static inline void
kit_patch_octets(struct kit *k, uint32_t id, const struct octets *o)
{
	struct zone_version *v;
	struct zone_trouble t;
	memset(&t, 0, sizeof(t));
	if (zonedb_patch(k->db, id, o->at, o->len, &v, &t) != OK)
		fail_msg("delta does not apply: %s", t.what);
	zonedb_commit(k->db, id, v, o->at, o->len, HISTORY_KEEP);
}

static inline void
kit_patch(struct kit *k, uint32_t id, const char *lines)
{
	struct octets o = { 0 };
	kit_lines(&o, lines, k->apexes[id].octets);
	kit_patch_octets(k, id, &o);
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
		for (unsigned i = 0; i < k->known.count; i++)
			if (strncasecmp((const char *)rr->owner + 1,
			    k->known.at[i].text, 32) == 0) {
				snprintf(text, NAME_TEXT_MAX + 8, "H(%s)",
				    name_text(k->known.at[i].name.octets,
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
	uint16_t code = 0, len = 0;
	const uint8_t *data = NULL;
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

/* message.h - DNS messages: reading, writing with name compression.
 * RFC 1035 4, RFC 3597 4, RFC 6891. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "dns/name.h"
#include "dns/rr.h"

#define MSG_HEADER_OCTETS 12
#define MSG_MAX_OCTETS 65535

#define MSG_QR 0x8000u
#define MSG_AA 0x0400u
#define MSG_TC 0x0200u
#define MSG_RD 0x0100u
#define MSG_RA 0x0080u
#define MSG_AD 0x0020u
#define MSG_CD 0x0010u
#define MSG_OPCODE(flags) (((flags) >> 11) & 15u)
#define MSG_RCODE(flags) ((flags) & 15u)

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

/* A message being read. rr.owner and rr.rdata of the last record taken point
 * into scratch or the message and stay valid until the next take (rdata of a
 * type without compressed names, such as OPT: as long as the message). */
struct msg_reader {
	struct buf b;		/* b.octets: start of the message */
	uint16_t id, flags;
	uint16_t qdcount;
	uint16_t counts[3];	/* records left to take, by enum section */
	struct name qname;	/* when has_question */
	uint16_t qtype, qclass;
	bool has_question;
	size_t question_end;	/* offset after the question section */
	size_t rr_start;	/* offset of the last record taken */
	struct name owner;	/* scratch */
	uint8_t *scratch;	/* rdata, MSG_MAX_OCTETS; given by the caller */
};

/* Header and question (QDCOUNT 0 or 1; more: ERR_PEER_FORMAT). id and flags
 * are valid whenever 12 octets were there, also on error. scratch: room for
 * MSG_MAX_OCTETS that decompressed rdata is put into. */
MUST_CHECK enum err msg_read(struct msg_reader *m, const void *octets,
    size_t len, uint8_t *scratch);
/* The next record, section by section; ERR_NOT_FOUND after the last one of
 * the message (octets behind it: ERR_PEER_FORMAT). OPT and TSIG come as any
 * other. */
MUST_CHECK enum err msg_take_rr(struct msg_reader *m, enum section *section,
    struct rr *rr);

/* A message being written. Names are compressed against what stands in the
 * message; owner case is kept (a pointer is used only where the octets are
 * identical, case included). */
struct msg_writer {
	uint8_t *octets;
	size_t len;
	size_t limit;		/* no record is put beyond this */
	size_t reserved;	/* kept free at the end for OPT and TSIG */
	uint16_t counts[4];	/* qd an ns ar */
	uint16_t owner;		/* offset of the last record's, 0 none */
	unsigned table_used;
	uint16_t table[256];	/* offsets of names by hash, 0 empty */
};

/* limit at least 12. */
void msg_write(struct msg_writer *w, uint8_t *octets, size_t limit,
    uint16_t id, uint16_t flags);
MUST_CHECK bool msg_put_question(struct msg_writer *w, const uint8_t *qname,
    uint16_t qtype, uint16_t qclass);
/* False when it does not fit; then nothing was written. */
MUST_CHECK bool msg_put_rr(struct msg_writer *w, enum section section,
    const struct rr *rr);
/* Forget everything written after the mark (for whole-RRset truncation). */
struct msg_mark {
	size_t len;
	uint16_t counts[4];
};
struct msg_mark msg_mark(const struct msg_writer *w);
void msg_rollback(struct msg_writer *w, const struct msg_mark *mark);
/* Writes the counts into the header; the message is octets[0..len). */
void msg_finish(struct msg_writer *w);
void msg_set_flags(struct msg_writer *w, uint16_t flags);

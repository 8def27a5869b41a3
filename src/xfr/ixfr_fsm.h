/* ixfr_fsm.h - order of records in the answers to IXFR (RFC 1995 section 4)
 * and AXFR (RFC 5936 section 2.2). Pure: no I/O, no clock, no allocation. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"
#include "dns/rr.h"

/* Why a transfer was refused: number, phrase for the log. */
#define XFR_WHY_TABLE(X)                                                       \
	X(XFR_WHY_NONE, "not refused")                                         \
	/* order of records */                                                 \
	X(XFR_WHY_NO_SOA_FIRST, "the first record is not the zone's SOA")      \
	X(XFR_WHY_CLASS, "a record is not of class IN")                        \
	X(XFR_WHY_META_TYPE, "a record is of a type that stands in no zone")   \
	X(XFR_WHY_SOA_BELOW, "an SOA stands below the zone's apex")            \
	X(XFR_WHY_SOA_FORMAT, "an SOA is malformed")                           \
	X(XFR_WHY_START, "the first difference does not start at our serial")  \
	X(XFR_WHY_GAP, "a difference does not start where the last ended")     \
	X(XFR_WHY_BACKWARDS, "a difference does not lead to a newer serial") \
	X(XFR_WHY_OVERSHOOT, "a difference leads beyond the serial offered")   \
	X(XFR_WHY_OTHER_SOA, "another SOA within a full transfer")             \
	X(XFR_WHY_LAST_SOA, "the last SOA differs from the first")             \
	X(XFR_WHY_AFTER_END, "records after the last SOA")                     \
	/* messages */                                                         \
	X(XFR_WHY_FORMAT, "malformed message")                                 \
	X(XFR_WHY_RDATA, "malformed record")                                   \
	X(XFR_WHY_ID, "answer with another id")                                \
	X(XFR_WHY_NOT_ANSWER, "message is not an answer")                      \
	X(XFR_WHY_OPCODE, "answer with another opcode")                        \
	X(XFR_WHY_QUESTION, "answer to another question")                      \
	X(XFR_WHY_TRUNCATED, "truncated answer over TCP")                      \
	X(XFR_WHY_RCODE, "error answer")                                       \
	X(XFR_WHY_NOT_IMPLEMENTED, "request type not implemented there")       \
	X(XFR_WHY_TSIG, "TSIG verification failed")                            \
	X(XFR_WHY_UNSIGNED_END, "the last message is not signed")              \
	X(XFR_WHY_EMPTY, "answer without the records asked for")               \
	X(XFR_WHY_NOT_AUTHORITATIVE, "answer is not authoritative")            \
	/* the exchange */                                                     \
	X(XFR_WHY_SIZE, "more octets than the size limit allows")              \
	X(XFR_WHY_TIMEOUT, "timed out")                                        \
	X(XFR_WHY_SLOW, "it comes too slowly to wait for its end")             \
	X(XFR_WHY_CONNECT, "could not connect")                                \
	X(XFR_WHY_CLOSED, "connection closed before the end")                  \
	X(XFR_WHY_LOCAL, "could not be taken here")

enum xfr_why {
#define X(name, text) name,
	XFR_WHY_TABLE(X)
#undef X
};
/* The phrase; static storage. */
const char *xfr_why_text(enum xfr_why why);

enum xfr_ask { XFR_ASK_SOA, XFR_ASK_IXFR, XFR_ASK_AXFR };

/* What to do with the record just given to xfr_step. */
enum xfr_act {
	XFR_ACT_REFUSE,		/* end: x->why says why */
	XFR_ACT_HOLD,		/* the first SOA: kept here, nothing to store */
	XFR_ACT_SKIP,		/* outside the zone: dropped */
	XFR_ACT_ZONE,		/* a record of a full zone; when the first of
				 * these comes, xfr_first_soa goes before it */
	XFR_ACT_FROM,		/* SOA(old): a difference begins; store it */
	XFR_ACT_DELETE,		/* store: deleted in this difference */
	XFR_ACT_TO,		/* SOA(new); store it */
	XFR_ACT_ADD,		/* store: added in this difference */
	XFR_ACT_CURRENT,	/* end: the serial offered is not newer */
	XFR_ACT_DONE		/* end: the closing SOA, not stored */
};

enum xfr_state {
	XFR_STATE_START,	/* nothing yet */
	XFR_STATE_FIRST,	/* the first SOA came */
	XFR_STATE_ZONE,
	XFR_STATE_DELETING,
	XFR_STATE_ADDING,
	XFR_STATE_END
};

/* Owner, fixed part, two names and five numbers. */
#define XFR_SOA_MAX (255 + RR_FIXED_OCTETS + 255 + 255 + 20)

struct xfr_seq {
	const uint8_t *apex;
	enum xfr_ask ask;	/* IXFR or AXFR */
	bool has_ours;		/* a serial is published (always with IXFR) */
	bool accept_any;	/* a full zone may have any serial */
	uint32_t ours;		/* the serial asked from */
	enum xfr_state state;
	enum xfr_why why;
	bool is_zone;		/* once XFR_ACT_ZONE or DONE: full zone */
	uint32_t offered;	/* serial of the first SOA */
	uint32_t at;		/* serial the difference under way starts at,
				 * then the one it leads to */
	uint64_t outside;	/* records dropped */
	uint64_t records;	/* records seen, SOAs included */
	uint16_t first_len;
	uint8_t first[XFR_SOA_MAX];	/* record octets of the first SOA */
};

/* apex must outlive x. */
void xfr_seq_init(struct xfr_seq *x, const uint8_t *apex, enum xfr_ask ask);
/* rdata was checked by rdata_from_wire. */
enum xfr_act xfr_step(struct xfr_seq *x, const struct rr *rr);
/* The first SOA; valid from XFR_STATE_FIRST on. */
void xfr_first_soa(const struct xfr_seq *x, struct rr *soa);

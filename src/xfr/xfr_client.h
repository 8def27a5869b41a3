/* xfr_client.h - one exchange with a primary, without its socket: makes the
 * request, takes the answer message by message, hands the records on. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/rr.h"
#include "dns/tsig.h"
#include "xfr/ixfr_fsm.h"

/* Where the records go, as record octets of dns/rr.h: either
 *   begin_zone, record (SOA), record...  or
 *   begin_delta, record SOA(old), deleted..., SOA(new), added..., ...
 * An error of any of them ends the exchange as refused (XFR_WHY_LOCAL, e).
 * reset: the exchange starts again (UDP to TCP, without EDNS) or is refused:
 * forget all that was handed over. What came is complete, and may be used,
 * only when the result says XFR_GOT_ZONE or XFR_GOT_DELTA. */
struct xfr_sink {
	enum err (*begin_zone)(void *arg, uint32_t serial);
	enum err (*begin_delta)(void *arg, uint32_t from, uint32_t to);
	enum err (*record)(void *arg, const struct rr *rr);
	void (*reset)(void *arg);
	void *arg;
};

struct xfr_request {
	const uint8_t *apex;
	enum xfr_ask ask;
	bool is_udp;		/* SOA and IXFR only */
	bool accept_any;	/* expired or forced: take any serial (AXFR) */
	bool without_edns;
	bool has_serial;	/* something is published (or staged) here */
	const struct rr *soa;	/* its SOA; needed for IXFR, else may be null */
	uint32_t serial;	/* its serial, when soa is null */
	const struct tsig_key *key;	/* null: unsigned */
	uint64_t limit_octets;	/* of all answer messages; 0: none */
	struct xfr_sink sink;	/* unused for SOA */
};

enum xfr_outcome {
	XFR_REFUSED,		/* why, e and text say more */
	XFR_MORE,		/* the next message, please */
	XFR_IGNORED,		/* UDP: not our answer; wait on */
	XFR_UP_TO_DATE,		/* valid SOA, serial equal or older */
	XFR_NEWER,		/* answer to SOA: a newer serial is there */
	XFR_GOT_DELTA,
	XFR_GOT_ZONE,
	XFR_USE_TCP,		/* UDP: ask again over TCP */
	XFR_WITHOUT_EDNS	/* FORMERR, NOTIMP, BADVERS: again without */
};

struct xfr_result {
	enum xfr_outcome outcome;
	enum xfr_why why;
	enum err e;		/* of XFR_WHY_LOCAL, _CONNECT, _CLOSED */
	int system_error;	/* errno, when e is ERR_SYSTEM */
	unsigned rcode;		/* for XFR_WHY_RCODE, _NOT_IMPLEMENTED */
	unsigned tsig_error;	/* for XFR_WHY_TSIG */
	bool is_checked;	/* a valid, authenticated SOA answer came: a
				 * completed serial check, whatever followed */
	uint32_t serial;	/* the serial offered, when is_checked */
	uint32_t from;		/* XFR_GOT_DELTA */
	bool has_expire;	/* EDNS EXPIRE (RFC 7314) */
	uint32_t expire_s;
	uint64_t octets;	/* of the answer messages */
	uint64_t records;
	uint64_t outside;	/* dropped: outside the zone */
	unsigned messages;
};

struct xfr_client;

/* Copies all of the request but the sink's arg; null when memory is out.
 * zone: name as configured, for the log. */
struct xfr_client *xfr_client_create(const struct xfr_request *r,
    const char *zone, const char *primary);
/* Frees, clears the variable; wipes the key; null is accepted. */
void xfr_client_destroy(struct xfr_client **c);
/* The request message with this id, signed now; valid until the next call.
 * May be called again for a retransmission (same id) as long as no answer
 * was taken. Room of the message: XFR_REQUEST_MAX. */
#define XFR_REQUEST_MAX 2048
MUST_CHECK enum err xfr_client_request(struct xfr_client *c, uint16_t id,
    int64_t now_s, const uint8_t **octets, size_t *len);
/* One answer message; octets are changed (TSIG is cut off). scratch: room for
 * MSG_MAX_OCTETS. Anything but MORE and IGNORED is the end. */
enum xfr_outcome xfr_client_message(struct xfr_client *c, uint8_t *octets,
    size_t len, uint8_t *scratch, int64_t now_s);
/* The end without a message: timeout, connection closed, ... With ERR_SYSTEM
 * errno is kept for the reason. */
void xfr_client_fail(struct xfr_client *c, enum xfr_why why, enum err e);
/* Begins the exchange again. The sink is reset. */
void xfr_client_again(struct xfr_client *c, bool is_udp, bool without_edns);
const struct xfr_result *xfr_client_result(const struct xfr_client *c);
enum xfr_ask xfr_client_ask(const struct xfr_client *c);
bool xfr_client_is_udp(const struct xfr_client *c);
bool xfr_client_is_without_edns(const struct xfr_client *c);
const char *xfr_client_zone(const struct xfr_client *c);
/* "error answer: REFUSED", "TSIG verification failed: BADTIME", ... */
#define XFR_REASON_MAX 160
const char *xfr_result_reason(const struct xfr_result *r,
    char text[XFR_REASON_MAX]);

/* query.h - one query in, one answer out. Everything that is decided about an
 * answer is decided here and below: no sockets, no clock but the time given,
 * no allocation (RFC 1035, 2181, 6891, 8945).
 * Runs in: worker, candidate's worker. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sock.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/tsig.h"
#include "serve/cookie.h"
#include "serve/serve.h"

enum serve_transport { SERVE_UDP, SERVE_TCP, SERVE_TLS };

enum query_act {
	QUERY_DROP,	/* no answer (not a query, hopeless, policy) */
	QUERY_ANSWER,	/* answer[0..answer_len) goes to the peer */
	QUERY_TRANSFER	/* TCP and TLS only: call xfr_out_start */
};

/* Large (rdata scratch): one per process or listener, used again for each
 * query. A caller fills the first part; the rest is query_answer's. */
struct query {
	uint8_t *octets;	/* written to: a TSIG record is cut off */
	size_t len;
	struct addr peer;
	struct addr local;	/* family AF_UNSPEC if not known */
	enum serve_transport transport;
	/* After which time without a query the connection is closed; 0 for
	 * UDP (RFC 7828: what tcp-keepalive says). */
	uint16_t idle_timeout_100ms;
	int64_t now_s;		/* wall clock */
	uint8_t *answer;	/* the caller's buffer */
	size_t room;		/* at least 512; 65535 for TCP */

	size_t answer_len;

	/* What was understood of the query; of use after QUERY_TRANSFER. */
	struct msg_reader reader;
	struct edns edns;
	struct cookie cookie;	/* present only if cookies are answered */
	struct tsig tsig;
	struct zonedb_hit zone;
	uint32_t client_serial;	/* IXFR */
	bool has_client_serial;
	uint8_t scratch[MSG_MAX_OCTETS];
};

/* Decides and, for QUERY_ANSWER, writes. Whatever the result, the TSIG state
 * is ended unless it is QUERY_TRANSFER (then xfr_out_start takes it over). */
enum query_act query_answer(const struct serve *s, struct query *q);

/* The first question of a message without looking at anything else: for the
 * gate and for connections that move between candidates. False when there is
 * none. */
MUST_CHECK bool query_question(const uint8_t *octets, size_t len,
    struct name *qname, uint16_t *qtype);

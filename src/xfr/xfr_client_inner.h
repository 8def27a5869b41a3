/* xfr_client_inner.h - the body of struct xfr_client, for xfr_client.c (life,
 * request) and xfr_answer.c (messages) only. */
#pragma once
#include "dns/name.h"
#include "xfr/xfr_client.h"

/* What is needed only once the request is made: 100,000 zones may wait for
 * their turn, few have it. */
struct client_run {
	struct tsig tsig;
	struct xfr_seq seq;	/* IXFR and AXFR */
	size_t request_len;
	uint8_t request[XFR_REQUEST_MAX];
};

struct xfr_client {
	/* The request, all pointers into this struct. */
	enum xfr_ask ask;
	bool is_udp, accept_any, without_edns, has_serial;
	uint32_t ours;		/* when has_serial */
	uint64_t limit_octets;
	struct xfr_sink sink;
	struct name apex;
	struct octets soa;	/* record octets; empty: none */
	bool is_signed;
	struct tsig_key key;
	uint8_t *secret;
	char *zone, *primary;	/* for the log */
	/* The attempt under way; cleared by client_begin. */
	bool is_over;
	bool has_begun;		/* the sink was told of a zone or delta */
	uint16_t id;
	struct xfr_result result;
	struct client_run *run;	/* null until the request is made */
};

/* Ends the attempt; the sink is reset unless the records are wanted. */
enum xfr_outcome client_end(struct xfr_client *c, enum xfr_outcome outcome);
enum xfr_outcome client_refuse(struct xfr_client *c, enum xfr_why why);

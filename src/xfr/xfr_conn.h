/* xfr_conn.h - the sockets of incoming transfers: TCP with a limit and a queue,
 * UDP with retransmission. Nothing here blocks; of each connection a bounded
 * number of messages is taken per turn of the loop. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sock.h"
#include "xfr/xfr_client.h"

struct event_base;

struct xfr_net_settings {
	unsigned tcp_max;		/* xfrd-tcp-max: connections at once */
	unsigned tcp_timeout_s;		/* tcp-timeout: silence of the peer */
	int tcp_mss;			/* outgoing-tcp-mss; 0: leave */
	unsigned udp_tries;		/* sends of a UDP request; 0: 3 */
	unsigned udp_timeout_ms;	/* first wait, doubled each; 0: 2000 */
};

struct xfr_net;
struct xfr_conn;

/* Null when memory is out. */
struct xfr_net *xfr_net_create(struct event_base *base,
    const struct xfr_net_settings *s);
/* Takes effect for what starts from now on. */
void xfr_net_configure(struct xfr_net *n, const struct xfr_net_settings *s);
/* Ends all exchanges without calling back; null is accepted. */
void xfr_net_destroy(struct xfr_net **n);
/* Exchanges over TCP that have a socket, and that wait for one. */
unsigned xfr_net_open(const struct xfr_net *n);
unsigned xfr_net_waiting(const struct xfr_net *n);

struct xfr_job {
	const char *zone;		/* as configured, for the log */
	struct xfr_request request;
	struct addr primary;		/* with port */
	const struct addr *sources;	/* outgoing-interface; copied */
	unsigned n_sources;		/* the first of the family is used */
	/* Called once, never from within xfr_conn_start; the connection is gone
	 * when it returns. UDP to TCP and EDNS fallback happen before: outcome
	 * is REFUSED, UP_TO_DATE, NEWER, GOT_DELTA or GOT_ZONE. */
	void (*done)(void *arg, const struct xfr_result *result);
	void *arg;
};

/* Starts the exchange, or queues it until a connection is free. Null when
 * memory is out; everything else comes through done. */
struct xfr_conn *xfr_conn_start(struct xfr_net *n, const struct xfr_job *job);
/* Ends it without calling done; clears the variable; null is accepted. */
void xfr_conn_cancel(struct xfr_conn **c);
/* As NSD's zonestatus: "sent UDP to A", "TCP connected to A",
 * "waiting-for-TCP-fd". Returns text. */
#define XFR_STATUS_MAX (ADDR_TEXT_MAX + 32)
const char *xfr_conn_status(const struct xfr_conn *c,
    char text[XFR_STATUS_MAX]);

/* The limit of P8: size-limit-xfr if configured (not 0), else four
 * times the published zone's octets and at least 4 GiB, or 32 GiB while
 * nothing is published. */
uint64_t xfr_size_limit(uint64_t configured, bool is_published,
    uint64_t published_octets);

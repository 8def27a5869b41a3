/* tcp.h - queries and outgoing transfers over TCP connections (RFC 7766), plain
 * or with TLS (RFC 7858).
 * Runs in: worker, candidate's worker.
 *
 * Queries of a connection are answered as they come. A transfer does not hold
 * up those behind it: they are answered between its messages; further
 * transfers wait for its end. What a peer sent beyond one message waits in a
 * bounded buffer, and so does what it does not take: no more is made before.
 *
 * Time is bounded without regard to single octets: a message must have come,
 * or have gone, whole within tcp-timeout, and a connection must ask again
 * within it. While more than half of the places are taken a connection has
 * 200 ms to ask, as with NSD, and two seconds for a message; those with a
 * transfer keep tcp-timeout for each of its messages. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "serve/serve.h"

struct event_base;
struct serve_tcp;
struct tls_service;

struct serve_tcp_limits {
	unsigned count;		/* tcp-count: connections at a time */
	unsigned query_count;	/* tcp-query-count; 0: no limit */
	unsigned timeout_s;	/* tcp-timeout */
	bool reject_overflow;	/* tcp-reject-overflow: accept and close;
				 * otherwise what is beyond waits */
};

/* A connection on its way from one process to another: a plain one, or one with
 * TLS of which nothing was read. octets: what was read and is not answered,
 * framed as on the wire, the last message perhaps in part; at most
 * SERVE_TCP_UNREAD_MAX. */
#define SERVE_TCP_UNREAD_MAX (2 + 65535)
struct serve_tcp_passed {
	int fd;
	const uint8_t *octets;
	size_t len;
	bool has_tls;
	uint32_t queries;	/* were answered on it */
	uint32_t left_ms;	/* to ask the next; 0: as long as a new one */
};

/* The callee of hand_over and hand_back owns the descriptor. */
struct serve_tcp_hooks {
	/* A retiring worker gives a connection to the next one. */
	void (*hand_over)(void *arg, const struct serve_tcp_passed *p);
	/* In a candidate's worker, both or none: asked before a query is
	 * answered; if it is not for this worker, the connection goes back to
	 * the gate with that query first in octets. The first query of an
	 * adopted connection that came with octets is not asked about: whoever
	 * handed it here has decided, and it must not go to and fro. */
	bool (*is_mine)(void *arg, const uint8_t *qname, uint16_t qtype);
	void (*hand_back)(void *arg, const struct serve_tcp_passed *p);
	/* After serve_tcp_retire: the last connection is gone. Called from the
	 * loop, never from within serve_tcp_retire; may destroy. */
	void (*ended)(void *arg);
	void *arg;
};

/* s must stay; limits and hooks are copied; any hook may be null. */
MUST_CHECK enum err serve_tcp_create(struct event_base *base,
    const struct serve *s, const struct serve_tcp_limits *limits,
    const struct serve_tcp_hooks *hooks, struct serve_tcp **t);
/* Accepts on a non-blocking listening socket, which stays the caller's. */
MUST_CHECK enum err serve_tcp_listen(struct serve_tcp *t, int fd);
/* The same for connections with TLS; serve_tcp_set_tls comes before. */
MUST_CHECK enum err serve_tcp_listen_tls(struct serve_tcp *t, int fd);
/* New connections are made with this service, which is owned from here on. */
void serve_tcp_set_tls(struct serve_tcp *t, struct tls_service *tls);
/* Takes over an accepted or handed-over connection: its descriptor is owned
 * from here on, whatever happens. It is never refused (it had its place
 * where it came from), but takes one of tcp-count's places. */
void serve_tcp_adopt(struct serve_tcp *t, const struct serve_tcp_passed *p);

void serve_tcp_stop_accepting(struct serve_tcp *t);
/* Stops accepting; gives each plain connection without a running transfer to
 * hand_over (those with an answer half written: when it is out). One with TLS
 * cannot move once it has begun: what it has asked already is answered, then it
 * ends. Those with
 * a transfer finish it, answer nothing new, and are closed with FIN (and
 * close_notify) after their input was drained. Without hand_over all
 * connections end so. Then ended() is called. */
void serve_tcp_retire(struct serve_tcp *t);
unsigned serve_tcp_count(const struct serve_tcp *t);
/* Ends the connection that moved the fewest octets since the last such call.
 * False when there is none. */
bool serve_tcp_end_slowest(struct serve_tcp *t);
/* Closes everything, calls no hook; null is accepted. */
void serve_tcp_destroy(struct serve_tcp **t);

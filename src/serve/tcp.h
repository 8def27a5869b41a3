/* tcp.h - queries and outgoing transfers over TCP connections (RFC 7766).
 * Runs in: worker, candidate's worker.
 *
 * A connection reads one message at a time, in order, and answers it before
 * the next is looked at; what a peer sent beyond that waits in a bounded
 * buffer. It is written to only when it is writable, at most one message of
 * at most 64 KiB waits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "serve/serve.h"

struct event_base;
struct serve_tcp;

struct serve_tcp_limits {
	unsigned count;		/* tcp-count: connections at a time */
	unsigned query_count;	/* tcp-query-count; 0: no limit */
	unsigned timeout_s;	/* tcp-timeout: without progress */
	bool reject_overflow;	/* tcp-reject-overflow: accept and close;
				 * otherwise what is beyond waits */
};

/* The callee of hand_over and hand_back owns the descriptor. octets: what was
 * read and is not answered, framed as on the wire, the last message perhaps
 * in part; at most SERVE_TCP_UNREAD_MAX. */
#define SERVE_TCP_UNREAD_MAX (2 + 65535)
struct serve_tcp_hooks {
	/* A retiring worker gives a plain connection to the next one. */
	void (*hand_over)(void *arg, int fd, const uint8_t *octets,
	    size_t len);
	/* In a candidate's worker, both or none: asked before a query is
	 * answered; if it is not for this worker, the connection goes back to
	 * the gate with that query first in octets. The first query of an
	 * adopted connection that came with octets is not asked about: whoever
	 * handed it here has decided, and it must not go to and fro. */
	bool (*is_mine)(void *arg, const uint8_t *qname, uint16_t qtype);
	void (*hand_back)(void *arg, int fd, const uint8_t *octets,
	    size_t len);
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
/* Takes over an accepted or handed-over connection: fd is owned from here on,
 * whatever happens; octets were read from it already. It is never refused (it
 * had its place where it came from), but takes one of tcp-count's places. */
void serve_tcp_adopt(struct serve_tcp *t, int fd, const uint8_t *octets,
    size_t len);

void serve_tcp_stop_accepting(struct serve_tcp *t);
/* Stops accepting; gives each plain connection without a running transfer to
 * hand_over (those with an answer half written: when it is out); the others
 * finish their transfer, answer nothing new, and are closed with FIN after
 * their input was drained. Without hand_over all connections end so. Then
 * ended() is called. */
void serve_tcp_retire(struct serve_tcp *t);
unsigned serve_tcp_count(const struct serve_tcp *t);
/* Ends the connection that moved the fewest octets since the last such call.
 * False when there is none. */
bool serve_tcp_end_slowest(struct serve_tcp *t);
/* Closes everything, calls no hook; null is accepted. */
void serve_tcp_destroy(struct serve_tcp **t);

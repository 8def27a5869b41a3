/* tcp_conn.h - one TCP connection: read, answer, transfer, drain. Internal to
 * src/serve (tcp.c and tcp_conn.c). */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/query.h"
#include "serve/tcp.h"
#include "serve/xfr_out.h"

enum tcp_phase {
	TCP_READING,	/* waits for the next query */
	TCP_WRITING,	/* an answer, or a message of a transfer, waits */
	TCP_DRAINING	/* FIN is sent; input is thrown away until its end */
};

struct tcp_conn {
	struct tcp_conn *next, *prev;
	struct serve_tcp *tcp;
	struct event *event;	/* for what the phase waits */
	int fd;
	enum tcp_phase phase;
	struct addr peer, local;
	unsigned queries;
	uint64_t moved;		/* octets written since last compared */

	uint8_t *in;		/* read, not answered */
	size_t in_len, in_room;
	uint8_t *out;		/* unsent rest of one message, or null */
	size_t out_at, out_len;
	struct xfr_out *xfr;	/* a transfer under way, or null */
	bool is_last;		/* end after what is being written */
	bool is_placed;		/* its first query was sent here by the gate */
};

struct tcp_listener {
	struct tcp_listener *next;
	struct serve_tcp *tcp;
	struct event *event;
	int fd;
};

struct serve_tcp {
	struct event_base *base;
	const struct serve *serve;
	struct serve_tcp_limits limits;
	struct serve_tcp_hooks hooks;
	struct tcp_listener *listeners;
	struct tcp_conn *conns;
	unsigned count;		/* connections */
	bool is_accepting;
	bool is_paused;		/* at the limit, or no descriptors */
	bool is_retired;
	struct event *resume;	/* accept again after trouble */
	struct event *ended;	/* tells the owner from the loop */
	struct query query;
	uint8_t out[2 + MSG_MAX_OCTETS]; /* the message being made */
};

/* Owns fd. Null when that failed (fd is closed). */
struct tcp_conn *tcp_conn_new(struct serve_tcp *t, int fd,
    const struct addr *peer, const uint8_t *octets, size_t len);
/* Answers what is complete in the input and goes on from there; the
 * connection may be gone afterwards. */
void tcp_conn_go_on(struct tcp_conn *c);
/* The generation retires: hand over, or finish. May end the connection. */
void tcp_conn_retire(struct tcp_conn *c);
/* Closes and frees. */
void tcp_conn_end(struct tcp_conn *c);

/* In tcp.c: a connection is gone. */
void serve_tcp_conn_gone(struct serve_tcp *t, struct tcp_conn *c);

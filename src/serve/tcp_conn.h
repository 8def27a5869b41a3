/* tcp_conn.h - one TCP connection. Internal to src/serve: tcp.c owns the
 * connections, tcp_conn.c decides what is done next on one, tcp_io.c moves its
 * octets, tcp_time.c says how long it may take. */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/query.h"
#include "serve/tcp.h"
#include "serve/tls.h"
#include "serve/xfr_out.h"

/* More transfers on one connection wait unread. */
#define TCP_TRANSFERS_MAX 16
/* Answers to queries that came together leave together. */
#define TCP_FRAME_MAX (2 + MSG_MAX_OCTETS)
#define TCP_OUT_OCTETS (2 * TCP_FRAME_MAX)

enum tcp_phase {
	TCP_HANDSHAKE,	/* of TLS */
	TCP_SERVING,
	TCP_DRAINING	/* FIN is sent; input is thrown away until its end */
};

/* What time is given for. */
enum tcp_wait {
	TCP_FOR_HANDSHAKE,
	TCP_FOR_QUERY,		/* nothing of the next one has come */
	TCP_FOR_REST,		/* of a query */
	TCP_FOR_WRITING,	/* what is made goes out */
	TCP_FOR_END		/* the peer's */
};

struct tcp_conn {
	struct tcp_conn *next, *prev;
	struct serve_tcp *tcp;
	int fd;
	struct tls_conn *tls;	/* null: plain */
	enum tcp_phase phase;
	struct addr peer, local;
	uint32_t queries;
	uint64_t moved;		/* octets written since last compared */

	struct event *io;	/* for what interest says */
	short interest;
	short tls_wants;	/* before it goes on; 0: nothing else */
	struct event *timer;
	int64_t armed_ms;	/* when the timer fires; 0: it does not */
	int64_t deadline_ms;
	enum tcp_wait wait;	/* for which the deadline holds */
	bool has_moved;		/* a message since then: it is set anew */
	bool is_yielding;	/* goes on when others had their turn */

	uint8_t *in;		/* read, not answered: in_len from in_at */
	size_t in_at, in_len, in_room;
	uint8_t *out;		/* made, not sent, or null */
	size_t out_at, out_len;
	struct xfr_out *transfers[TCP_TRANSFERS_MAX]; /* first: running */
	unsigned transfer_count;
	bool is_transfers_turn;	/* before further queries */
	bool is_queue_short;	/* in the kernel, for transfers */
	bool may_read;		/* there may be input */
	bool has_ended;		/* the peer sends no more */
	bool is_last;		/* end after what is being written */
	bool is_placed;		/* its first query was sent here by the gate */
	unsigned drained;	/* reads */
};

struct tcp_listener {
	struct tcp_listener *next;
	struct serve_tcp *tcp;
	struct event *event;
	int fd;
	bool has_tls;
};

struct serve_tcp {
	struct event_base *base;
	const struct serve *serve;
	struct serve_tcp_limits limits;
	struct serve_tcp_hooks hooks;
	struct tls_service *tls;	/* or null */
	struct tcp_listener *listeners;
	struct tcp_conn *conns;
	unsigned count;		/* connections */
	bool is_accepting;
	bool is_paused;		/* at the limit, or no descriptors */
	bool is_retired;
	struct event *resume;	/* accept again after trouble */
	struct event *ended;	/* tells the owner from the loop */
	struct query query;
	uint8_t out[TCP_OUT_OCTETS]; /* what is being made */
};

/* Owns the descriptor. Null when that failed (it is closed). */
struct tcp_conn *tcp_conn_new(struct serve_tcp *t,
    const struct serve_tcp_passed *p, const struct addr *peer);
/* Does what can be done now and waits for the rest; the connection may be gone
 * afterwards. */
void tcp_conn_run(struct tcp_conn *c);
/* The generation retires: hand over, or finish. May end the connection. */
void tcp_conn_retire(struct tcp_conn *c);
/* Closes and frees. */
void tcp_conn_end(struct tcp_conn *c);

/* In tcp.c: a connection is gone. */
void serve_tcp_conn_gone(struct serve_tcp *t, struct tcp_conn *c);

/* tcp_io.c */
enum tcp_io {
	TCP_IO_ALL,	/* read: something; written: all of it */
	TCP_IO_AGAIN,	/* the rest when the socket, or TLS, is ready */
	TCP_IO_END,	/* read: the peer sends no more */
	TCP_IO_FAILED
};
/* More input behind what is there. */
enum tcp_io tcp_io_read(struct tcp_conn *c);
/* The first len octets of the shared buffer; what does not go is kept with the
 * connection. */
enum tcp_io tcp_io_write(struct tcp_conn *c, size_t len);
enum tcp_io tcp_io_write_rest(struct tcp_conn *c);
bool tcp_has_query(const struct tcp_conn *c);
void tcp_drop_query(struct tcp_conn *c);
/* Room for input of this many octets, and for at least a short query. */
MUST_CHECK bool tcp_in_reserve(struct tcp_conn *c, size_t octets);

/* tcp_time.c */
/* How long a connection may be idle as things are now. */
int64_t tcp_idle_ms(const struct serve_tcp *t);
/* Sets the deadline for this wait, unless it is the same as before and nothing
 * has moved since. */
void tcp_wait_for(struct tcp_conn *c, enum tcp_wait w);
/* The time that is left to ask, where it comes from. */
void tcp_wait_left(struct tcp_conn *c, uint32_t left_ms);
/* The timer fires at the deadline, or earlier and looks again. */
MUST_CHECK bool tcp_timer_arm(struct tcp_conn *c);
/* Is it over? Otherwise the timer runs again, or has failed. */
bool tcp_is_late(const struct tcp_conn *c);
/* What is left of the time to ask, for whom the connection goes to. */
uint32_t tcp_left_ms(const struct tcp_conn *c);

/* xfr_conn_inner.h - bodies of struct xfr_net and struct xfr_conn, for
 * xfr_conn.c (life, queue), xfr_tcp.c and xfr_udp.c only. */
#pragma once
#include <event2/event.h>

#include "dns/message.h"
#include "xfr/xfr_conn.h"

enum conn_state {
	CONN_QUEUED,		/* waits for a free TCP socket */
	CONN_CONNECTING,
	CONN_SENDING,
	CONN_READING,
	CONN_UDP,
	CONN_OVER		/* done is due, or under way */
};

#define FRAME_MAX (2 + MSG_MAX_OCTETS)

/* Exchanges over TCP with one primary. */
struct tcp_use {
	struct tcp_use *next;
	struct addr primary;
	unsigned n_open, n_waiting;	/* freed when both are 0 */
};

struct xfr_conn {
	struct xfr_net *net;
	struct tcp_use *use;		/* while queued or open */
	struct xfr_conn *prev, *next;	/* all of the net, oldest first */
	enum conn_state state;
	struct xfr_client *client;
	struct addr primary, source;
	bool has_source;
	void (*done)(void *arg, const struct xfr_result *result);
	void *arg;
	bool is_reporting;		/* done is being called */
	int fd;
	struct event *io, *timer;	/* null unless in use */
	size_t sent;			/* octets of the frame under way */
	unsigned tries;			/* UDP sends so far */
	int64_t started_ms;
	uint16_t id;
	uint8_t *in;			/* FRAME_MAX, TCP only */
	size_t in_len;
};

struct xfr_net {
	struct event_base *base;
	struct xfr_net_settings settings;
	struct xfr_conn *first, *last;
	unsigned n_open, n_waiting;
	struct tcp_use *uses;
	uint8_t scratch[MSG_MAX_OCTETS];	/* rdata of one record */
	uint8_t datagram[FRAME_MAX];		/* also frames going out */
};

/* Ends the exchange as refused; calls done before it returns. */
void conn_fail(struct xfr_conn *c, enum xfr_why why, enum err e);
/* From within xfr_conn_start and the like: done is called by the loop. */
void conn_fail_later(struct xfr_conn *c, enum xfr_why why, enum err e);
/* What follows from a message: false when the connection is gone or begins
 * again. */
bool conn_took(struct xfr_conn *c, enum xfr_outcome outcome);
/* Watches c->fd for these events; false when memory is out. */
bool conn_watch(struct xfr_conn *c, short events, event_callback_fn call);
void conn_set_timer(struct xfr_conn *c, event_callback_fn call,
    unsigned ms);
void conn_log_request(const struct xfr_conn *c);

void tcp_start(struct xfr_conn *c);
void udp_start(struct xfr_conn *c);

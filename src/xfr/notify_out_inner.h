/* notify_out_inner.h - bodies of the structs of notify_out.h, for notify_out.c
 * (zones, queue) and notify_send.c (one target) only. */
#pragma once
#include <event2/event.h>

#include "dns/name.h"
#include "xfr/notify_out.h"

#define NOTIFY_MESSAGE_MAX 2048

enum notify_state { NOTIFY_TO_SEND, NOTIFY_SENT, NOTIFY_OVER };

/* What is needed only while a peer is being told: there may be 100,000 zones,
 * but few of them are at it. */
struct notify_send {
	unsigned tries;
	int fd;
	struct event *io, *timer;
	struct tsig tsig;
	size_t len;
	uint8_t message[NOTIFY_MESSAGE_MAX];
};

struct notify_key {
	struct tsig_key tsig;	/* its secret follows */
	uint8_t secret[];
};

struct notify_peer {
	struct notify_zone *zone;
	struct addr to, source;
	bool has_source;
	enum notify_state state;
	struct notify_key *key;		/* null: unsigned */
	struct notify_send *send;	/* while SENT */
};

struct notify_zone {
	struct notify_net *net;
	struct notify_zone *prev, *next;	/* of those that wait */
	bool is_waiting, is_running;
	char *name;
	uint8_t *apex;
	struct notify_peer *peers;
	unsigned n_peers, n_sent;
	unsigned sends;
	uint32_t serial;
	struct octets soa;	/* record octets, once started */
};

struct notify_net {
	struct event_base *base;
	struct notify_settings settings;
	unsigned n_running;
	struct notify_zone *first, *last;	/* waiting for a place */
};

/* Begins to tell the peer; false when it cannot even be tried (logged). */
bool notify_peer_start(struct notify_peer *p);
/* Socket, timer, message: gone. The state stays. */
void notify_peer_close(struct notify_peer *p);
/* The peer is told, or given up; goes on with the next of the zone. */
void notify_peer_over(struct notify_peer *p);

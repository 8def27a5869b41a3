/* sock.h - internet addresses and sockets. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"

/* An address with its port; family AF_UNSPEC when there is none. */
struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

#define ADDR_TEXT_MAX 80

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; the port is given apart. */
MUST_CHECK bool addr_parse(const char *text, uint16_t port, struct addr *a);
socklen_t addr_len(const struct addr *a);
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);
/* Address alone, no port: as NSD writes it in its log. Returns text. */
const char *addr_text(const struct addr *a, char text[ADDR_TEXT_MAX]);
/* "ADDRESS@PORT". */
const char *addr_text_port(const struct addr *a, char text[ADDR_TEXT_MAX]);
bool addr_equal(const struct addr *a, const struct addr *b);
/* Same address, whatever the port. */
bool addr_same_host(const struct addr *a, const struct addr *b);
/* The octets of the address: 4, 16, or 0 for AF_UNSPEC. */
size_t addr_octets(const struct addr *a, const uint8_t **octets);
bool addr_is_loopback(const struct addr *a);

/* The address of a unix socket; false with errno when the path is too long. */
MUST_CHECK bool sock_unix_addr(const char *path, struct sockaddr_un *un);

struct sock_options {
	bool transparent, freebind, reuseport;
	const char *device;	/* SO_BINDTODEVICE or null */
	int backlog;		/* -1: the system's most */
	int mss;		/* 0: leave */
	int send_octets, receive_octets; /* buffers; 0: leave */
};

/* Bound, non-blocking, close-on-exec; IPv6 sockets take no IPv4. -1 with
 * errno on failure. */
int sock_udp(const struct addr *a, const struct sock_options *o);
int sock_listen(const struct addr *a, const struct sock_options *o);
/* Non-blocking connect under way; source may be null. */
int sock_connect(const struct addr *to, const struct addr *source, int mss);
/* The connected or bound UDP socket that asks one peer. */
int sock_udp_connect(const struct addr *to, const struct addr *source);

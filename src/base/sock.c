/* sock.c - internet addresses and sockets. */
#include "base/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static bool
parse_v6(const char *text, struct sockaddr_in6 *v6)
{
	char plain[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t n = scope != NULL ? (size_t)(scope - text) : strlen(text);
	if (n >= sizeof(plain))
		return false;
	memcpy(plain, text, n);
	plain[n] = '\0';
	if (inet_pton(AF_INET6, plain, &v6->sin6_addr) != 1)
		return false;
	if (scope == NULL)
		return true;
	v6->sin6_scope_id = if_nametoindex(scope + 1);
	if (v6->sin6_scope_id == 0)
		v6->sin6_scope_id = (uint32_t)strtoul(scope + 1, NULL, 10);
	return v6->sin6_scope_id != 0;
}

bool
addr_parse(const char *text, uint16_t port, struct addr *a)
{
	struct addr r;
	memset(&r, 0, sizeof(r));
	if (strchr(text, ':') != NULL) {
		r.v6.sin6_family = AF_INET6;
		if (!parse_v6(text, &r.v6))
			return false;
	} else {
		r.v4.sin_family = AF_INET;
		if (inet_pton(AF_INET, text, &r.v4.sin_addr) != 1)
			return false;
	}
	addr_set_port(&r, port);
	*a = r;
	return true;
}

socklen_t
addr_len(const struct addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return sizeof(a->v4);
	case AF_INET6:
		return sizeof(a->v6);
	}
	return 0;
}

uint16_t
addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->v6.sin6_port :
	    a->v4.sin_port);
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

const char *
addr_text(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	const uint8_t *octets;
	text[0] = '\0';
	if (addr_octets(a, &octets) == 0)
		return memcpy(text, "none", sizeof("none"));
	inet_ntop(a->sa.sa_family, octets, text, INET6_ADDRSTRLEN);
	if (a->sa.sa_family == AF_INET6 && a->v6.sin6_scope_id != 0) {
		size_t n = strlen(text);
		snprintf(text + n, ADDR_TEXT_MAX - n, "%%%u",
		    a->v6.sin6_scope_id);
	}
	return text;
}

const char *
addr_text_port(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	addr_text(a, text);
	size_t n = strlen(text);
	snprintf(text + n, ADDR_TEXT_MAX - n, "@%u", addr_port(a));
	return text;
}

size_t
addr_octets(const struct addr *a, const uint8_t **octets)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		*octets = (const uint8_t *)&a->v4.sin_addr;
		return 4;
	case AF_INET6:
		*octets = (const uint8_t *)&a->v6.sin6_addr;
		return 16;
	}
	*octets = NULL;
	return 0;
}

bool
addr_same_host(const struct addr *a, const struct addr *b)
{
	const uint8_t *oa, *ob;
	size_t n = addr_octets(a, &oa);
	if (n == 0 || addr_octets(b, &ob) != n || memcmp(oa, ob, n) != 0)
		return false;
	return n == 4 || a->v6.sin6_scope_id == 0 ||
	    b->v6.sin6_scope_id == 0 ||
	    a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_same_host(a, b) && addr_port(a) == addr_port(b);
}

bool
addr_is_loopback(const struct addr *a)
{
	const uint8_t *o;
	switch (addr_octets(a, &o)) {
	case 4:
		return o[0] == 127;
	case 16:
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	}
	return false;
}

bool
sock_unix_addr(const char *path, struct sockaddr_un *un)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(un->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(un->sun_path, path, strlen(path) + 1);
	return true;
}

static bool
set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool
set_bound_options(int fd, const struct addr *a, const struct sock_options *o)
{
	bool is_v6 = a->sa.sa_family == AF_INET6;
	if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	if (is_v6 && !set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return false;
	if (o == NULL)
		return true;
	if (o->reuseport && !set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return false;
	if (o->transparent && !set_int(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
	    is_v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1))
		return false;
	if (o->freebind && !set_int(fd, IPPROTO_IP, IP_FREEBIND, 1))
		return false;
	if (o->device != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
	    o->device, (socklen_t)strlen(o->device)) == -1)
		return false;
	/* Buffers are a wish: the system's limit holds, silently. */
	if (o->send_octets > 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, o->send_octets);
	if (o->receive_octets > 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, o->receive_octets);
	return true;
}

static int
sock_bound(const struct addr *a, int type, const struct sock_options *o)
{
	int fd = socket(a->sa.sa_family,
	    type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (!set_bound_options(fd, a, o) ||
	    bind(fd, &a->sa, addr_len(a)) == -1)
		fd_close(&fd);
	return fd;
}

int
sock_udp(const struct addr *a, const struct sock_options *o)
{
	int fd = sock_bound(a, SOCK_DGRAM, o);
	if (fd == -1)
		return -1;
	/* Answers are at most 1232 octets unless asked for: never fragment
	 * on the way because of a forged path MTU. */
	if (a->sa.sa_family == AF_INET)
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	else
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
		    IPV6_PMTUDISC_OMIT);
	return fd;
}

int
sock_listen(const struct addr *a, const struct sock_options *o)
{
	int fd = sock_bound(a, SOCK_STREAM, o);
	if (fd == -1)
		return -1;
	if (o != NULL && o->mss > 0)
		set_int(fd, IPPROTO_TCP, TCP_MAXSEG, o->mss);
	int backlog = o != NULL && o->backlog > 0 ? o->backlog : SOMAXCONN;
	if (listen(fd, backlog) == -1)
		fd_close(&fd);
	return fd;
}

static int
sock_toward(const struct addr *to, const struct addr *source, int type,
    int mss)
{
	int fd = socket(to->sa.sa_family,
	    type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (mss > 0)
		set_int(fd, IPPROTO_TCP, TCP_MAXSEG, mss);
	if (source != NULL) {
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		if (bind(fd, &source->sa, addr_len(source)) == -1) {
			fd_close(&fd);
			return -1;
		}
	}
	if (connect(fd, &to->sa, addr_len(to)) == -1 && errno != EINPROGRESS)
		fd_close(&fd);
	return fd;
}

int
sock_connect(const struct addr *to, const struct addr *source, int mss)
{
	int fd = sock_toward(to, source, SOCK_STREAM, mss);
	if (fd != -1)
		set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

int
sock_udp_connect(const struct addr *to, const struct addr *source)
{
	return sock_toward(to, source, SOCK_DGRAM, 0);
}

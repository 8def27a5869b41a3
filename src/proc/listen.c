/* listen.c - the sockets that must outlive every role.
 * Runs in: supervisor, at start, with its first privileges. */
#include "proc/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "serve/tls_files.h"

static bool
sockets_add(struct sockets *s, int fd, const struct addr *a, unsigned reader)
{
	if (s->count == MAX_SOCKETS) {
		close(fd);
		errno = ENOBUFS;
		return false;
	}
	s->fds[s->count] = fd;
	s->reader[s->count] = (uint8_t)reader;
	s->addrs[s->count++] = *a;
	return true;
}

static struct sock_options
options_of(const struct conf_server *s)
{
	return (struct sock_options){ .transparent = s->ip_transparent,
		.freebind = s->ip_freebind,
		.backlog = (int)s->tcp_listen_queue,
		.mss = (int)s->tcp_mss,
		.send_octets = (int)s->send_buffer_size,
		.receive_octets = (int)s->receive_buffer_size };
}

/* Port 853 is not for UDP in the clear (RFC 7858 section 3.1). */
static bool
open_tls(const struct addr *a, const struct sock_options *o,
    struct sockets *tls)
{
	int t = sock_listen(a, o);
	return t != -1 && sockets_add(tls, t, a, READ_BY_ALL);
}

/* UDP and TCP on one address; errno says why not. */
static bool
open_both(const struct addr *a, const struct sock_options *o,
    unsigned reader, struct sockets *udp, struct sockets *tcp)
{
	int u = sock_udp(a, o);
	if (u == -1)
		return false;
	int t = sock_listen(a, o);
	if (t == -1) {
		fd_close(&u);
		return false;
	}
	if (!sockets_add(udp, u, a, reader)) {
		fd_close(&t);
		return false;
	}
	return sockets_add(tcp, t, a, reader);
}

/* A server of our own user could join the sockets of another one unseen. */
static bool
is_free(const struct addr *a, const struct sock_options *o)
{
	struct sock_options alone = *o;
	alone.reuseport = false;
	int fd = sock_listen(a, &alone);
	bool is_good = fd != -1;
	fd_close(&fd);
	return is_good;
}

/* reuseport: sockets of their own for each worker. They stay when a worker's
 * number passes to the next generation, and what waits in them too. */
static bool
open_each(struct daemon *d, const struct addr *a, const struct sock_options *o)
{
	struct listening *l = &d->listening;
	struct sock_options shared = *o;
	shared.reuseport = true;
	if (!d->conf->server.reuseport)
		return open_both(a, o, READ_BY_ALL, &l->udp, &l->tcp);
	if (!is_free(a, o))
		return false;
	for (unsigned i = 0; i < daemon_worker_count(d); i++)
		if (!open_both(a, &shared, i, &l->udp, &l->tcp))
			return false;
	return true;
}

bool
listen_is_read_by(const struct sockets *s, unsigned i, uint32_t worker,
    unsigned workers)
{
	return s->reader[i] == READ_BY_ALL || s->reader[i] % workers == worker;
}

static bool
open_public(struct daemon *d, const struct addr *a,
    const struct sock_options *o)
{
	const struct conf_server *s = &d->conf->server;
	char text[ADDR_TEXT_MAX];
	if ((a->sa.sa_family == AF_INET && !s->do_ip4) ||
	    (a->sa.sa_family == AF_INET6 && !s->do_ip6))
		return true;
	if (tls_is_port(s, addr_port(a)) ? open_tls(a, o, &d->listening.tls) :
	    open_each(d, a, o))
		return true;
	ev_cannot_listen(addr_text_port(a, text), strerror(errno));
	return false;
}

/* Every address of an interface. */
static bool
open_interface(struct daemon *d, const struct conf_listen *l,
    const struct sock_options *o)
{
	struct ifaddrs *all;
	unsigned n = 0;
	bool is_good = true;
	if (getifaddrs(&all) == -1)
		return false;
	for (struct ifaddrs *i = all; i != NULL && is_good; i = i->ifa_next) {
		struct addr a = { 0 };
		if (i->ifa_addr == NULL || strcmp(i->ifa_name, l->interface))
			continue;
		a.sa.sa_family = i->ifa_addr->sa_family;
		if (addr_len(&a) == 0)
			continue;
		memcpy(&a, i->ifa_addr, addr_len(&a));
		addr_set_port(&a, l->port);
		is_good = open_public(d, &a, o);
		n++;
	}
	freeifaddrs(all);
	if (n == 0)
		ev_cannot_listen(l->interface, "no such interface or address");
	return is_good && n > 0;
}

/* No ip-address: all addresses of each family the machine has. */
static bool
open_wildcards(struct daemon *d, const struct sock_options *o)
{
	const struct conf_server *s = &d->conf->server;
	struct addr a;
	if (!addr_parse("0.0.0.0", (uint16_t)s->port, &a) ||
	    !open_public(d, &a, o))
		return false;
	int probe = socket(AF_INET6, SOCK_DGRAM, 0);
	if (probe == -1 && errno == EAFNOSUPPORT)
		return true;
	fd_close(&probe);
	return addr_parse("::", (uint16_t)s->port, &a) &&
	    open_public(d, &a, o);
}

static bool
listen_public(struct daemon *d)
{
	const struct conf_server *s = &d->conf->server;
	struct sock_options base = options_of(s);
	if (s->ip_address.n == 0)
		return open_wildcards(d, &base);
	for (size_t i = 0; i < s->ip_address.n; i++) {
		const struct conf_listen *l = &s->ip_address.at[i];
		struct sock_options o = base;
		if (l->bindtodevice)
			o.device = l->interface;
		if (l->interface != NULL ? !open_interface(d, l, &o) :
		    !open_public(d, &l->addr, &o))
			return false;
	}
	return true;
}

static bool
listen_verify(struct daemon *d)
{
	const struct conf_verify *v = &d->conf->verify;
	struct sock_options o = { .backlog = -1 };
	char text[ADDR_TEXT_MAX];
	if (!v->enable)
		return true;
	for (size_t i = 0; i < v->ip_address.n; i++) {
		const struct addr *a = &v->ip_address.at[i].addr;
		if (open_both(a, &o, READ_BY_ALL, &d->listening.verify_udp,
		    &d->listening.verify_tcp))
			continue;
		addr_text_port(a, text);
		if (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) {
			ev_cannot_listen(text, strerror(errno));
			return false;
		}
		ev_verify_address_skipped(text, strerror(errno));
	}
	return true;
}

/* A socket that a former run left is removed; one that answers is not. It gets
 * its mode as it is made: by then the name may be a link that its user put in
 * the place of the socket. */
static int
listen_unix(const char *path)
{
	struct sockaddr_un un;
	if (!sock_unix_addr(path, &un))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0) {
		fd_close(&fd);
		errno = EADDRINUSE;
		return -1;
	}
	unlink(path);
	mode_t before = umask(0117);
	bool is_good = bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0 &&
	    listen(fd, 128) == 0 && fd_set_nonblock(fd);
	umask(before);
	if (!is_good)
		fd_close(&fd);
	return fd;
}

/* Over TCP a command would be anybody's: only TLS could tell whose it is. */
static bool
listen_control(struct daemon *d)
{
	const struct conf_remote *r = &d->conf->remote;
	if (!r->control_enable)
		return true;
	for (size_t i = 0; i < r->control_interface.n; i++) {
		const struct conf_listen *l = &r->control_interface.at[i];
		struct addr none = { .sa.sa_family = AF_UNSPEC };
		if (l->path == NULL) {
			ev_control_needs_tls(l->text);
			continue;
		}
		int fd = listen_unix(l->path);
		if (fd == -1 || !sockets_add(&d->listening.control, fd,
		    &none, READ_BY_ALL)) {
			ev_cannot_listen(l->text, strerror(errno));
			return false;
		}
		if (d->has_user && geteuid() == 0 &&
		    lchown(l->path, d->user.uid, d->user.gid) == -1)
			ev_system_trouble(l->path, strerror(errno));
	}
	return true;
}

bool
listen_open(struct daemon *d)
{
	return listen_public(d) && listen_verify(d) && listen_control(d);
}

void
listen_remove_names(const struct daemon *d)
{
	const struct sockets *s = &d->listening.control;
	for (unsigned i = 0; i < s->count; i++) {
		struct sockaddr_un un = { 0 };
		socklen_t len = sizeof(un);
		if (getsockname(s->fds[i], (struct sockaddr *)&un, &len) == 0 &&
		    un.sun_family == AF_UNIX && un.sun_path[0] != '\0')
			unlink(un.sun_path);
	}
}

/* tcp_io.c - the octets of a TCP connection, with TLS or without.
 * Runs in: worker, candidate's worker. Input is bounded by one message, output
 * that waits by what was made at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/tcp_conn.h"

#define IN_FIRST_OCTETS 2048	/* some queries fit; a larger one grows it */

bool
tcp_has_query(const struct tcp_conn *c)
{
	return c->in_len >= 2 &&
	    c->in_len - 2 >= octets_u16(c->in + c->in_at);
}

void
tcp_drop_query(struct tcp_conn *c)
{
	size_t n = 2 + (size_t)octets_u16(c->in + c->in_at);
	c->in_len -= n;
	c->in_at = c->in_len > 0 ? c->in_at + n : 0;
}

bool
tcp_in_reserve(struct tcp_conn *c, size_t octets)
{
	size_t room = c->in_room > 0 ? c->in_room : IN_FIRST_OCTETS;
	if (c->in_at > 0)
		memmove(c->in, c->in + c->in_at, c->in_len);
	c->in_at = 0;
	while (room < octets)
		room *= 2;
	if (room > SERVE_TCP_UNREAD_MAX)
		room = SERVE_TCP_UNREAD_MAX;
	if (room == c->in_room)
		return true;
	uint8_t *in = realloc(c->in, room);
	if (in == NULL)
		return false;
	c->in = in;
	c->in_room = room;
	return true;
}

static enum tcp_io
of_tls(struct tcp_conn *c, enum tls_result r, short usual)
{
	switch (r) {
	case TLS_DONE:
		return TCP_IO_ALL;
	case TLS_WANTS_READ:
		c->tls_wants = usual == EV_READ ? 0 : EV_READ;
		return TCP_IO_AGAIN;
	case TLS_WANTS_WRITE:
		c->tls_wants = usual == EV_WRITE ? 0 : EV_WRITE;
		return TCP_IO_AGAIN;
	case TLS_ENDED:
		return TCP_IO_END;
	case TLS_FAILED:
		return TCP_IO_FAILED;
	}
	return TCP_IO_FAILED;
}

static enum tcp_io
receive(struct tcp_conn *c, uint8_t *octets, size_t room, size_t *len)
{
	ssize_t n;
	do
		n = recv(c->fd, octets, room, 0);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return TCP_IO_END;
	if (n == -1)
		return errno == EAGAIN ? TCP_IO_AGAIN : TCP_IO_FAILED;
	*len = (size_t)n;
	return TCP_IO_ALL;
}

enum tcp_io
tcp_io_read(struct tcp_conn *c)
{
	enum tcp_io r;
	size_t n = 0, need = c->in_len < 2 ? 2 :
	    2 + (size_t)octets_u16(c->in + c->in_at);
	if (!tcp_in_reserve(c, need))
		return TCP_IO_FAILED;
	uint8_t *to = c->in + c->in_len;
	size_t room = c->in_room - c->in_len;
	if (c->tls != NULL) {
		r = of_tls(c, tls_read(c->tls, to, room, &n), EV_READ);
		/* A record at a time: others may wait in the socket, which
		 * tells so if nothing but input is waited for. */
		c->may_read = r == TCP_IO_ALL && (c->transfer_count > 0 ||
		    tls_has_more(c->tls));
	} else {
		r = receive(c, to, room, &n);
		/* If it was less than there was room, nothing is left. */
		c->may_read = r == TCP_IO_ALL && n == room;
	}
	c->in_len += n;
	if (r == TCP_IO_FAILED)
		serve_count(c->tcp->serve, COUNT_RX_ERROR);
	return r;
}

static enum tcp_io
give(struct tcp_conn *c, const uint8_t *octets, size_t len, size_t *n)
{
	if (c->tls != NULL)
		return of_tls(c, tls_write(c->tls, octets, len, n), EV_WRITE);
	ssize_t sent;
	do
		sent = send(c->fd, octets, len, MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	if (sent == -1)
		return errno == EAGAIN ? TCP_IO_AGAIN : TCP_IO_FAILED;
	*n = (size_t)sent;
	return TCP_IO_ALL;
}

static enum tcp_io
give_all(struct tcp_conn *c, const uint8_t *octets, size_t len, size_t *at)
{
	while (*at < len) {
		size_t n = 0;
		enum tcp_io r = give(c, octets + *at, len - *at, &n);
		if (r == TCP_IO_FAILED || r == TCP_IO_END) {
			serve_count(c->tcp->serve, COUNT_TX_ERROR);
			return TCP_IO_FAILED;
		}
		if (r == TCP_IO_AGAIN)
			return r;
		*at += n;
		c->moved += n;
	}
	c->has_moved = true;
	return TCP_IO_ALL;
}

enum tcp_io
tcp_io_write(struct tcp_conn *c, size_t len)
{
	const uint8_t *made = c->tcp->out;
	size_t at = 0;
	enum tcp_io r = give_all(c, made, len, &at);
	if (r != TCP_IO_AGAIN)
		return r;
	c->out = malloc(len - at);
	if (c->out == NULL)
		return TCP_IO_FAILED;
	memcpy(c->out, made + at, len - at);
	c->out_at = 0;
	c->out_len = len - at;
	return TCP_IO_AGAIN;
}

enum tcp_io
tcp_io_write_rest(struct tcp_conn *c)
{
	enum tcp_io r = give_all(c, c->out, c->out_len, &c->out_at);
	if (r != TCP_IO_AGAIN) {
		free(c->out);
		c->out = NULL;
	}
	return r;
}

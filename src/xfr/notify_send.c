/* notify_send.c - telling one secondary (RFC 1996 3): the message, its
 * retransmission, the answer.
 * Runs in: xfrd. Never blocks. An answer counts when id, QR, opcode, question
 * and, if we signed, TSIG are right; anything else is ignored and the next
 * send comes in its time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "xfr/notify_out_inner.h"

#define TURN_DATAGRAMS 16
#define NOTIFY_FLAGS (OPCODE_NOTIFY << 11 | MSG_AA)

static void
log_not_sent(const struct notify_peer *p, const char *why)
{
	char to[ADDR_TEXT_MAX];
	ev_notify_not_sent(p->zone->name, addr_text(&p->to, to), why);
}

static enum err
make_message(struct notify_peer *p)
{
	const struct notify_zone *z = p->zone;
	struct notify_send *s = p->send;
	struct buf b = buf_reading(z->soa.at, z->soa.len);
	struct msg_writer w;
	struct rr soa;
	msg_write(&w, s->message, sizeof(s->message),
	    (uint16_t)arc4random(), NOTIFY_FLAGS);
	bool fits = rr_take(&b, &soa) &&
	    msg_put_question(&w, z->apex, TYPE_SOA, CLASS_IN) &&
	    msg_put_rr(&w, SECTION_ANSWER, &soa);
	ASSERT(fits);
	msg_finish(&w);
	s->len = w.len;
	return tsig_sign_request(&s->tsig,
	    p->key != NULL ? &p->key->tsig : NULL, s->message, &s->len,
	    sizeof(s->message), clock_wall_s());
}

/* What is wrong with this answer; null: it is the one we wait for. */
static const char *
answer_fault(struct notify_peer *p, uint8_t *octets, size_t len,
    unsigned *rcode)
{
	uint8_t *no_records = NULL;
	struct msg_reader m;
	if (len < MSG_HEADER_OCTETS)
		return "too short";
	uint16_t flags = octets_u16(octets + 2);
	if (octets_u16(octets) != octets_u16(p->send->message))
		return "another id";
	if ((flags & MSG_QR) == 0 || MSG_OPCODE(flags) != OPCODE_NOTIFY)
		return "not an answer to NOTIFY";
	if (tsig_check_answer(&p->send->tsig, octets, &len,
	    clock_wall_s()) != OK)
		return "TSIG verification failed";
	if (msg_read(&m, octets, len, no_records) != OK)
		return "malformed";
	/* Who understood nothing has no question to repeat. */
	*rcode = MSG_RCODE(flags);
	if (!m.has_question)
		return *rcode == RCODE_NOERROR ? "no question" : NULL;
	if (m.qtype != TYPE_SOA || m.qclass != CLASS_IN ||
	    !name_equal(m.qname.octets, p->zone->apex))
		return "another question";
	return NULL;
}

static bool
take_answer(struct notify_peer *p, uint8_t *octets, size_t len)
{
	char to[ADDR_TEXT_MAX], text[16];
	unsigned rcode = RCODE_NOERROR;
	const char *fault = answer_fault(p, octets, len, &rcode);
	if (fault != NULL) {
		ev_notify_answer_bad(p->zone->name, addr_text(&p->to, to),
		    fault);
		return false;
	}
	/* Whoever answers knows of it; saying it again changes nothing. */
	if (rcode != RCODE_NOERROR)
		ev_notify_error_code(p->zone->name, addr_text(&p->to, to),
		    rcode_text(rcode, text));
	return true;
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct notify_peer *p = arg;
	uint8_t octets[NOTIFY_MESSAGE_MAX];
	(void)what;
	for (unsigned i = 0; i < TURN_DATAGRAMS; i++) {
		ssize_t n = recv(fd, octets, sizeof(octets), 0);
		if (n == -1 && errno == ECONNREFUSED)
			continue;
		if (n == -1)
			return;
		if (take_answer(p, octets, (size_t)n)) {
			notify_peer_over(p);
			return;
		}
	}
}

/* A send that fails is as good as one that is lost. */
static void
send_once(struct notify_peer *p)
{
	struct notify_send *s = p->send;
	unsigned ms = p->zone->net->settings.wait_ms;
	struct timeval wait = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };
	ssize_t n = send(s->fd, s->message, s->len, MSG_NOSIGNAL);
	(void)n;
	s->tries++;
	bool armed = evtimer_add(s->timer, &wait) == 0;
	ASSERT(armed);		/* or the zone would never end */
}

static void
send_again(evutil_socket_t fd, short what, void *arg)
{
	struct notify_peer *p = arg;
	char to[ADDR_TEXT_MAX];
	(void)fd;
	(void)what;
	if (p->send->tries < p->zone->sends) {
		send_once(p);
		return;
	}
	ev_notify_unreachable(p->zone->name, addr_text(&p->to, to));
	notify_peer_over(p);
}

static enum err
open_send(struct notify_peer *p)
{
	struct event_base *base = p->zone->net->base;
	struct notify_send *s = calloc(1, sizeof(*s));
	p->send = s;
	if (s == NULL)
		return ERR_MEMORY;
	s->fd = sock_udp_connect(&p->to, p->has_source ? &p->source : NULL);
	if (s->fd == -1)
		return ERR_SYSTEM;
	s->io = event_new(base, s->fd, EV_READ | EV_PERSIST, on_answer, p);
	s->timer = evtimer_new(base, send_again, p);
	if (s->io == NULL || s->timer == NULL ||
	    event_add(s->io, NULL) == -1)
		return ERR_MEMORY;
	return make_message(p);
}

bool
notify_peer_start(struct notify_peer *p)
{
	enum err e = open_send(p);
	if (e != OK) {
		log_not_sent(p, e == ERR_SYSTEM ? strerror(errno) :
		    err_text(e));
		notify_peer_close(p);
		return false;
	}
	send_once(p);
	return true;
}

void
notify_peer_close(struct notify_peer *p)
{
	struct notify_send *s = p->send;
	p->send = NULL;
	if (s == NULL)
		return;
	if (s->io != NULL)
		event_free(s->io);
	if (s->timer != NULL)
		event_free(s->timer);
	fd_close(&s->fd);
	tsig_end(&s->tsig);
	free(s);
}

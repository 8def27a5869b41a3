/* ipc.c - typed messages between our processes, with descriptors.
 * Runs in: every process with a channel. */
#include "proc/ipc.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define FDS_ANY UINT32_MAX
#define FDS_BLOB (UINT32_MAX - 1)
#define R(name) ROLE_BIT(ROLE_##name)
#define MESSAGES_PER_TURN 64

struct head {
	uint32_t type;
	uint32_t body_len;
};

struct queued {
	struct queued *next;
	size_t len;
	unsigned fd_count;
	int fds[IPC_MAX_FDS];
	uint8_t octets[];
};

struct ipc {
	int fd;
	enum role self, peer;
	uint32_t peer_number;
	struct event *readable, *writable;
	struct ipc_user user;
	struct queued *first, **last;
	bool *is_closed;	/* set while a handler runs */
};

static const struct {
	const char *name;
	unsigned from, to;
	uint32_t body_len;
	uint32_t fds;
} rules[] = {
#define MESSAGE(name, from, to, fds)                                           \
	[MSG_##name] = { #name, from, to, sizeof(struct msg_##name), fds },
#include "tables/messages.def"
#undef MESSAGE
};

const char *
msg_name(enum msg_type type)
{
	return (unsigned)type < MSG_TYPES ? rules[type].name : "unknown";
}

bool
ipc_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds) == -1)
		return false;
	int octets = 1 << 20;
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &octets,
		    sizeof(octets));
	return true;
}

static void
close_fds(int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fd_close(&fds[i]);
}

static bool
is_allowed(const struct ipc *c, const struct head *h, size_t len,
    unsigned fd_count)
{
	if (h->type >= MSG_TYPES ||
	    (rules[h->type].from & ROLE_BIT(c->peer)) == 0 ||
	    (rules[h->type].to & ROLE_BIT(c->self)) == 0)
		return false;
	if (h->body_len != rules[h->type].body_len ||
	    len < sizeof(*h) + h->body_len)
		return false;
	uint32_t want = rules[h->type].fds;
	return want == FDS_ANY || (want == FDS_BLOB && fd_count <= 1) ||
	    want == fd_count;
}

/* Takes one datagram; len 0 at end of file, -1 with errno. */
static ssize_t
receive(int fd, void *octets, size_t room, int *fds, unsigned *fd_count)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int) * IPC_MAX_FDS)];
	} control;
	struct iovec iov = { octets, room };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	*fd_count = 0;
	if (n < 0)
		return n;
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	if (cm != NULL && cm->cmsg_level == SOL_SOCKET &&
	    cm->cmsg_type == SCM_RIGHTS) {
		*fd_count = (unsigned)((cm->cmsg_len - CMSG_LEN(0)) /
		    sizeof(int));
		memcpy(fds, CMSG_DATA(cm), *fd_count * sizeof(int));
	}
	/* Cut: longer than any message may be, so not one of ours. */
	return (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? 1 : n;
}

/* False when the channel must not be touched any more. */
static bool
take_message(struct ipc *c, uint64_t *octets)
{
	int fds[IPC_MAX_FDS];
	unsigned fd_count;
	ssize_t n = receive(c->fd, octets, IPC_MAX_OCTETS, fds, &fd_count);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	const struct head *h = (const struct head *)octets;
	if (n <= 0) {
		close_fds(fds, fd_count);
		c->user.on_gone(c->user.arg, c, false);
		return false;
	}
	if ((size_t)n < sizeof(*h) || !is_allowed(c, h, (size_t)n, fd_count)) {
		close_fds(fds, fd_count);
		ev_message_breach(role_title(c->peer), role_title(c->self));
		c->user.on_gone(c->user.arg, c, true);
		return false;
	}
	const uint8_t *body = (const uint8_t *)(h + 1);
	struct ipc_msg m = { .type = (enum msg_type)h->type, .body = body,
		.payload = body + h->body_len,
		.payload_len = (size_t)n - sizeof(*h) - h->body_len,
		.fds = fds, .fd_count = fd_count };
	bool is_closed = false;
	c->is_closed = &is_closed;
	c->user.on_message(c->user.arg, c, &m);
	close_fds(fds, fd_count);
	if (is_closed)
		return false;
	c->is_closed = NULL;
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	static _Alignas(16) uint64_t octets[IPC_MAX_OCTETS / 8];
	(void)fd;
	(void)what;
	for (int i = 0; i < MESSAGES_PER_TURN; i++)
		if (!take_message(arg, octets))
			return;
}

void
ipc_drain(struct ipc *c)
{
	uint64_t *octets = malloc(IPC_MAX_OCTETS);
	ASSERT(octets != NULL);
	/* take_message ends at the end of file and when nothing waits; the
	 * end of file handler closes the channel. */
	while (take_message(c, octets))
		;
	free(octets);
}

/* True when the kernel took it, or it can never be sent. */
static bool
send_one(int fd, const void *octets, size_t len, const int *fds,
    unsigned fd_count)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int) * IPC_MAX_FDS)];
	} control;
	struct iovec iov = { (void *)(uintptr_t)octets, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (fd_count > 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * fd_count);
	}
	ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
	if (n >= 0)
		return true;
	return errno != EAGAIN && errno != EINTR && errno != ENOBUFS &&
	    errno != ETOOMANYREFS;
}

static void
send_queued(struct ipc *c)
{
	while (c->first != NULL) {
		struct queued *q = c->first;
		if (!send_one(c->fd, q->octets, q->len, q->fds, q->fd_count))
			return;
		close_fds(q->fds, q->fd_count);
		c->first = q->next;
		if (c->first == NULL)
			c->last = &c->first;
		free(q);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ipc *c = arg;
	(void)fd;
	(void)what;
	send_queued(c);
	if (c->first != NULL)
		event_add(c->writable, NULL);
}

struct ipc *
ipc_open(struct event_base *loop, int fd, enum role self, enum role peer,
    uint32_t peer_number, const struct ipc_user *user)
{
	struct ipc *c = calloc(1, sizeof(*c));
	ASSERT(c != NULL);
	c->fd = fd;
	c->self = self;
	c->peer = peer;
	c->peer_number = peer_number;
	c->user = *user;
	c->last = &c->first;
	c->readable = event_new(loop, fd, EV_READ | EV_PERSIST, on_readable,
	    c);
	c->writable = event_new(loop, fd, EV_WRITE, on_writable, c);
	ASSERT(c->readable != NULL && c->writable != NULL);
	event_add(c->readable, NULL);
	return c;
}

void
ipc_close(struct ipc **cp)
{
	struct ipc *c = *cp;
	*cp = NULL;
	if (c == NULL)
		return;
	if (c->is_closed != NULL)
		*c->is_closed = true;
	event_free(c->readable);
	event_free(c->writable);
	while (c->first != NULL) {
		struct queued *q = c->first;
		c->first = q->next;
		close_fds(q->fds, q->fd_count);
		free(q);
	}
	fd_close(&c->fd);
	free(c);
}

uint32_t
ipc_peer_number(const struct ipc *c)
{
	return c->peer_number;
}

static void
enqueue(struct ipc *c, const struct queued *q)
{
	*c->last = (struct queued *)(uintptr_t)q;
	c->last = &((struct queued *)(uintptr_t)q)->next;
	event_add(c->writable, NULL);
}

void
ipc_send_full(struct ipc *c, enum msg_type type, const void *body,
    size_t body_len, const void *payload, size_t payload_len, const int *fds,
    unsigned fd_count)
{
	struct head h = { .type = type, .body_len = (uint32_t)body_len };
	size_t len = sizeof(h) + body_len + payload_len;
	ASSERT(len <= IPC_MAX_OCTETS && fd_count <= IPC_MAX_FDS);
	struct queued *q = malloc(sizeof(*q) + len);
	ASSERT(q != NULL);
	q->next = NULL;
	q->len = len;
	q->fd_count = fd_count;
	memcpy(q->octets, &h, sizeof(h));
	memcpy(q->octets + sizeof(h), body, body_len);
	if (payload_len > 0)
		memcpy(q->octets + sizeof(h) + body_len, payload, payload_len);
	if (fd_count > 0)
		memcpy(q->fds, fds, fd_count * sizeof(int));
	if (c != NULL && (c->first != NULL ||
	    !send_one(c->fd, q->octets, len, q->fds, fd_count))) {
		enqueue(c, q);
		return;
	}
	close_fds(q->fds, fd_count);
	free(q);
}

bool
ipc_send_blob_full(struct ipc *c, enum msg_type type, const void *body,
    size_t body_len, const void *blob, size_t len)
{
	if (len <= IPC_INLINE_MAX) {
		ipc_send_full(c, type, body, body_len, blob, len, NULL, 0);
		return true;
	}
	int fd = fd_memfile(rules[type].name, blob, len);
	if (fd == -1)
		return false;
	ipc_send_full(c, type, body, body_len, NULL, 0, &fd, 1);
	return true;
}

bool
ipc_is_idle(const struct ipc *c)
{
	return c == NULL || c->first == NULL;
}

void
ipc_flush(struct ipc *c, int timeout_ms)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	while (c != NULL && c->first != NULL) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		int64_t left = end - clock_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return;
		send_queued(c);
	}
}

enum err
ipc_blob_open(const struct ipc_msg *m, uint64_t len, struct ipc_blob *b)
{
	*b = (struct ipc_blob){ 0 };
	if (m->fd_count == 0) {
		if (m->payload_len != len)
			return ERR_CORRUPT;
		b->octets = m->payload;
		b->len = m->payload_len;
		return OK;
	}
	enum err e = fd_map_open(m->fds[0], &b->map);
	if (e != OK)
		return e;
	if (b->map.len < len) {
		fd_map_close(&b->map);
		return ERR_CORRUPT;
	}
	b->octets = b->map.octets;
	b->len = (size_t)len;
	return OK;
}

void
ipc_obey_log(const struct ipc_msg *m)
{
	const struct msg_log *b = m->body;
	switch ((enum log_order)b->order) {
	case LOG_ORDER_REOPEN:
		if (m->fd_count == 1)
			log_adopt(m->fds[0]);
		break;
	case LOG_ORDER_VERBOSITY:
		log_set_verbosity(b->verbosity);
		break;
	case LOG_ORDER_QUIET:
		log_quiet(b->in_background);
		break;
	}
}

enum err
ipc_blob_keep(const struct ipc_msg *m, uint64_t len, struct ipc_blob *b)
{
	enum err e = ipc_blob_open(m, len, b);
	if (e != OK || b->map.octets != NULL || b->len == 0)
		return e;
	int fd = fd_memfile("blob", b->octets, b->len);
	if (fd == -1)
		return ERR_SYSTEM;
	e = fd_map_open(fd, &b->map);
	fd_close(&fd);
	b->octets = b->map.octets;
	return e;
}

void
ipc_blob_close(struct ipc_blob *b)
{
	fd_map_close(&b->map);
	*b = (struct ipc_blob){ 0 };
}

/* ipc.h - typed messages between our processes, with descriptors.
 * One SOCK_SEQPACKET pair per channel; a message is at most 64 KiB, anything
 * larger travels as a descriptor. Sending never blocks: what the kernel does
 * not take is queued. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fd.h"
#include "proc/messages.h"
#include "proc/role.h"

enum msg_type {
#define MESSAGE(name, from, to, fds) MSG_##name,
#include "tables/messages.def"
#undef MESSAGE
	MSG_TYPES
};

#define IPC_MAX_FDS 64
#define IPC_MAX_OCTETS 65536
#define IPC_INLINE_MAX 32768	/* larger payloads become a descriptor */

struct ipc;
struct event_base;

/* One message as received. fds that the handler wants to keep it must take
 * (set to -1); the rest is closed after it returns. */
struct ipc_msg {
	enum msg_type type;
	const void *body;
	const uint8_t *payload;	/* behind the body */
	size_t payload_len;
	int *fds;
	unsigned fd_count;
};

struct ipc_user {
	void (*on_message)(void *arg, struct ipc *c, struct ipc_msg *m);
	/* End of file, or the peer broke the rules (*is_breach): the handler
	 * must close the channel. */
	void (*on_gone)(void *arg, struct ipc *c, bool is_breach);
	void *arg;
};

/* A connected pair; false with errno. */
MUST_CHECK bool ipc_pair(int fds[2]);
/* Takes the descriptor. self and peer: who may say what. */
struct ipc *ipc_open(struct event_base *loop, int fd, enum role self,
    enum role peer, uint32_t peer_number, const struct ipc_user *user);
/* Closes and forgets; null is accepted. Safe inside its own handlers. */
void ipc_close(struct ipc **c);
uint32_t ipc_peer_number(const struct ipc *c);

/* body: the struct of the type. The descriptors are the channel's afterwards,
 * whatever happens. A channel whose peer is gone swallows messages: the end
 * of file tells. c may be null (then descriptors are closed). */
void ipc_send_full(struct ipc *c, enum msg_type type, const void *body,
    size_t body_len, const void *payload, size_t payload_len, const int *fds,
    unsigned fd_count);
/* A payload of any length: inline or as a memory file. The body's blob_len is
 * set by the caller to len. */
MUST_CHECK bool ipc_send_blob_full(struct ipc *c, enum msg_type type,
    const void *body, size_t body_len, const void *blob, size_t len);

#define ipc_send(c, name, body)                                                \
	ipc_send_full((c), MSG_##name, (body), sizeof(struct msg_##name),      \
	    NULL, 0, NULL, 0)
#define ipc_send_payload(c, name, body, p, n)                                  \
	ipc_send_full((c), MSG_##name, (body), sizeof(struct msg_##name), (p), \
	    (n), NULL, 0)
#define ipc_send_fds(c, name, body, fds, n)                                    \
	ipc_send_full((c), MSG_##name, (body), sizeof(struct msg_##name),      \
	    NULL, 0, (fds), (n))
#define ipc_send_blob(c, name, body, p, n)                                     \
	ipc_send_blob_full((c), MSG_##name, (body),                            \
	    sizeof(struct msg_##name), (p), (n))
/* Handles all that has already arrived (before a channel is given up). */
void ipc_drain(struct ipc *c);
/* Descriptors still waiting to be sent? (before an orderly exit) */
bool ipc_is_idle(const struct ipc *c);
/* Sends what is queued, waiting at most this long. */
void ipc_flush(struct ipc *c, int timeout_ms);

/* The payload of a FDS_BLOB message, wherever it travelled. */
struct ipc_blob {
	const uint8_t *octets;
	size_t len;
	struct fd_map map;
};
MUST_CHECK enum err ipc_blob_open(const struct ipc_msg *m, uint64_t len,
    struct ipc_blob *b);
void ipc_blob_close(struct ipc_blob *b);
/* The same, kept beyond the handler: copies inline octets to the heap. */
MUST_CHECK enum err ipc_blob_keep(const struct ipc_msg *m, uint64_t len,
    struct ipc_blob *b);

/* What every role does with the messages `log` and `worker_log`. */
void ipc_obey_log(const struct ipc_msg *m);

const char *msg_name(enum msg_type type);

/* err.h - the error numbers of the whole program.
 * A number carries a class, so that policy follows from the number: what a
 * peer did wrong is never retried in the same way as trouble of our own. */
#pragma once
#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* Class: the upper octet of the number. */
#define ERR_CLASS_LOCAL 0x0100	/* memory, disk, system calls */
#define ERR_CLASS_PEER 0x0200	/* what came from a neighbour is wrong */
#define ERR_CLASS_INPUT 0x0300	/* configuration, zone file, command */
#define ERR_CLASS_STATE 0x0400	/* right in itself, not now */

#define ERR_TABLE(X)                                                           \
	X(ERR_MEMORY, ERR_CLASS_LOCAL | 1, "out of memory")                    \
	X(ERR_IO, ERR_CLASS_LOCAL | 2, "input/output error")                   \
	X(ERR_SYSTEM, ERR_CLASS_LOCAL | 3, "system call failed")               \
	X(ERR_FULL, ERR_CLASS_LOCAL | 4, "no space left")                      \
	X(ERR_CORRUPT, ERR_CLASS_LOCAL | 5, "stored data is damaged")          \
	X(ERR_CRYPTO, ERR_CLASS_LOCAL | 6, "cryptographic library failed")     \
	X(ERR_PEER_FORMAT, ERR_CLASS_PEER | 1, "malformed message")            \
	X(ERR_PEER_RCODE, ERR_CLASS_PEER | 2, "error rcode")                   \
	X(ERR_PEER_TSIG, ERR_CLASS_PEER | 3, "TSIG verification failed")       \
	X(ERR_PEER_SEQUENCE, ERR_CLASS_PEER | 4, "records out of order")       \
	X(ERR_PEER_STALE, ERR_CLASS_PEER | 5, "serial is not newer")           \
	X(ERR_PEER_INCONSISTENT, ERR_CLASS_PEER | 6, "does not apply")         \
	X(ERR_PEER_SIZE, ERR_CLASS_PEER | 7, "too large")                      \
	X(ERR_PEER_TIMEOUT, ERR_CLASS_PEER | 8, "timed out")                   \
	X(ERR_PEER_CLOSED, ERR_CLASS_PEER | 9, "connection closed")            \
	X(ERR_PEER_MISMATCH, ERR_CLASS_PEER | 10, "answer to another question")\
	X(ERR_INPUT_SYNTAX, ERR_CLASS_INPUT | 1, "syntax error")               \
	X(ERR_INPUT_UNKNOWN, ERR_CLASS_INPUT | 2, "unknown name")              \
	X(ERR_INPUT_RANGE, ERR_CLASS_INPUT | 3, "value out of range")          \
	X(ERR_INPUT_ZONE, ERR_CLASS_INPUT | 4, "not a usable zone")            \
	X(ERR_INPUT_FILE, ERR_CLASS_INPUT | 6, "not a regular file")           \
	X(ERR_INPUT_LINK, ERR_CLASS_INPUT | 5,                                 \
	    "a symbolic link that does not belong to root is not followed")    \
	X(ERR_NOT_FOUND, ERR_CLASS_STATE | 1, "not found")                     \
	X(ERR_EXISTS, ERR_CLASS_STATE | 2, "exists already")                   \
	X(ERR_AGAIN, ERR_CLASS_STATE | 3, "not now")                           \
	X(ERR_LIMIT, ERR_CLASS_STATE | 4, "limit reached")                     \
	X(ERR_TRANSITION, ERR_CLASS_STATE | 5, "no such transition")

enum err {
	OK = 0,
#define X(name, number, text) name = (number),
	ERR_TABLE(X)
#undef X
};

/* Says why in one line, for an operator; returns e. */
#define ERR_WHY_MAX 512
enum err err_why(enum err e, char why[ERR_WHY_MAX], const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A short lower-case phrase; static storage. */
const char *err_text(enum err e);
/* Where ERR_SYSTEM comes with errno: what the system said. */
const char *err_text_errno(enum err e);

static inline bool
err_is_local(enum err e)
{
	return ((unsigned)e & 0xff00u) == ERR_CLASS_LOCAL;
}

static inline bool
err_is_peer(enum err e)
{
	return ((unsigned)e & 0xff00u) == ERR_CLASS_PEER;
}

/* What we promised ourselves; stays in release builds, never judges input. */
#define ASSERT(claim)                                                          \
	((claim) ? (void)0 : assert_failed(#claim, __FILE__, __LINE__))
_Noreturn void assert_failed(const char *claim, const char *file, int line);

/* signals.h - signals as events of the loop.
 * Not libevent's own: it keeps what it has installed in a variable of the
 * process, which a fork inherits and then mistakes for its own. */
#pragma once
#include <stdbool.h>

struct event_base;

/* fn is called from the loop for each signal of the list, which is blocked
 * from now on (role_fork unblocks it in the child). False with errno. */
bool signals_watch(struct event_base *loop, const int *signals, unsigned n,
    void (*fn)(int sig, void *arg), void *arg);

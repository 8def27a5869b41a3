/* listen.h - the sockets that must outlive every role.
 * Runs in: supervisor, at start, with its first privileges. */
#pragma once
#include <stdbool.h>

#include "proc/daemon.h"

/* All sockets of the configuration, or none and false (an event says which
 * failed). A verify address that the machine lacks is skipped with a notice.
 */
bool listen_open(struct daemon *d);
/* Does this worker of so many read the socket? With reuseport each socket has
 * one that does, also when server-count has changed since the start. */
bool listen_is_read_by(const struct sockets *s, unsigned i, uint32_t worker,
    unsigned workers);
/* Takes the names of the control sockets that were opened out of the file
 * system. */
void listen_remove_names(const struct daemon *d);

/* listen.h - the sockets that must outlive every role.
 * Runs in: supervisor, at start, with its first privileges. */
#pragma once
#include <stdbool.h>

#include "proc/daemon.h"

/* All sockets of the configuration, or none and false (an event says which
 * failed). A verify address that the machine lacks is skipped with a notice.
 */
bool listen_open(struct daemon *d);
/* Takes the names of the control sockets that were opened out of the file
 * system. */
void listen_remove_names(const struct daemon *d);

/* pidfile.h - the number of the daemon, where others look for it. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

#include "base/place.h"

struct daemon;

struct pidfile {
	bool is_written;
	struct place at;
	dev_t device;	/* with inode: the file that we wrote */
	ino_t inode;
};

/* A new file takes the place of whatever has the name (a link too, never what
 * it leads to) and belongs to the user of the daemon. No pidfile: true. */
bool pidfile_write(const struct daemon *d, struct pidfile *p);
/* Unless another daemon has put its own there since. */
void pidfile_remove(struct pidfile *p);

/* loader.c - reads one zone file and writes a base file, as a transfer would.
 * Runs in: loader, one-shot, unprivileged. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/reap.h"
#include "proc/roles.h"
#include "zone/zonefile.h"

static unsigned errors;

static void
on_error(void *arg, const struct zone_text_error *e)
{
	(void)arg;
	errors++;
	ev_zonefile_error(e->file, e->line, e->what);
}

void
loader_main(struct daemon *d, uint32_t zone, int fd)
{
	const struct conf_zone *z = d->zones[zone];
	uint32_t serial;
	if (!daemon_enter(d))
		_exit(1);
	if (!reap_die_with(d->supervisor, SIGKILL) || z->file_path == NULL)
		_exit(1);
	enum err e = zonefile_to_base(daemon_inside(d, z->file_path),
	    z->apex, fd, on_error, NULL, &serial);
	if (e == OK && fsync(fd) == 0) {
		ev_zonefile_read(z->name);
		_exit(0);
	}
	if (errors == 0)
		ev_zonefile_trouble(z->name, z->file_path,
		    e == ERR_IO || e == ERR_SYSTEM ? strerror(errno) :
		    err_text(e));
	ev_zonefile_errors(z->name, errors == 0 ? 1 : errors);
	_exit(1);
}

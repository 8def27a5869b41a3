/* loader.c - reads zone files and writes base files, as a transfer would.
 * Runs in: loader, one-shot, unprivileged. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hook.h"
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

static enum err
read_file(const struct daemon *d, const struct conf_zone *z, int fd)
{
	uint32_t serial;
	hook_at("loader-reading", z->name);
	errors = 0;
	enum err e = zonefile_to_base(daemon_inside(d, z->file_path),
	    z->apex, fd, on_error, NULL, &serial);
	/* The disk, if it is one, has its share of the time here and not in
	 * xfrd. */
	if (e == OK && fsync(fd) == -1)
		e = ERR_IO;
	return e;
}

/* What became of it shall be seen even if the next file is our end. */
static void
mark_failed(int fd)
{
	if (ftruncate(fd, 0) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
	    !fd_write_all(fd, "!", LOADER_FAILED_OCTETS))
		_exit(1);
}

static bool
load(const struct daemon *d, uint32_t zone, int fd)
{
	const struct conf_zone *z = zone < d->zone_limit ? d->zones[zone] :
	    NULL;
	if (z == NULL || z->file_path == NULL) {
		mark_failed(fd);	/* it has left the configuration */
		return false;
	}
	enum err e = read_file(d, z, fd);
	if (e == OK) {
		ev_zonefile_read(z->name);
		return true;
	}
	if (errors == 0)
		ev_zonefile_trouble(z->name, z->file_path,
		    e == ERR_IO || e == ERR_SYSTEM ? strerror(errno) :
		    err_text(e));
	ev_zonefile_errors(z->name, errors == 0 ? 1 : errors);
	mark_failed(fd);
	return false;
}

void
loader_main(const struct loader_start *l)
{
	bool is_good = true;
	if (!daemon_enter(l->d) ||
	    !reap_die_with(l->d->supervisor, SIGKILL))
		_exit(1);
	for (unsigned i = 0; i < l->count; i++)
		is_good &= load(l->d, l->zones[i], l->fds[i]);
	_exit(is_good ? 0 : 1);
}

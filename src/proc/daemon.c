/* daemon.c - what a process does before it is a role: it enters the chroot and
 * becomes the user of the configuration.
 * Runs in: every role but the supervisor, which stays outside the chroot: it
 * reads configurations, opens rotated logs and removes the pid file by the
 * paths that the operator wrote, and being root it would not be kept in. */
#include "proc/daemon.h"

#include <string.h>

const char *
daemon_inside(const struct daemon *d, const char *path)
{
	const char *root = d->conf->server.chroot;
	size_t len = root == NULL ? 0 : strlen(root);
	while (len > 0 && root[len - 1] == '/')
		len--;
	if (len == 0 || path == NULL || strncmp(path, root, len) != 0)
		return path;
	if (path[len] == '\0')
		return "/";
	return path[len] == '/' ? path + len : path;
}

bool
daemon_enter(const struct daemon *d)
{
	const struct conf_server *s = &d->conf->server;
	if (s->chroot != NULL && s->chroot[0] != '\0' &&
	    !role_enter(s->chroot, daemon_inside(d, s->zonesdir)))
		return false;
	return !d->has_user || spawn_user_become(&d->user);
}

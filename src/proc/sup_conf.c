/* sup_conf.c - the way of a configuration: read and checked in a child, then
 * given to every role as one sealed memory file with a number.
 *
 * The file holds: number of zones, a zone id for each, and the configuration
 * in its normalised form. A zone keeps its id as long as it is configured. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/supervisor.h"
#include "serve/tls_files.h"

/* At the start they are for whoever starts us, afterwards for the log. */
static void
show_messages(const struct conf_report *r, bool is_start)
{
	char text[1024];
	for (const struct conf_message *m = r->first; m != NULL; m = m->next) {
		conf_message_text(m, text, sizeof(text));
		if (!m->is_error)
			continue;
		if (is_start)
			fprintf(stderr, "%s\n", text);
		else
			ev_conf_message(text);
	}
}

static bool
read_and_dump(const char *path, int fd, bool is_start)
{
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	struct octets text = { 0 };
	bool is_good = conf_load_file(path, &r, &c) == OK &&
	    conf_check(c, &r) && (!is_start || tls_files_check(c, &r)) &&
	    conf_dump(c, &text) &&
	    fd_write_all(fd, text.at, text.len);
	show_messages(&r, is_start);
	return is_good;
}

bool
sup_has_succeeded(pid_t pid)
{
	int status = -1;
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return pid != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
sup_conf_read(const struct daemon *d, const char *path)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(read_and_dump(path, fd, d->conf == NULL) ? 0 : 1);
	if (!sup_has_succeeded(pid))
		fd_close(&fd);
	return fd;
}

/* The id of a zone that stays, by the old configuration's own look-up. */
static uint32_t
kept_id(const struct daemon *d, const uint8_t *apex)
{
	if (d->conf == NULL)
		return UINT32_MAX;
	const struct conf_zone *z = conf_zone_by_apex(d->conf, apex);
	return z == NULL ? UINT32_MAX : d->ids[z->index];
}

static uint32_t *
assign_ids(const struct daemon *d, const struct conf *c, uint32_t *limit)
{
	uint32_t *ids = calloc(c->zone_count + 1, sizeof(*ids));
	ASSERT(ids != NULL);
	uint32_t next = d->zone_limit;
	for (size_t i = 0; i < c->zone_count; i++) {
		ids[i] = kept_id(d, c->zones[i].apex);
		if (ids[i] == UINT32_MAX)
			ids[i] = next++;
	}
	*limit = next;
	return ids;
}

static void
apply_overrides(const struct overrides *o, struct conf_server *s)
{
	if (o->log != NULL)
		s->logfile = o->log;
	if (o->pid != NULL)
		s->pidfile = o->pid;
	if (o->user != NULL)
		s->username = o->user;
	if (o->verbosity >= 0)
		s->verbosity = o->verbosity;
	if (o->tcp_count > 0)
		s->tcp_count = o->tcp_count;
	if (o->server_count > 0)
		s->server_count = o->server_count;
	if (o->only_ip4)
		s->do_ip6 = false;
	if (o->only_ip6)
		s->do_ip4 = false;
	if (o->port == 0)
		return;
	s->port = o->port;
	for (size_t i = 0; i < s->ip_address.n; i++) {
		/* The configuration is ours and not yet in force. */
		struct conf_listen *l =
		    (struct conf_listen *)(uintptr_t)&s->ip_address.at[i];
		if (strchr(l->text, '@') != NULL)
			continue;
		l->port = (uint16_t)o->port;
		addr_set_port(&l->addr, (uint16_t)o->port);
	}
}

static void
put_in_force(struct daemon *d, struct conf *c, uint32_t *ids, uint32_t limit,
    struct conf **old)
{
	apply_overrides(&d->overrides, &c->server);
	if (old != NULL)
		*old = d->conf;
	else
		conf_destroy(&d->conf);
	free(d->ids);
	free(d->zones);
	d->conf = c;
	d->ids = ids;
	d->zone_limit = limit;
	d->zones = NULL;
	daemon_index_zones(d);
}

void
daemon_index_zones(struct daemon *d)
{
	d->zones = calloc(d->zone_limit + 1, sizeof(*d->zones));
	ASSERT(d->zones != NULL);
	for (size_t i = 0; i < d->conf->zone_count; i++)
		d->zones[d->ids[i]] = &d->conf->zones[i];
}

static bool
load_text(const uint8_t *octets, size_t len, struct conf **c)
{
	struct conf_report r = { 0 };
	bool is_good = conf_load_octets("configuration", octets, len, &r, c) ==
	    OK;
	show_messages(&r, false);
	conf_report_end(&r);
	return is_good;
}

bool
sup_conf_apply(struct daemon *d, int fd)
{
	struct fd_map map;
	struct conf *c = NULL;
	if (fd_map_open(fd, &map) != OK)
		return false;
	bool is_good = load_text(map.octets, map.len, &c);
	fd_map_close(&map);
	if (!is_good)
		return false;
	uint32_t limit;
	uint32_t *ids = assign_ids(d, c, &limit);
	if (limit > MAX_ZONES) {
		ev_too_many_zones(MAX_ZONES);
		free(ids);
		conf_destroy(&c);
		return false;
	}
	put_in_force(d, c, ids, limit, NULL);
	d->conf_number++;
	return true;
}

int
sup_conf_share(const struct daemon *d)
{
	struct octets o = { 0 }, text = { 0 };
	uint32_t head[2] = { (uint32_t)d->conf->zone_count, d->zone_limit };
	int fd = -1;
	if (octets_add(&o, head, sizeof(head)) &&
	    octets_add(&o, d->ids, d->conf->zone_count * sizeof(*d->ids)) &&
	    conf_dump(d->conf, &text) && octets_add(&o, text.at, text.len))
		fd = fd_memfile("conf", o.at, o.len);
	octets_free(&o);
	octets_free(&text);
	return fd;
}

bool
conf_share_apply(struct daemon *d, int fd, uint32_t number, struct conf **old)
{
	struct fd_map map;
	struct conf *c = NULL;
	uint32_t head[2];
	if (fd_map_open(fd, &map) != OK)
		return false;
	bool is_good = map.len >= sizeof(head);
	if (is_good) {
		memcpy(head, map.octets, sizeof(head));
		size_t ids_len = head[0] * sizeof(uint32_t);
		is_good = map.len >= sizeof(head) + ids_len &&
		    load_text(map.octets + sizeof(head) + ids_len,
		    map.len - sizeof(head) - ids_len, &c) &&
		    c->zone_count == head[0];
	}
	if (is_good) {
		uint32_t *ids = calloc(head[0] + 1, sizeof(*ids));
		ASSERT(ids != NULL);
		memcpy(ids, map.octets + sizeof(head),
		    head[0] * sizeof(*ids));
		put_in_force(d, c, ids, head[1], old);
		d->conf_number = number;
	} else {
		conf_destroy(&c);
	}
	fd_map_close(&map);
	return is_good;
}

static void
hand_out(struct sup *s, struct sup_role *r)
{
	struct msg_conf m = { s->d->conf_number };
	int fd = sup_conf_share(s->d);
	if (fd == -1) {
		/* It would go on with the old one: start it anew. */
		if (r->pid != 0)
			kill(r->pid, SIGKILL);
		return;
	}
	ipc_send_fds(r->channel, conf, &m, &fd, 1);
}

bool
sup_reconfig(struct sup *s, char *text, size_t room)
{
	int fd = sup_conf_read(s->d, s->d->conf_path);
	if (fd == -1) {
		snprintf(text, room, "%s is not good, see the log; nothing "
		    "was changed", s->d->conf_path);
		return false;
	}
	bool is_good = sup_conf_apply(s->d, fd);
	fd_close(&fd);
	if (!is_good) {
		snprintf(text, room, "could not apply %s", s->d->conf_path);
		return false;
	}
	sup_verifier_configure(s);
	hand_out(s, &s->xfrd);
	hand_out(s, &s->store);
	hand_out(s, &s->gate);
	sup_tls_reload(s);
	snprintf(text, room, "ok");
	return true;
}

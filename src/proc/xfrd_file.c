/* xfrd_file.c - zone files: in through a loader, as a transfer from a file;
 * out through the store's scribe.
 * Runs in: xfrd. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/serial.h"
#include "dns/siphash.h"
#include "proc/roles.h"
#include "proc/xfrd.h"
#include "zone/zonefile.h"

#define SMALL_FILE_OCTETS (64u * 1024)
#define WRITE_ORDER 1u	/* msg_write_zone.id of a zone file; 0: snapshot */

static bool
file_facts(const char *path, struct journal_zonefile *f)
{
	struct stat st;
	if (stat(path, &st) == -1)
		return false;
	f->octets = (uint64_t)st.st_size;
	f->mtime_s = st.st_mtim.tv_sec;
	f->mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	return true;
}

static bool
is_unchanged(struct xzone *z, const struct journal_zonefile *now)
{
	struct journal_zonefile was;
	return journal_zonefile(z->x->journal, z->apex.octets, &was) == OK &&
	    was.octets == now->octets && was.mtime_s == now->mtime_s &&
	    was.mtime_ns == now->mtime_ns;
}

/* With primaries a file is read only while nothing is published, or on the
 * order to reload this zone. */
static bool
is_wanted(struct xzone *z, bool is_forced)
{
	if (z->conf->file_path == NULL || z->is_loading_file)
		return false;
	if (!file_facts(daemon_inside(z->x->d, z->conf->file_path),
	    &z->load_facts)) {
		if (z->conf->request_xfr.n == 0 || is_forced)
			ev_zonefile_trouble(z->conf->name, z->conf->file_path,
			    strerror(errno));
		return false;
	}
	if (is_forced)
		return true;
	if (z->conf->request_xfr.n > 0 && z->is_published)
		return false;
	return !z->is_published || !is_unchanged(z, &z->load_facts);
}

/* The loader with this order; 0: a free one. */
static struct xloader *
loader_of(struct xfrd *x, uint32_t order)
{
	for (int i = 0; i < LOADERS_MAX; i++)
		if (x->loaders[i].order == order)
			return &x->loaders[i];
	return NULL;
}

/* Of ten thousand small files each process reads many, into memory: what they
 * say goes into the journal. Who shares a loader whose end one of them was is
 * read again alone. */
static bool
shares_loader(const struct xzone *z)
{
	return !z->is_file_alone && z->load_facts.octets <= SMALL_FILE_OCTETS;
}

static bool
open_load(struct xzone *z)
{
	z->load_file[0] = '\0';
	if (shares_loader(z))
		z->load_fd = memfd_create("zonefile", MFD_CLOEXEC);
	else if (spool_create(z->x->statedir, SPOOL_TRANSFER, &z->load_fd,
	    z->load_file) != OK)
		z->load_fd = -1;
	return z->load_fd != -1;
}

/* The spool, if it was not taken over. */
static void
drop_load(struct xzone *z)
{
	if (z->load_file[0] != '\0')
		spool_drop(z->x->statedir, z->load_file);
	z->load_file[0] = '\0';
}

/* copy: for the loader. */
static bool
add_to_loader(struct xloader *l, struct xzone *z, int *copy)
{
	*copy = open_load(z) ? fcntl(z->load_fd, F_DUPFD_CLOEXEC, 3) : -1;
	if (*copy == -1) {
		ev_system_trouble("reading of a zone file", z->conf->name);
		drop_load(z);
		fd_close(&z->load_fd);
		return false;
	}
	l->zones[l->count++] = z->id;
	z->is_loading_file = true;
	z->load_order = l->order;
	z->load_may_go_back = z->is_file_forced;
	return true;
}

static void
start_loader(struct xfrd *x, struct xloader *l)
{
	struct msg_load_file m = { .id = ++x->next_order };
	int fds[LOAD_ZONES_MAX];
	bool is_shared = true;
	struct xzone *z;
	l->order = m.id;
	l->count = 0;
	while ((z = x->files) != NULL && is_shared &&
	    l->count < LOAD_ZONES_MAX) {
		bool is_due = is_wanted(z, z->is_file_forced);
		if (is_due && l->count > 0 && !shares_loader(z))
			break;
		xzone_forget_file(z);
		if (is_due && add_to_loader(l, z, &fds[l->count]))
			is_shared = shares_loader(z);
	}
	if (l->count > 0)
		ipc_send_full(x->supervisor, MSG_load_file, &m, sizeof(m),
		    l->zones, l->count * sizeof(*l->zones), fds, l->count);
	else
		l->order = 0;
}

/* Only some are there at a time: each takes descriptors in three others. */
void
xfrd_start_loaders(struct xfrd *x)
{
	struct xloader *l;
	while (x->files != NULL && (l = loader_of(x, 0)) != NULL)
		start_loader(x, l);
}

void
xzone_load_file(struct xzone *z, bool is_forced)
{
	struct xfrd *x = z->x;
	if (z->conf->file_path == NULL || z->is_loading_file)
		return;
	if (!z->is_file_queued) {
		if (x->files == NULL)
			x->files_end = &x->files;
		*x->files_end = z;
		x->files_end = &z->next_file;
		z->next_file = NULL;
		z->is_file_queued = true;
		z->is_file_forced = false;
	}
	z->is_file_forced |= is_forced;
	event_active(x->turn_event, EV_TIMEOUT, 0);
}

void
xzone_check_file(struct xzone *z)
{
	if (!z->is_published || z->x->d->conf->server.zonefiles_check)
		xzone_load_file(z, false);
}

void
xzone_forget_file(struct xzone *z)
{
	struct xfrd *x = z->x;
	if (!z->is_file_queued)
		return;
	struct xzone **at = &x->files;
	while (*at != z)
		at = &(*at)->next_file;
	*at = z->next_file;
	if (x->files_end == &z->next_file)
		x->files_end = at;
	z->is_file_queued = false;
}

/* The serial that the loader found, and a fingerprint of what it read: base
 * files are canonical, so the same records give the same one. */
static bool
loaded_serial(struct xzone *z, const struct fd_map *map, uint32_t *serial)
{
	static const uint8_t no_key[SIPHASH_KEY_OCTETS];
	struct rr soa;
	siphash_128(no_key, map->octets, map->len, z->load_facts.digest);
	return basefile_first(map->octets, map->len, &soa) &&
	    rr_soa_serial(&soa, serial);
}

/* A file that was touched but says what it said. */
static bool
says_the_same(const struct xzone *z)
{
	struct journal_zonefile was;
	return journal_zonefile(z->x->journal, z->apex.octets, &was) == OK &&
	    memcmp(was.digest, z->load_facts.digest, sizeof(was.digest)) == 0;
}

/* The same serial with other content is taken if the file is all the zone
 * has; a lower one only on `reload ZONE` (P3). */
static bool
is_acceptable(const struct xzone *z, uint32_t serial, bool is_same)
{
	if (!z->is_published || serial_newer(serial, z->serial))
		return true;
	if (serial == z->serial && z->conf->request_xfr.n == 0)
		return z->load_may_go_back || !is_same;
	if (z->load_may_go_back) {
		if (serial != z->serial)
			ev_zone_goes_back(z->conf->name, z->serial, serial);
		return serial != z->serial;
	}
	if (serial != z->serial)
		ev_zonefile_older(z->conf->name, serial, z->serial);
	return false;
}

/* Small ones go into the journal, as a small transfer does. */
static enum err
take_records(struct intake *in, const struct fd_map *map)
{
	struct xfr_sink sink = intake_sink(in);
	const uint8_t *octets;
	size_t len;
	uint32_t serial;
	struct rr rr;
	enum err e = basefile_read(map->octets, map->len, &serial, &octets,
	    &len);
	if (e == OK)
		e = sink.begin_zone(sink.arg, serial);
	struct buf b = buf_reading(octets, e == OK ? len : 0);
	while (e == OK && buf_left(&b) > 0)
		e = rr_take(&b, &rr) ? sink.record(sink.arg, &rr) :
		    ERR_CORRUPT;
	return e;
}

static enum err
take_in(struct xzone *z, const struct fd_map *map, uint32_t serial,
    struct intake *in)
{
	intake_begin(in, z->x);
	if (z->load_file[0] == '\0')
		return take_records(in, map);
	in->is_zone = true;
	in->is_spooled = true;
	in->len = map->len;
	in->to = serial;
	in->fd = fcntl(z->load_fd, F_DUPFD_CLOEXEC, 3);
	if (in->fd == -1)
		return ERR_SYSTEM;
	memcpy(in->file, z->load_file, sizeof(in->file));
	z->load_file[0] = '\0';
	return OK;
}

static void
take_file(struct xzone *z, const struct fd_map *map)
{
	struct xfrd *x = z->x;
	uint32_t serial;
	struct xbody body = { .primary_index = -1 };
	struct intake in;
	if (!loaded_serial(z, map, &serial)) {
		ev_system_trouble("output of the loader", z->conf->name);
		return;
	}
	bool is_same = says_the_same(z);
	z->load_facts.serial = serial;
	journal_put_zonefile(x->journal, z->apex.octets, &z->load_facts);
	xzone_touch(z);
	if (!is_acceptable(z, serial, is_same))
		return;
	enum err e = take_in(z, map, serial, &in);
	if (e != OK) {
		ev_xfr_not_taken(z->conf->name, "its zone file", err_text(e));
		intake_drop(&in);
		return;
	}
	struct update *u = update_begin(&z->updates,
	    journal_new_id(x->journal), UPDATE_FILE);
	u->goes_back = z->load_may_go_back || (z->is_published &&
	    serial == z->serial);
	xzone_arrived(z, u, &in, UPDATE_FILE, &body);
}

static bool
is_whole(const struct fd_map *map)
{
	const uint8_t *octets;
	size_t len;
	uint32_t serial;
	return basefile_read(map->octets, map->len, &serial, &octets, &len) ==
	    OK;
}

/* is_good: all files of this loader could be read. */
static void
file_loaded(struct xzone *z, bool is_good, bool was_shared)
{
	struct fd_map map = { 0 };
	if (fd_map_open(z->load_fd, &map) != OK)
		map = (struct fd_map){ 0 };
	if (map.len > LOADER_FAILED_OCTETS && (is_good || (was_shared &&
	    is_whole(&map)))) {
		take_file(z, &map);
		z->is_file_alone = false;
	} else if (map.len != LOADER_FAILED_OCTETS && was_shared) {
		z->is_file_alone = true;
		xzone_load_file(z, z->load_may_go_back);
	} else if (map.len != LOADER_FAILED_OCTETS) {
		ev_zonefile_trouble(z->conf->name, z->conf->file_path,
		    "who read it died");
	}
	fd_map_close(&map);
	drop_load(z);
	fd_close(&z->load_fd);
}

bool
xfrd_file_answer(struct xfrd *x, const struct msg_answer *m)
{
	struct xloader *l = m->id != 0 ? loader_of(x, m->id) : NULL;
	if (l == NULL)
		return false;
	for (unsigned i = 0; i < l->count; i++) {
		/* It may have gone meanwhile, or come again. */
		struct xzone *z = xfrd_zone(x, l->zones[i]);
		if (z == NULL || !z->is_loading_file ||
		    z->load_order != m->id)
			continue;
		z->is_loading_file = false;
		file_loaded(z, m->is_ok, l->count > 1);
	}
	l->order = 0;
	xfrd_start_loaders(x);
	return true;
}

/* --- out -------------------------------------------------------------- */

/* The file of a zone without primaries is the operator's: it has comments and
 * $INCLUDEs that are nowhere else. Nothing is gained by writing what has been
 * written. */
static bool
is_to_be_written(const struct xzone *z, const char *path)
{
	return path != NULL && !z->is_writing_file && z->is_published &&
	    z->x->store != NULL && z->conf->request_xfr.n > 0 &&
	    (z->is_file_old || access(path, F_OK) == -1);
}

void
xzone_write_file(struct xzone *z)
{
	const char *path = daemon_inside(z->x->d, z->conf->file_path);
	if (!is_to_be_written(z, path))
		return;
	free(z->write_tmp);
	free(z->write_path);
	z->write_path = strdup(path);
	if (asprintf(&z->write_tmp, "%s~%d", path, (int)getpid()) == -1)
		z->write_tmp = NULL;
	int fd = z->write_tmp == NULL ? -1 : open(z->write_tmp, O_WRONLY |
	    O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1) {
		ev_zonefile_trouble(z->conf->name, path, strerror(errno));
		return;
	}
	struct msg_write_zone m = { .zone = z->id, .id = WRITE_ORDER,
		.as_text = 1 };
	z->is_writing_file = true;
	ev_zonefile_writing(z->conf->name, path);
	ipc_send_fds(z->x->store, write_zone, &m, &fd, 1);
}

void
xfrd_wrote_file(struct xzone *z, const struct msg_wrote_zone *m)
{
	struct journal_zonefile f = { .serial = m->serial };
	z->is_writing_file = false;
	if (!m->is_ok || rename(z->write_tmp, z->write_path) == -1) {
		ev_zonefile_trouble(z->conf->name, z->write_path,
		    "could not be written");
		unlink(z->write_tmp);
		return;
	}
	z->file_written_s = xfrd_now_s(z->x);
	if (m->serial == z->serial)
		z->is_file_old = false;
	memcpy(f.digest, &m->digest, sizeof(f.digest));
	if (file_facts(z->write_path, &f))
		journal_put_zonefile(z->x->journal, z->apex.octets, &f);
	xzone_touch(z);
}

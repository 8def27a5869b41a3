/* basefile.c - zone octets in a file: head, records, tail.
 * Runs in: loader, xfrd (spools), scribe; read by store and candidate.
 *
 * Head, 48 octets: magic(8) format(4) serial(4) records(8) octets(8) zero(8)
 * and the sum of these (8). Tail, 8 octets: the sum of the head and of all
 * record octets. Integers in network order. The head is written last, so that
 * a file that breaks off is no base file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/node.h"
#include "zone/sum.h"
#include "zone/version.h"
#include "zone/zonefile.h"

#define HEAD_OCTETS 48
#define TAIL_OCTETS 8
#define BASEFILE_FORMAT 1
#define BUFFER_OCTETS ((size_t)256 << 10)

static const uint8_t magic[8] = "NSDVBASE";

struct basefile_writer {
	int fd;
	enum err failed;
	uint64_t records, octets;
	struct sum sum;
	size_t held;
	uint8_t buffer[BUFFER_OCTETS];
};

enum err
basefile_start(int fd, struct basefile_writer **out)
{
	static const uint8_t empty[HEAD_OCTETS];
	struct basefile_writer *w = malloc(sizeof *w);
	if (w == NULL)
		return ERR_MEMORY;
	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    !fd_write_all(fd, empty, sizeof empty)) {
		free(w);
		return ERR_IO;
	}
	w->fd = fd;
	w->failed = OK;
	w->records = w->octets = 0;
	w->held = 0;
	sum_start(&w->sum);
	*out = w;
	return OK;
}

static enum err
flush(struct basefile_writer *w)
{
	if (w->failed == OK && w->held > 0) {
		sum_add(&w->sum, w->buffer, w->held);
		if (!fd_write_all(w->fd, w->buffer, w->held))
			w->failed = errno == ENOSPC || errno == EDQUOT ?
			    ERR_FULL : ERR_IO;
	}
	w->held = 0;
	return w->failed;
}

enum err
basefile_add(struct basefile_writer *w, const struct rr *rr)
{
	struct buf b = buf_of(w->buffer, BUFFER_OCTETS);
	b.at = w->held;
	if (!rr_put(&b, rr)) {
		if (flush(w) != OK)
			return w->failed;
		b.at = 0;
		/* A record is at most 64 KiB and 265 octets. */
		ASSERT(rr_put(&b, rr));
	}
	w->octets += b.at - w->held;
	w->held = b.at;
	w->records++;
	return w->failed;
}

static void
put_head(uint8_t head[HEAD_OCTETS], uint32_t serial, uint64_t records,
    uint64_t octets)
{
	memset(head, 0, HEAD_OCTETS);
	memcpy(head, magic, sizeof magic);
	octets_set_u32(head + 8, BASEFILE_FORMAT);
	octets_set_u32(head + 12, serial);
	octets_set_u64(head + 16, records);
	octets_set_u64(head + 24, octets);
	octets_set_u64(head + 40, sum_of(head, 40));
}

/* The sum of everything: the head's own is mixed in. */
static uint64_t
whole_sum(const uint8_t *head, uint64_t body)
{
	uint8_t both[16];
	memcpy(both, head + 40, 8);
	octets_set_u64(both + 8, body);
	return sum_of(both, sizeof both);
}

enum err
basefile_finish(struct basefile_writer **writer, uint32_t serial)
{
	struct basefile_writer *w = *writer;
	uint8_t head[HEAD_OCTETS], tail[TAIL_OCTETS];
	enum err e = flush(w);
	put_head(head, serial, w->records, w->octets);
	octets_set_u64(tail, whole_sum(head, sum_end(&w->sum)));
	if (e == OK && (!fd_write_all(w->fd, tail, sizeof tail) ||
	    pwrite(w->fd, head, sizeof head, 0) != (ssize_t)sizeof head))
		e = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
	basefile_abort(writer);
	return e;
}

void
basefile_abort(struct basefile_writer **w)
{
	free(*w);
	*w = NULL;
}

enum err
basefile_read(const uint8_t *file, size_t len, uint32_t *serial,
    const uint8_t **octets, size_t *octets_len)
{
	struct sum sum;
	if (len < HEAD_OCTETS + TAIL_OCTETS ||
	    memcmp(file, magic, sizeof magic) != 0 ||
	    octets_u32(file + 8) != BASEFILE_FORMAT ||
	    octets_u64(file + 40) != sum_of(file, 40) ||
	    octets_u64(file + 24) != len - HEAD_OCTETS - TAIL_OCTETS)
		return ERR_CORRUPT;
	size_t n = len - HEAD_OCTETS - TAIL_OCTETS;
	sum_start(&sum);
	sum_add(&sum, file + HEAD_OCTETS, n);
	if (octets_u64(file + len - TAIL_OCTETS) !=
	    whole_sum(file, sum_end(&sum)))
		return ERR_CORRUPT;
	*serial = octets_u32(file + 12);
	*octets = file + HEAD_OCTETS;
	*octets_len = n;
	return OK;
}

static enum err
add_node(struct basefile_writer *w, const struct zone_version *z,
    const struct zone_node *n, bool without_soa)
{
	struct rrset rs;
	unsigned at = 0;
	enum err e = OK;
	while (e == OK && node_next_rrset(z, n, &at, &rs)) {
		struct rr rr;
		uint32_t rr_at = 0;
		if (rs.type == TYPE_SOA && without_soa)
			continue;
		while (e == OK && rrset_next(&rs, &rr_at, &rr))
			e = basefile_add(w, &rr);
	}
	return e;
}

enum err
basefile_write_version(int fd, const struct zone_version *z)
{
	struct basefile_writer *w;
	const struct zone_node *n, *apex = zone_apex_node(z);
	struct zone_iter it;
	struct rrset rs;
	struct rr soa;
	uint32_t at = 0;
	enum err e = basefile_start(fd, &w);
	if (e != OK)
		return e;
	if (!node_rrset(z, apex, TYPE_SOA, &rs) || !rrset_next(&rs, &at, &soa))
		e = ERR_CORRUPT;
	if (e == OK)
		e = basefile_add(w, &soa);
	zone_iter_start(z, &it);
	while (e == OK && (n = zone_iter_next(&it)) != NULL)
		e = add_node(w, z, n, n == apex);
	if (e == OK)
		return basefile_finish(&w, z->serial);
	basefile_abort(&w);
	return e;
}

bool
basefile_first(const uint8_t *file, size_t len, struct rr *rr)
{
	if (len < HEAD_OCTETS + TAIL_OCTETS ||
	    memcmp(file, magic, sizeof magic) != 0)
		return false;
	struct buf b = buf_reading(file + HEAD_OCTETS,
	    len - HEAD_OCTETS - TAIL_OCTETS);
	return rr_take(&b, rr);
}

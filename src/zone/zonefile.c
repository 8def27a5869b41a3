/* zonefile.c - a zone file into a base file; a version as text.
 * Runs in: loader (reading; the file is not trusted), scribe and candidate
 * (writing). */
#include "zone/zonefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/node.h"
#include "zone/version.h"

/* So many errors are named, then reading ends. */
#define ERRORS_MAX 50

struct reading {
	struct zone_text *text;
	const uint8_t *apex;
	zonefile_error_fn *on_error;
	void *arg;
	unsigned errors;
	bool has_soa;
	struct octets rest;	/* what stands before the SOA */
	uint32_t serial;
};

static void
complain(struct reading *r, const char *path, const struct rr *rr,
    const char *why)
{
	char name[NAME_TEXT_MAX], type[16];
	struct zone_text_error e = { .file = path };
	r->errors++;
	if (r->on_error == NULL)
		return;
	zone_text_where(r->text, &e);
	if (rr == NULL)
		snprintf(e.what, sizeof e.what, "%s", why);
	else
		snprintf(e.what, sizeof e.what, "%.150s %s: %s",
		    name_text(rr->owner, name), rrtype_text(rr->type, type),
		    why);
	r->on_error(r->arg, &e);
}

static enum err
take_record(struct reading *r, const char *path, const struct rr *rr,
    struct basefile_writer *w)
{
	if (!name_is_at_or_below(rr->owner, r->apex)) {
		complain(r, path, rr, "outside the zone");
		return OK;
	}
	if (rr->class != CLASS_IN || rrtype_is_meta(rr->type)) {
		complain(r, path, rr, "class or type that stands in no zone");
		return OK;
	}
	if (rr->type != TYPE_SOA) {
		if (r->has_soa)
			return basefile_add(w, rr);
		return rr_add(&r->rest, rr) ? OK : ERR_MEMORY;
	}
	if (r->has_soa || !name_equal(rr->owner, r->apex) ||
	    !rr_soa_serial(rr, &r->serial)) {
		complain(r, path, rr, r->has_soa ? "another SOA" :
		    "SOA not at the apex");
		return OK;
	}
	r->has_soa = true;
	enum err e = basefile_add(w, rr);
	struct buf b = buf_reading(r->rest.at, r->rest.len);
	struct rr held;
	while (e == OK && rr_take(&b, &held))
		e = basefile_add(w, &held);
	octets_free(&r->rest);
	return e;
}

static enum err
read_all(struct reading *r, const char *path, struct basefile_writer *w)
{
	struct zone_text_error te;
	struct rr rr;
	enum err e = OK;
	while (e == OK && r->errors < ERRORS_MAX) {
		e = zone_text_next(r->text, &rr, &te);
		if (e == OK) {
			e = take_record(r, path, &rr, w);
		} else if (e == ERR_INPUT_SYNTAX) {
			r->errors++;
			if (r->on_error != NULL)
				r->on_error(r->arg, &te);
			e = OK;
		}
	}
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	if (!r->has_soa && r->errors == 0)
		complain(r, path, NULL, "no SOA at the apex");
	return r->errors == 0 ? OK : ERR_INPUT_ZONE;
}

enum err
zonefile_to_base(const char *path, const uint8_t *apex, int fd,
    zonefile_error_fn *on_error, void *arg, uint32_t *serial)
{
	struct reading r = { .apex = apex, .on_error = on_error, .arg = arg };
	struct basefile_writer *w = NULL;
	enum err e = zone_text_open(path, apex, &r.text);
	if (e != OK)
		return e;
	e = basefile_start(fd, &w);
	if (e == OK)
		e = read_all(&r, path, w);
	zone_text_close(&r.text);
	octets_free(&r.rest);
	if (e == OK) {
		e = basefile_finish(&w, r.serial);
		if (e == OK)
			*serial = r.serial;
		return e;
	}
	if (w != NULL)
		basefile_abort(&w);
	return e;
}

void
zone_text_out_start(const struct zone_version *z, struct zone_text_out *o)
{
	zone_iter_start(z, &o->it);
	o->zone = z;
	o->node = NULL;
	o->rrset_at = 0;
	o->rr_at = 0;
	o->soa_done = o->failed = false;
}

static bool
put_line(struct octets *text, const struct rr *rr)
{
	size_t was = text->len;
	if (text_put_rr(text, rr) && octets_add(text, "\n", 1))
		return true;
	text->len = was;
	return false;
}

static bool
put_soa(struct zone_text_out *o, struct octets *text)
{
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	o->soa_done = true;
	return node_rrset(o->zone, zone_apex_node(o->zone), TYPE_SOA, &rs) &&
	    rrset_next(&rs, &at, &rr) && put_line(text, &rr);
}

/* The next record that is not the apex's SOA; false at the end. */
static bool
next_record(struct zone_text_out *o, struct rr *rr)
{
	struct rrset rs;
	for (;;) {
		if (o->node == NULL) {
			o->node = zone_iter_next(&o->it);
			o->rrset_at = 0;
			o->rr_at = 0;
		}
		if (o->node == NULL)
			return false;
		unsigned at = o->rrset_at;
		if (!node_next_rrset(o->zone, o->node, &at, &rs)) {
			o->node = NULL;
			continue;
		}
		if (rs.type != TYPE_SOA && rrset_next(&rs, &o->rr_at, rr))
			return true;
		o->rrset_at = at;
		o->rr_at = 0;
	}
}

bool
zone_text_out_more(struct zone_text_out *o, struct octets *text, size_t max)
{
	size_t start = text->len;
	struct rr rr;
	if (!o->soa_done && !put_soa(o, text))
		o->failed = true;
	while (!o->failed && text->len - start < max) {
		if (!next_record(o, &rr))
			return text->len > start;
		o->failed = !put_line(text, &rr);
	}
	return !o->failed;
}

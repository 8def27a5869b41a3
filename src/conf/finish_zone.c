/* finish_zone.c - the end of loading for patterns and zones: references,
 * inheritance from verify:, paths, the table by name. */
#include <string.h>

#include "conf/build.h"

static const struct conf_tls_auth *
tls_auth_find(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->tls_auth_count; i++)
		if (c->tls_auths[i].name != NULL &&
		    strcmp(c->tls_auths[i].name, name) == 0)
			return &c->tls_auths[i];
	return NULL;
}

static void
acl_resolve(struct builder *b, const struct conf_zone *z, const char *option,
    struct acl *a)
{
	if (a->signer == ACL_KEY && a->key == NULL) {
		a->key = conf_key_by_name(b->conf, a->key_name);
		if (a->key == NULL) {
			build_error(b, a->file, a->line, "%s: %s %s: key '%s' "
			    "is not defined", z->name, option, a->text,
			    a->key_name);
			a->signer = ACL_BLOCKED;	/* named once */
		}
	}
	if (a->tls_auth_name != NULL && a->tls_auth == NULL) {
		a->tls_auth = tls_auth_find(b->conf, a->tls_auth_name);
		if (a->tls_auth == NULL)
			build_error(b, a->file, a->line, "%s: %s %s: tls-auth "
			    "'%s' is not defined", z->name, option, a->text,
			    a->tls_auth_name);
	}
}

/* Lists are shared between a pattern and its zones; what was resolved once is
 * not again. */
static void
zone_resolve(struct builder *b, const struct conf_zone *z)
{
	const struct conf_section *s = &conf_sections[SECTION_ZONE];
	for (size_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->options[i];
		if (o->kind != KIND_ACL)
			continue;
		const struct acl_list *l =
		    (const void *)((const uint8_t *)z + o->offset);
		for (size_t j = 0; j < l->n; j++)
			acl_resolve(b, z, o->name,
			    (struct acl *)(uintptr_t)&l->at[j]);
	}
}

/* Options that neither the zone nor a pattern gave. */
static void
zone_inherit(struct builder *b, struct conf_zone *z,
    const struct conf_zone *defaults)
{
	const struct conf_section *s = &conf_sections[SECTION_ZONE];
	for (size_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->options[i];
		if (!conf_is_set(&z->set, (unsigned)i))
			memcpy((uint8_t *)z + o->offset,
			    (const uint8_t *)defaults + o->offset,
			    conf_kind_size(o->kind));
	}
	if (!conf_is_set(&z->set, CONF_ZONE_verify_zone))
		z->verify_zone = b->conf->verify.verify_zones;
	z->is_verified = b->conf->verify.enable && z->verify_zone;
}

/* What verify: says, in the form of a zone. */
static void
inherit_from_verify(struct conf_zone *defaults, const struct conf_verify *y)
{
#define OPTION_INNER(text, field, ...) defaults->field = y->field;
#include "tables/options.def"
}

static bool
zone_name(struct builder *b, struct conf_zone *z)
{
	struct name n;
	if (z->name == NULL) {
		build_error(b, z->file, z->line, "zone: has no name");
		return false;
	}
	if (!name_from_text(z->name, &n)) {
		build_error(b, z->file, z->line,
		    "zone: '%s' is not a domain name", z->name);
		return false;
	}
	z->apex = arena_copy(b->arena, n.octets, name_len(n.octets));
	return true;
}

static void
zone_path(struct builder *b, struct conf_zone *z)
{
	if (z->zonefile == NULL || z->zonefile[0] == '\0')
		return;
	if (!conf_zone_path(b->arena, z, b->conf->server.zonesdir,
	    &z->file_path))
		build_error(b, z->file, z->line,
		    "zone %s: the path of its zonefile is too long", z->name);
}

static void
zone_group(struct builder *b, struct conf_zone *z)
{
	if (z->zonestats == NULL || z->zonestats[0] == '\0')
		return;
	if (!conf_zone_text(b->arena, z, z->zonestats, &z->zonestats_group))
		build_error(b, z->file, z->line,
		    "zone %s: the name of its zonestats is too long", z->name);
}

static void
finish_zone(struct builder *b, struct conf_zone *z,
    const struct conf_zone *defaults)
{
	build_order_statements(z);
	if (!zone_name(b, z))
		return;
	zone_resolve(b, z);
	zone_inherit(b, z, defaults);
	zone_path(b, z);
	zone_group(b, z);
}

/* At most half full, so that a search ends soon. */
static void
zone_table_make(struct builder *b)
{
	struct conf *c = b->conf;
	uint32_t slots = 16;
	while (slots < c->zone_count * 2)
		slots *= 2;
	uint32_t *table = arena_array(b->arena, uint32_t, slots);
	c->zone_table = table;
	c->zone_table_mask = slots - 1;
	for (uint32_t i = 0; i < c->zone_count; i++) {
		const struct conf_zone *z = &c->zones[i];
		if (z->apex == NULL)
			continue;
		const struct conf_zone *other = conf_zone_by_apex(c, z->apex);
		if (other != NULL) {
			build_error(b, z->file, z->line, "zone %s: defined "
			    "again, first at %s:%u", z->name, other->file,
			    other->line);
			continue;
		}
		uint32_t at = (uint32_t)name_hash(z->apex) & (slots - 1);
		while (table[at] != 0)
			at = (at + 1) & (slots - 1);
		table[at] = i + 1;
	}
}

static void
finish_pattern(struct builder *b, size_t i)
{
	struct conf_zone *p = build_zone_at(&b->patterns, i);
	build_order_statements(p);
	if (p->name == NULL) {
		build_error(b, p->file, p->line, "pattern: has no name");
		return;
	}
	if (strpbrk(p->name, " \t\r\n") != NULL)
		build_error(b, p->file, p->line,
		    "pattern '%s': a space in the name", p->name);
	for (size_t j = 0; j < i; j++) {
		const struct conf_zone *q = build_zone_at(&b->patterns, j);
		if (q->name != NULL && strcmp(q->name, p->name) == 0)
			build_error(b, p->file, p->line, "pattern %s: defined "
			    "again, first at %s:%u", p->name, q->file,
			    q->line);
	}
	zone_resolve(b, p);
}

void
build_finish_zones(struct builder *b)
{
	struct conf *c = b->conf;
	struct conf_zone defaults = { 0 };
	build_defaults_fill(b, SECTION_ZONE, &defaults);
	inherit_from_verify(&defaults, &c->verify);
	for (size_t i = 0; i < b->patterns.n; i++)
		finish_pattern(b, i);
	for (size_t i = 0; i < b->zones.n; i++) {
		struct conf_zone *z = build_zone_at(&b->zones, i);
		z->index = (uint32_t)i;
		finish_zone(b, z, &defaults);
	}
	c->pattern_count = b->patterns.n;
	c->patterns = arena_copy(b->arena, b->patterns.at,
	    b->patterns.n * sizeof(*c->patterns));
	c->zone_count = b->zones.n;
	c->zones = arena_copy(b->arena, b->zones.at,
	    b->zones.n * sizeof(*c->zones));
	zone_table_make(b);
}

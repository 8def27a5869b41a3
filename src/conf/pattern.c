/* pattern.c - include-pattern, and the lines of a clause kept for the dump.
 * Always holds: loading the kept lines of a zone, in their order, gives the
 * zone again. */
#include <string.h>

#include "conf/build.h"

static void
copy_option(struct builder *b, const struct conf_option *o,
    struct conf_zone *to, const struct conf_zone *from)
{
	uint8_t *t = (uint8_t *)to + o->offset;
	const uint8_t *f = (const uint8_t *)from + o->offset;
	if (!conf_kind_is_list(o->kind)) {
		memcpy(t, f, conf_kind_size(o->kind));
		return;
	}
	/* All lists are an array and a count, see conf.h. */
	struct acl_list *tl = (void *)t;
	const struct acl_list *fl = (const void *)f;
	const size_t octets = o->kind == KIND_ACL ? sizeof(struct acl) :
	    o->kind == KIND_LISTEN ? sizeof(struct conf_listen) :
	    o->kind == KIND_NUMBERS ? sizeof(int64_t) : sizeof(char *);
	tl->at = list_join(b->arena, tl->at, &tl->n, octets, fl->at, fl->n);
}

static const struct conf_zone *
pattern_find(const struct builder *b, const char *name)
{
	/* A pattern must stand before its use; one includes never itself. */
	size_t n = b->patterns.n;
	if (b->clause.section == SECTION_PATTERN)
		n = b->clause.index;
	for (size_t i = n; i-- > 0;) {
		const struct conf_zone *p = build_zone_at(&b->patterns, i);
		if (p->name != NULL && strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

void
build_include_pattern(struct builder *b, struct conf_zone *into,
    const struct value *v)
{
	if (v->n != 1) {
		build_error(b, v->file, v->line,
		    "include-pattern: needs one name");
		return;
	}
	const struct conf_zone *p = pattern_find(b, v->words[0].text);
	if (p == NULL) {
		build_error(b, v->file, v->line, "include-pattern: pattern "
		    "'%s' is not defined before this line", v->words[0].text);
		return;
	}
	const struct conf_section *s = &conf_sections[SECTION_ZONE];
	for (size_t i = 0; i < s->count; i++) {
		if (!conf_is_set(&p->set, (unsigned)i))
			continue;
		copy_option(b, &s->options[i], into, p);
		into->set.bits[i / 64] |= UINT64_C(1) << (i % 64);
	}
	into->pattern = v->words[0].text;
	build_keep_statement(b, into, NULL, v);
}

/* A line that a later one of the same option makes void is dropped. */
void
build_drop_statements(struct conf_zone *z, const struct conf_option *o)
{
	const struct conf_statement **at = &z->statements;
	while (*at != NULL)
		if ((*at)->option == o)
			*at = (*at)->next;
		else
			at = &((struct conf_statement *)(uintptr_t)*at)->next;
}

/* The newest first, until build_order_statements. */
void
build_keep_statement(struct builder *b, struct conf_zone *z,
    const struct conf_option *o, const struct value *v)
{
	if (o != NULL && !conf_kind_is_list(o->kind) && o->kind != KIND_ARGVS)
		build_drop_statements(z, o);
	struct conf_statement *s = arena_new(b->arena, struct conf_statement);
	*s = (struct conf_statement){ .option = o, .n = v->n,
		.next = z->statements,
		.words = arena_copy(b->arena, v->words,
		    v->n * sizeof(*v->words)) };
	z->statements = s;
}

void
build_order_statements(struct conf_zone *z)
{
	const struct conf_statement *ordered = NULL, *next;
	for (const struct conf_statement *s = z->statements; s != NULL;
	    s = next) {
		next = s->next;
		((struct conf_statement *)(uintptr_t)s)->next = ordered;
		ordered = s;
	}
	z->statements = ordered;
}

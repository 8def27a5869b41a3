/* build.c - the builder: clauses and options as they come from a front end.
 * Runs in: loading. See build.h. */
#include "conf/build.h"

#include <stdlib.h>
#include <string.h>

#include "conf/report.h"

#define ERRORS_MAX 50

void
build_error(struct builder *b, const char *file, unsigned line,
    const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	if (!build_is_hopeless(b))
		report_add(b->report, true, file, line, fmt, args);
	va_end(args);
}

void
build_notice(struct builder *b, const char *file, unsigned line,
    const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report_add(b->report, false, file, line, fmt, args);
	va_end(args);
}

bool
build_is_hopeless(const struct builder *b)
{
	return b->report->errors >= ERRORS_MAX;
}

void *
vector_add(struct vector *v)
{
	if (v->n == v->room) {
		size_t room = v->room == 0 ? 8 : v->room * 2;
		void *at = reallocarray(v->at, room, v->octets);
		ASSERT(at != NULL);
		v->at = at;
		v->room = room;
	}
	void *element = (uint8_t *)v->at + v->n++ * v->octets;
	memset(element, 0, v->octets);
	return element;
}

void
vector_free(struct vector *v)
{
	free(v->at);
	v->at = NULL;
	v->n = v->room = 0;
}

struct conf_zone *
build_zone_at(const struct vector *v, size_t i)
{
	return (struct conf_zone *)v->at + i;
}

void
build_begin(struct builder *b, struct conf *c, struct conf_report *r)
{
	*b = (struct builder){ .arena = c->arena, .conf = c, .report = r,
		.words = conf_words_create(c->arena),
		.clause = { .section = SECTION_COUNT },
		.keys = { .octets = sizeof(struct conf_key) },
		.tls_auths = { .octets = sizeof(struct conf_tls_auth) },
		.patterns = { .octets = sizeof(struct conf_zone) },
		.zones = { .octets = sizeof(struct conf_zone) } };
}

void
build_end(struct builder *b)
{
	vector_free(&b->keys);
	vector_free(&b->tls_auths);
	vector_free(&b->patterns);
	vector_free(&b->zones);
}

static size_t
clause_new_zone(struct vector *v, const char *file, unsigned line)
{
	struct conf_zone *z = vector_add(v);
	z->file = file;
	z->line = line;
	return v->n - 1;
}

static size_t
clause_new_object(struct builder *b, enum conf_section_id section,
    const char *file, unsigned line)
{
	struct conf_key *k;
	struct conf_tls_auth *t;
	switch (section) {
	case SECTION_KEY:
		k = vector_add(&b->keys);
		k->file = file;
		k->line = line;
		return b->keys.n - 1;
	case SECTION_TLS_AUTH:
		t = vector_add(&b->tls_auths);
		t->file = file;
		t->line = line;
		return b->tls_auths.n - 1;
	case SECTION_PATTERN:
		return clause_new_zone(&b->patterns, file, line);
	case SECTION_ZONE:
		return clause_new_zone(&b->zones, file, line);
	case SECTION_SERVER:
	case SECTION_VERIFY:
	case SECTION_REMOTE:
	case SECTION_DNSTAP:
	case SECTION_COUNT:
		break;
	}
	return 0;
}

void
build_clause(struct builder *b, enum conf_section_id section,
    const char *file, unsigned line)
{
	b->clause = (struct clause){ .section = section, .file = file,
		.line = line, .number = ++b->clause_count,
		.index = clause_new_object(b, section, file, line) };
}

void *
build_object(struct builder *b)
{
	const size_t i = b->clause.index;
	switch (b->clause.section) {
	case SECTION_SERVER:
		return &b->conf->server;
	case SECTION_VERIFY:
		return &b->conf->verify;
	case SECTION_REMOTE:
		return &b->conf->remote;
	case SECTION_DNSTAP:
		return &b->conf->dnstap;
	case SECTION_KEY:
		return &((struct conf_key *)b->keys.at)[i].options;
	case SECTION_TLS_AUTH:
		return (struct conf_tls_auth *)b->tls_auths.at + i;
	case SECTION_PATTERN:
		return build_zone_at(&b->patterns, i);
	case SECTION_ZONE:
		return build_zone_at(&b->zones, i);
	case SECTION_COUNT:
		break;
	}
	return NULL;
}

static void
unknown_option(struct builder *b, const struct value *v)
{
	const enum conf_section_id s = b->clause.section;
	const char *near = conf_words_nearest(b->words, v->name, s);
	build_error(b, v->file, v->line, "unknown option '%s'%s%s%s%s%s",
	    v->name, s < SECTION_COUNT ? " in " : "",
	    s < SECTION_COUNT ? conf_sections[s].keyword : "",
	    s < SECTION_COUNT ? ":" : "", near ? ", nearest is " : "",
	    near ? near : "");
}

/* The nsd.conf syntax knows no sequences; who writes one meant YAML. Next to
 * an error this is its explanation, otherwise a notice: [ is a program. */
static void
hint_yaml(struct builder *b, const struct value *v, bool is_error)
{
	static const char hint[] = "%s: '%s' looks like YAML; a file in YAML "
	    "begins with the line ---";
	if (v->is_sequence || v->n == 0 || v->words[0].is_quoted)
		return;
	const struct word *w = &v->words[0];
	if (*w->text != '[' && *w->text != '{' && strcmp(w->text, "-") != 0)
		return;
	if (is_error)
		build_error(b, v->file, w->line, hint, v->name, w->text);
	else
		build_notice(b, v->file, w->line, hint, v->name, w->text);
}

/* The words of a text, split as nsd.conf splits an unquoted line. */
static size_t
split_words(struct builder *b, const struct word *from, struct word *to)
{
	const char *p = from->text;
	size_t n = 0;
	while (*(p += strspn(p, " \t\r\n")) != '\0') {
		const size_t len = strcspn(p, " \t\r\n");
		to[n++] = (struct word){ .line = from->line,
			.is_quoted = from->is_quoted,
			.text = arena_strndup(b->arena, p, len) };
		p += len;
	}
	return n;
}

static void
set_one(struct builder *b, const struct conf_option *o, const struct value *v)
{
	const enum conf_section_id s = b->clause.section;
	void *object = build_object(b);
	const struct list_place was = b->verifier_place;
	if (!value_set(b, o, object, v))
		return;
	if (s == SECTION_PATTERN || s == SECTION_ZONE) {
		if (o->kind == KIND_ARGVS && (was.object != object ||
		    was.file != v->file || was.clause != b->clause.number))
			build_drop_statements(object, o);
		build_keep_statement(b, object, o, v);
	}
	build_option_rules(b, s, o, object, v);
	if (o->effect != EFFECT_USED)
		build_notice(b, v->file, v->line, "%s: %s", v->name,
		    o->effect == EFFECT_NOT_YET ?
		    "has no effect in this version" :
		    "has no meaning here, ignored");
}

/* A sequence is one command, or a list with one element per item; for
 * neighbours: one line if no item has several words. */
static void
set_sequence(struct builder *b, const struct conf_option *o,
    const struct value *v)
{
	bool is_one = o->kind == KIND_ARGV || o->kind == KIND_ARGVS ||
	    o->kind == KIND_WORDS;
	if (o->kind == KIND_ACL) {
		is_one = true;
		for (size_t i = 0; i < v->n; i++)
			is_one &= strpbrk(v->words[i].text, " \t\n") == NULL;
	}
	if (is_one || !conf_kind_is_list(o->kind)) {
		set_one(b, o, v);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		const size_t most = strlen(v->words[i].text) / 2 + 1;
		struct word *words = arena_array(b->arena, struct word, most);
		struct value item = *v;
		item.n = split_words(b, &v->words[i], words);
		item.words = words;
		item.is_sequence = false;
		set_one(b, o, &item);
	}
}

static void
set_name(struct builder *b, const struct value *v)
{
	struct conf_zone *z = build_object(b);
	if (v->n != 1 || v->words[0].text[0] == '\0') {
		build_error(b, v->file, v->line, "name: needs one value");
		return;
	}
	if (z->name != NULL)	/* as NSD; but a "zone:" may be missing */
		build_notice(b, v->file, v->line,
		    "%s %s: a second name, it is called '%s' now",
		    conf_sections[b->clause.section].keyword, z->name,
		    v->words[0].text);
	z->name = v->words[0].text;
}

static bool
set_special(struct builder *b, const struct value *v)
{
	const enum conf_section_id s = b->clause.section;
	if (strcmp(v->name, "include") == 0) {
		build_include(b, v);
		return true;
	}
	if (s != SECTION_PATTERN && s != SECTION_ZONE)
		return false;
	if (strcmp(v->name, "name") == 0) {
		set_name(b, v);
		return true;
	}
	if (strcmp(v->name, "include-pattern") == 0) {
		b->clause.number = ++b->clause_count;
		build_include_pattern(b, build_object(b), v);
		return true;
	}
	return false;
}

static void
option_dispatch(struct builder *b, const struct value *v)
{
	const struct conf_word *w =
	    conf_words_find(b->words, v->name, strlen(v->name));
	const enum conf_section_id s = b->clause.section;
	if (w != NULL && w->is_special && set_special(b, v))
		return;
	if (s == SECTION_COUNT && w != NULL)
		build_error(b, v->file, v->line,
		    "option '%s' stands before any section", v->name);
	else if (w == NULL || s == SECTION_COUNT || w->option[s] == NULL)
		unknown_option(b, v);
	else if (v->is_sequence)
		set_sequence(b, w->option[s], v);
	else
		set_one(b, w->option[s], v);
}

void
build_option(struct builder *b, const struct value *v)
{
	const size_t errors = b->report->errors;
	if (build_is_hopeless(b))
		return;
	option_dispatch(b, v);
	hint_yaml(b, v, b->report->errors != errors);
}

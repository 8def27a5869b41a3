/* dump.c - the whole configuration as text.
 * Two forms: for our own reader (all that was given, secrets included, so
 * that loading it gives an equal configuration) and for people (everything as
 * it holds after patterns and defaults, no secret). */
#include "conf/dump.h"

#include <string.h>

static void
dump_clause(struct dump *d, enum conf_section_id id)
{
	dump_text(d, conf_sections[id].keyword);
	dump_text(d, ":\n");
}

/* "verifier: """ says that there is none, which an empty list cannot. */
static void
dump_void_list(struct dump *d, const struct conf_option *o,
    const void *object)
{
	const void *m = (const uint8_t *)object + o->offset;
	const bool is_void = o->kind == KIND_ARGVS ?
	    ((const struct conf_argvs *)m)->n == 0 :
	    o->kind == KIND_ARGV && ((const struct conf_argv *)m)->argc == 0;
	if (!is_void)
		return;
	dump_text(d, "\t");
	dump_text(d, o->name);
	dump_text(d, ": \"\"\n");
}

/* Options that were given. */
static void
dump_given(struct dump *d, enum conf_section_id id, const void *object)
{
	const struct conf_section *s = &conf_sections[id];
	const struct conf_set *set = object;
	dump_clause(d, id);
	for (size_t i = 0; i < s->count; i++) {
		if (!conf_is_set(set, (unsigned)i))
			continue;
		dump_option(d, &s->options[i], object);
		dump_void_list(d, &s->options[i], object);
	}
}

static void
dump_name(struct dump *d, const char *name)
{
	dump_text(d, "\tname: ");
	dump_word(d, name, true);
	dump_text(d, "\n");
}

static void
dump_statements(struct dump *d, enum conf_section_id id,
    const struct conf_zone *z)
{
	dump_clause(d, id);
	dump_name(d, z->name);
	const struct conf_statement *s = z->statements;
	for (; s != NULL; s = s->next) {
		dump_text(d, "\t");
		dump_text(d, s->option ? s->option->name : "include-pattern");
		dump_text(d, ":");
		for (size_t i = 0; i < s->n; i++) {
			dump_text(d, " ");
			dump_word(d, s->words[i].text, s->words[i].is_quoted);
		}
		dump_text(d, "\n");
	}
}

bool
conf_dump(const struct conf *c, struct octets *out)
{
	struct dump d = { .out = out, .has_escapes = true };
	dump_text(&d, DUMP_HEADER);
	dump_given(&d, SECTION_SERVER, &c->server);
	dump_given(&d, SECTION_VERIFY, &c->verify);
	dump_given(&d, SECTION_REMOTE, &c->remote);
	dump_given(&d, SECTION_DNSTAP, &c->dnstap);
	for (size_t i = 0; i < c->key_count; i++)
		dump_given(&d, SECTION_KEY, &c->keys[i].options);
	for (size_t i = 0; i < c->tls_auth_count; i++)
		dump_given(&d, SECTION_TLS_AUTH, &c->tls_auths[i]);
	for (size_t i = 0; i < c->pattern_count; i++)
		dump_statements(&d, SECTION_PATTERN, &c->patterns[i]);
	for (size_t i = 0; i < c->zone_count; i++)
		dump_statements(&d, SECTION_ZONE, &c->zones[i]);
	return !d.is_failed;
}

static bool
is_secret(const char *name)
{
	return strcmp(name, "secret") == 0 ||
	    strcmp(name, "cookie-secret") == 0 ||
	    strcmp(name, "cookie-staging-secret") == 0 ||
	    strcmp(name, "client-key-pw") == 0;
}

/* Options as they hold; only_set: those that were given. */
static void
dump_holding(struct dump *d, enum conf_section_id id, const void *object,
    bool only_set)
{
	const struct conf_section *s = &conf_sections[id];
	for (size_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->options[i];
		const bool is_set = conf_is_set(object, (unsigned)i);
		if (!is_set && (only_set || o->effect != EFFECT_USED))
			continue;
		if (!is_secret(o->name)) {
			dump_option(d, o, object);
		} else if (is_set) {
			dump_text(d, "\t# ");
			dump_text(d, o->name);
			dump_text(d, ": not shown\n");
		}
	}
}

static void
dump_zone_public(struct dump *d, enum conf_section_id id,
    const struct conf_zone *z)
{
	dump_clause(d, id);
	dump_name(d, z->name);
	if (z->pattern != NULL) {
		dump_text(d, "\t# include-pattern: ");
		dump_word(d, z->pattern, true);
		dump_text(d, "\n");
	}
	dump_holding(d, id, z, id == SECTION_PATTERN);
}

bool
conf_dump_public(const struct conf *c, struct octets *out)
{
	struct dump d = { .out = out };
	dump_text(&d, "# ");
	dump_text(&d, c->file);
	dump_text(&d, ": as it holds after patterns and defaults\n");
	dump_clause(&d, SECTION_SERVER);
	dump_holding(&d, SECTION_SERVER, &c->server, false);
	dump_clause(&d, SECTION_VERIFY);
	dump_holding(&d, SECTION_VERIFY, &c->verify, false);
	dump_clause(&d, SECTION_REMOTE);
	dump_holding(&d, SECTION_REMOTE, &c->remote, false);
	for (size_t i = 0; i < c->key_count; i++) {
		dump_clause(&d, SECTION_KEY);
		dump_holding(&d, SECTION_KEY, &c->keys[i].options, false);
	}
	for (size_t i = 0; i < c->tls_auth_count; i++) {
		dump_clause(&d, SECTION_TLS_AUTH);
		dump_holding(&d, SECTION_TLS_AUTH, &c->tls_auths[i], false);
	}
	for (size_t i = 0; i < c->pattern_count; i++)
		dump_zone_public(&d, SECTION_PATTERN, &c->patterns[i]);
	for (size_t i = 0; i < c->zone_count; i++)
		dump_zone_public(&d, SECTION_ZONE, &c->zones[i]);
	return !d.is_failed;
}

enum err
conf_print_option(const struct conf *c, const struct conf_zone *z,
    const char *option, struct octets *out)
{
	const struct { enum conf_section_id id; const void *object; } rows[] =
	    {
		{ SECTION_ZONE, z },
		{ SECTION_SERVER, z ? NULL : &c->server },
		{ SECTION_VERIFY, z ? NULL : &c->verify },
		{ SECTION_REMOTE, z ? NULL : &c->remote },
		{ SECTION_DNSTAP, z ? NULL : &c->dnstap },
	};
	struct dump d = { .out = out };
	struct arena *a = arena_create(0);
	ASSERT(a != NULL);
	const struct conf_word *w = conf_words_find(conf_words_create(a),
	    option, strlen(option));
	enum err e = ERR_NOT_FOUND;
	for (size_t i = 0; w != NULL && i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].object != NULL && w->option[rows[i].id] != NULL) {
			dump_value(&d, w->option[rows[i].id], rows[i].object);
			e = d.is_failed ? ERR_MEMORY : OK;
			break;
		}
	arena_destroy(&a);
	return e;
}

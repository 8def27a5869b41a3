/* build.h - the builder: what both front ends feed and know nothing of.
 * A front end says "clause X begins" and "option X has these words"; the
 * builder checks, stores, and at the end resolves. Errors are collected and
 * never stop it, so that one run names them all (up to a limit).
 * Everything that the configuration refers to lives in its arena. */
#pragma once
#include "conf/conf.h"
#include "conf/option.h"

struct word {
	const char *text;
	unsigned line;
	bool is_quoted;
};

/* The words of one option. */
struct value {
	const char *name;	/* of the option, as written */
	const char *file;
	unsigned line;
	const struct word *words;
	size_t n;
	bool is_sequence;	/* a YAML flow sequence: words not split yet */
};

/* One line of a pattern or zone, kept for the dump. */
struct conf_statement {
	const struct conf_statement *next;
	const struct conf_option *option;	/* null: include-pattern */
	const struct word *words;
	size_t n;
};

/* A growing array of structs on the heap. */
struct vector {
	void *at;
	size_t n, room, octets;		/* octets of one element */
};

/* Place of the last verifier line: decides whether the next one adds to the
 * list or begins a new one. */
struct list_place {
	const void *object;
	const char *file;
	unsigned clause;
};

/* Somebody whom an option names, with the first line that does. */
struct named_user {
	struct named_user *next;
	const char *name, *option, *file;
	unsigned line;
};

struct clause {
	enum conf_section_id section;	/* SECTION_COUNT: none yet */
	size_t index;			/* of the object in its vector */
	unsigned number;		/* counts clauses and inclusions */
	const char *file;
	unsigned line;
};

struct builder {
	struct arena *arena;
	struct conf *conf;
	struct conf_report *report;
	const struct conf_words *words;
	struct clause clause;
	unsigned clause_count;
	struct list_place verifier_place;
	struct vector keys, tls_auths, patterns, zones;
	struct named_user *users;	/* that must exist */
	bool reads_disk;		/* include: is allowed, users exist */
	struct include *including;	/* innermost file being read */
};

/* Messages; %s of anything the user wrote is safe. */
void build_error(struct builder *b, const char *file, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void build_notice(struct builder *b, const char *file, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Too many errors: front ends may stop. */
bool build_is_hopeless(const struct builder *b);

void build_begin(struct builder *b, struct conf *c, struct conf_report *r);
/* Frees what is not in the arena. */
void build_end(struct builder *b);
/* A clause begins. */
void build_clause(struct builder *b, enum conf_section_id section,
    const char *file, unsigned line);
/* An option of the current clause; v is copied. */
void build_option(struct builder *b, const struct value *v);
/* All was read: defaults, limits, references, tables. */
void build_finish(struct builder *b);
void build_finish_zones(struct builder *b);
/* Members that were not set get the default of their row. */
void build_defaults_fill(struct builder *b, enum conf_section_id id,
    void *object);

/* Members of the current clause. */
void *build_object(struct builder *b);
struct conf_zone *build_zone_at(const struct vector *v, size_t i);
void *vector_add(struct vector *v);
void vector_free(struct vector *v);

/* value.c: read the words into the member of the option and set its bit. */
MUST_CHECK bool value_set(struct builder *b, const struct conf_option *o,
    void *object, const struct value *v);
MUST_CHECK bool value_number(struct builder *b, const struct value *v,
    const struct word *w, const char *range, int64_t *number);
/* value_acl.c, value_listen.c: append one element. */
MUST_CHECK bool value_acl(struct builder *b, const char *what,
    struct acl_list *list, const struct value *v);
MUST_CHECK bool value_listen(struct builder *b, const char *what,
    struct conf_listens *list, const struct value *v);
/* value_key.c: name, algorithm and secret in wire form. */
void value_key_finish(struct builder *b, struct conf_key *k);
/* value_argv.c */
void value_argv(struct builder *b, const struct value *v,
    struct conf_argv *argv);
/* Gives the commands of a list their names, second ones NAME#2. */
void value_argv_name(struct arena *a, struct conf_argv *list, size_t n);

/* list.c: arrays in the arena that share their beginnings: a zone that adds
 * to its pattern's list never changes the pattern's. */
void *list_add(struct arena *a, const void *at, size_t *n, size_t octets,
    const void *element);
void *list_join(struct arena *a, const void *at, size_t *n, size_t octets,
    const void *more, size_t more_n);

/* Special checks after an option was set, see check_option.c. */
void build_option_rules(struct builder *b, enum conf_section_id section,
    const struct conf_option *o, void *object, const struct value *v);

/* pattern.c: the options of a pattern into a pattern or zone. */
void build_include_pattern(struct builder *b, struct conf_zone *into,
    const struct value *v);
void build_keep_statement(struct builder *b, struct conf_zone *z,
    const struct conf_option *o, const struct value *v);
void build_drop_statements(struct conf_zone *z, const struct conf_option *o);
/* Once, at the end: the order of the file. */
void build_order_statements(struct conf_zone *z);

/* zone_path.c: the macros of zonefile and zonestats; false: too long. */
MUST_CHECK bool conf_zone_text(struct arena *a, const struct conf_zone *z,
    const char *template, const char **text);
MUST_CHECK bool conf_zone_path(struct arena *a, const struct conf_zone *z,
    const char *zonesdir, const char **path);

/* load.c: reads the files that the pattern names. */
void build_include(struct builder *b, const struct value *v);
/* Front ends: text of one file, zero-terminated. */
void front_nsd(struct builder *b, const char *file, const char *text,
    size_t len);
void front_yaml(struct builder *b, const char *file, const char *text,
    size_t len);
/* The first token is --- */
bool front_is_yaml(const char *text, size_t len);
/* First line of what conf_dump writes: in it \" and \\ are escapes. */
#define DUMP_HEADER "# nsd-verify dump 1\n"

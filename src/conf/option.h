/* option.h - the rows of tables/options.def as data: sections, options,
 * kinds, and the words that the front ends must know. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum conf_section_id {
	SECTION_SERVER, SECTION_VERIFY, SECTION_REMOTE, SECTION_KEY,
	SECTION_TLS_AUTH, SECTION_PATTERN, SECTION_ZONE, SECTION_DNSTAP,
	SECTION_COUNT
};

enum conf_kind {
	KIND_BOOL, KIND_NUMBER, KIND_SECONDS, KIND_SIZE, KIND_EXPIRE,
	KIND_STRING, KIND_PATH, KIND_WORDS, KIND_ENUM, KIND_ARGV, KIND_ARGVS,
	KIND_LISTEN, KIND_ACL, KIND_STRINGS, KIND_NUMBERS
};

/* What an option does; what it does not do, checkconf says. */
enum conf_effect {
	EFFECT_USED,
	EFFECT_NOT_YET,		/* read; nothing looks at it in this version */
	EFFECT_IGNORED		/* of NSD, without meaning here */
};

struct conf_option {
	const char *name;
	enum conf_kind kind;
	const char *values;
	const char *def;	/* null: unset */
	enum conf_effect effect;
	bool is_inner;		/* stands in verify:, pattern: and zone: */
	size_t offset;		/* of the member in the section's struct */
	unsigned bit;		/* in its struct conf_set, the first member */
	const char *help;
};

struct conf_section {
	const char *keyword;	/* without the colon */
	const struct conf_option *options;
	size_t count;
	bool is_object;		/* each clause makes a new one */
};

extern const struct conf_section conf_sections[SECTION_COUNT];

size_t conf_kind_size(enum conf_kind kind);
/* Given again it grows, and patterns add to it. */
bool conf_kind_is_list(enum conf_kind kind);
/* int64_t, read as -1 when unset without default. */
bool conf_kind_is_number(enum conf_kind kind);

/* A word that stands before a colon. */
struct conf_word {
	const char *text;
	bool is_clause;
	enum conf_section_id section;	/* if is_clause */
	/* What it means in each section; null: nothing there. */
	const struct conf_option *option[SECTION_COUNT];
	bool is_special;	/* name, include-pattern, include */
};

struct conf_words;
struct conf_words *conf_words_create(struct arena *a);
/* Null if no section knows it. Case does not matter, as in NSD (its scanner is
 * case-insensitive; values are not). */
const struct conf_word *conf_words_find(const struct conf_words *w,
    const char *text, size_t len);
/* The known word nearest to text that may stand in this section
 * (SECTION_COUNT: a clause); null if none is near. */
const char *conf_words_nearest(const struct conf_words *w, const char *text,
    enum conf_section_id section);

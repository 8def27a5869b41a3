/* front_yaml.c - front end for YAML, on libyaml's events (not its documents:
 * sections and options may repeat). Knows no option; feeds the builder.
 * A plain scalar is split into words as a line of nsd.conf is, a block scalar
 * likewise; a quoted scalar is one word. A flow sequence [a, b] is one value
 * of these words (one command), a block sequence is one value per item. */
#include <string.h>
#include <yaml.h>

#include "conf/build.h"
#include "conf/lexer.h"

struct yaml {
	struct builder *b;
	const char *file;
	yaml_parser_t parser;
	yaml_event_t event;	/* the current one */
	bool is_over;		/* an error ended it */
	unsigned depth;		/* 1: sections, 2: their options */
};

static unsigned
line_of(const struct yaml *y)
{
	return (unsigned)y->event.start_mark.line + 1;
}

static void
yaml_stop(struct yaml *y, unsigned line, const char *what)
{
	if (!y->is_over)
		build_error(y->b, y->file, line, "%s", what);
	y->is_over = true;
}

/* What libyaml says of the mistakes that users of nsd.conf make, in plain
 * words. */
static const char *
yaml_problem(const yaml_parser_t *p)
{
	if (p->problem == NULL)
		return "this is not YAML";
	if (strstr(p->problem, "cannot start any token") != NULL)
		return "this sign cannot stand here in YAML (a tab cannot "
		    "indent; %, @ and ` need quotes)";
	if (strstr(p->problem, "alphabetic or numeric") != NULL)
		return "a word that begins with * or & needs quotes in YAML";
	if (strstr(p->problem, "expected node content") != NULL)
		return "this cannot stand here in YAML without quotes";
	return p->problem;
}

/* The next event; after an error there is none. */
static bool
next(struct yaml *y)
{
	yaml_event_delete(&y->event);
	if (y->is_over || build_is_hopeless(y->b))
		return false;
	if (!yaml_parser_parse(&y->parser, &y->event)) {
		yaml_stop(y, (unsigned)y->parser.problem_mark.line + 1,
		    yaml_problem(&y->parser));
		return false;
	}
	if (y->event.type == YAML_ALIAS_EVENT) {
		yaml_stop(y, line_of(y), "an alias (*) has no meaning here; "
		    "put the value in quotes");
		return false;
	}
	return true;
}

/* The scalar's text in the arena; null if it holds a zero octet. */
static const char *
scalar_text(struct yaml *y)
{
	const char *text = (const char *)y->event.data.scalar.value;
	const size_t len = y->event.data.scalar.length;
	if (memchr(text, '\0', len) != NULL) {
		yaml_stop(y, line_of(y), "a zero octet in a value");
		return NULL;
	}
	return arena_strndup(y->b->arena, text, len);
}

static bool
scalar_is_split(const struct yaml *y)
{
	const yaml_scalar_style_t s = y->event.data.scalar.style;
	return s != YAML_SINGLE_QUOTED_SCALAR_STYLE &&
	    s != YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

static void
add_word(struct yaml *y, struct vector *words, const char *text,
    unsigned line, bool is_quoted)
{
	(void)y;
	struct word *w = vector_add(words);
	*w = (struct word){ .text = text, .line = line,
		.is_quoted = is_quoted };
}

static void
split_scalar(struct yaml *y, struct vector *words, const char *text,
    unsigned line)
{
	struct lexer l;
	struct token t;
	lexer_begin(&l, y->b->arena, text, strlen(text), line);
	for (conf_lexer_next(&l, &t); t.kind != TOKEN_END;
	    conf_lexer_next(&l, &t)) {
		if (t.kind == TOKEN_BAD) {
			build_error(y->b, y->file, line,
			    "a quote or backslash without its end");
			return;
		}
		add_word(y, words, t.text, t.line, t.kind == TOKEN_QUOTED);
	}
}

static void
give(struct yaml *y, const char *name, unsigned line,
    const struct vector *words, bool is_sequence)
{
	const struct value v = { .name = name, .file = y->file, .line = line,
		.words = words->at, .n = words->n,
		.is_sequence = is_sequence };
	build_option(y->b, &v);
}

static void
option_scalar(struct yaml *y, const char *name)
{
	struct vector words = { .octets = sizeof(struct word) };
	const unsigned line = line_of(y);
	const char *text = scalar_text(y);
	if (text == NULL)
		return;
	if (scalar_is_split(y))
		split_scalar(y, &words, text, line);
	else
		add_word(y, &words, text, line, true);
	give(y, name, line, &words, false);
	vector_free(&words);
}

/* [a, b, c]: the items are words as they stand. */
static void
option_flow(struct yaml *y, const char *name)
{
	struct vector words = { .octets = sizeof(struct word) };
	const unsigned line = line_of(y);
	while (next(y) && y->event.type != YAML_SEQUENCE_END_EVENT) {
		const char *text;
		if (y->event.type != YAML_SCALAR_EVENT) {
			yaml_stop(y, line_of(y),
			    "only words may stand between [ and ]");
			break;
		}
		text = scalar_text(y);
		if (text != NULL)
			add_word(y, &words, text, line_of(y),
			    !scalar_is_split(y));
	}
	if (!y->is_over)
		give(y, name, line, &words, true);
	vector_free(&words);
}

static bool
is_flow(const struct yaml *y)
{
	return y->event.type == YAML_SEQUENCE_START_EVENT &&
	    y->event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
}

/* A block sequence: one value per item. */
static void
option_items(struct yaml *y, const char *name)
{
	while (next(y) && y->event.type != YAML_SEQUENCE_END_EVENT) {
		if (y->event.type == YAML_SCALAR_EVENT)
			option_scalar(y, name);
		else if (is_flow(y))
			option_flow(y, name);
		else
			yaml_stop(y, line_of(y), "an item of this list must "
			    "be a word or [words]");
	}
}

static void
option(struct yaml *y, const char *name)
{
	/* What an included file begins ends with it. */
	const struct clause clause = y->b->clause;
	if (y->event.type == YAML_SCALAR_EVENT)
		option_scalar(y, name);
	else if (is_flow(y))
		option_flow(y, name);
	else if (y->event.type == YAML_SEQUENCE_START_EVENT)
		option_items(y, name);
	else
		yaml_stop(y, line_of(y), arena_printf(y->b->arena,
		    "'%s' is not a section, so no options may stand in it",
		    name));
	if (strcmp(name, "include") == 0)
		y->b->clause = clause;
}

static void entries(struct yaml *y);

static void
options(struct yaml *y)
{
	y->depth++;
	entries(y);
	y->depth--;
}

/* zone: with a list of zones below it. */
static void
clause_items(struct yaml *y, enum conf_section_id section)
{
	while (next(y) && y->event.type != YAML_SEQUENCE_END_EVENT) {
		if (y->event.type != YAML_MAPPING_START_EVENT) {
			yaml_stop(y, line_of(y),
			    "an item of this list must have options");
			return;
		}
		build_clause(y->b, section, y->file, line_of(y));
		options(y);
	}
}

/* A section begins; its options stand in it or, unindented, after it. */
static void
clause(struct yaml *y, const struct conf_word *w, unsigned line)
{
	if (y->event.type == YAML_SEQUENCE_START_EVENT) {
		clause_items(y, w->section);
		return;
	}
	build_clause(y->b, w->section, y->file, line);
	if (y->event.type == YAML_MAPPING_START_EVENT)
		options(y);
	else if (y->event.data.scalar.length != 0)
		yaml_stop(y, line_of(y), arena_printf(y->b->arena, "section "
		    "%s: options must follow, not a value", w->text));
}

/* NAME: VALUE pairs until the mapping ends. The depth is bounded: only a
 * section holds a mapping, and a section in a section is an error. */
static void
entries(struct yaml *y)
{
	while (next(y) && y->event.type != YAML_MAPPING_END_EVENT) {
		const unsigned line = line_of(y);
		const char *name = y->event.type == YAML_SCALAR_EVENT ?
		    scalar_text(y) : NULL;
		if (name == NULL) {
			yaml_stop(y, line, "the name of an option must "
			    "stand here");
			return;
		}
		if (!next(y))
			return;
		const struct conf_word *w =
		    conf_words_find(y->b->words, name, strlen(name));
		if (w == NULL || !w->is_clause)
			option(y, w != NULL ? w->text : name);
		else if (y->depth > 1)
			yaml_stop(y, line, "a section stands in a section");
		else
			clause(y, w, line);
	}
}

static void
document(struct yaml *y)
{
	if (!next(y) || y->event.type == YAML_DOCUMENT_END_EVENT)
		return;
	if (y->event.type == YAML_MAPPING_START_EVENT) {
		options(y);
		(void)next(y);
	} else if (y->event.type != YAML_SCALAR_EVENT ||
	    y->event.data.scalar.length != 0) {
		yaml_stop(y, line_of(y), "sections must stand here");
	}
}

void
front_yaml(struct builder *b, const char *file, const char *text, size_t len)
{
	struct yaml y = { .b = b, .file = file };
	if (!yaml_parser_initialize(&y.parser)) {
		build_error(b, file, 0, "out of memory");
		return;
	}
	yaml_parser_set_input_string(&y.parser, (const uint8_t *)text, len);
	while (next(&y) && y.event.type != YAML_STREAM_END_EVENT)
		if (y.event.type == YAML_DOCUMENT_START_EVENT)
			document(&y);
	yaml_event_delete(&y.event);
	yaml_parser_delete(&y.parser);
}

/* Blank lines and comments may stand before the --- . */
bool
front_is_yaml(const char *text, size_t len)
{
	size_t i = 0;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		i = 3;	/* byte order mark */
	for (; i < len; i++) {
		if (text[i] == '#')
			while (i + 1 < len && text[i + 1] != '\n')
				i++;
		else if (strchr(" \t\r\n", text[i]) == NULL)
			break;
	}
	if (len - i < 3 || memcmp(text + i, "---", 3) != 0)
		return false;
	return len - i == 3 || strchr(" \t\r\n", text[i + 3]) != NULL;
}

/* value.c - the words of an option become the member of a struct.
 * Runs in: loading. Judges input: every failure is a message, never an
 * assertion. A member is written only when the whole value is right. */
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

static void
set_bit(void *object, unsigned bit)
{
	struct conf_set *s = object;	/* first member of every section */
	s->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* The one word that the option takes, or null and a message. */
static const struct word *
one_word(struct builder *b, const struct value *v)
{
	if (v->n == 1)
		return &v->words[0];
	if (v->n == 0)
		build_error(b, v->file, v->line, "%s: needs a value",
		    v->name);
	else
		build_error(b, v->file, v->words[1].line,
		    "%s: unexpected '%s' after the value", v->name,
		    v->words[1].text);
	return NULL;
}

static bool
digits_to_number(const char *text, int64_t *number, const char **end)
{
	const bool is_negative = *text == '-';
	const char *p = text + is_negative;
	int64_t n = 0;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *p - '0', &n))
			return false;
	*number = is_negative ? -n : n;
	*end = p;
	return true;
}

static int64_t
unit_of(const char *suffix)
{
	if (strcmp(suffix, "") == 0)
		return 1;
	if (strcmp(suffix, "k") == 0 || strcmp(suffix, "K") == 0)
		return 1024;
	if (strcmp(suffix, "m") == 0 || strcmp(suffix, "M") == 0)
		return 1024 * 1024;
	if (strcmp(suffix, "g") == 0 || strcmp(suffix, "G") == 0)
		return 1024 * 1024 * 1024;
	return 0;
}

static bool
number_of(struct builder *b, const struct value *v, const struct word *w,
    const char *range, bool has_unit, int64_t *number)
{
	int64_t n, least, most, unit = 1;
	const char *end;
	if (!digits_to_number(w->text, &n, &end) ||
	    (unit = has_unit ? unit_of(end) : *end == '\0') == 0 ||
	    __builtin_mul_overflow(n, unit, &n)) {
		build_error(b, v->file, w->line,
		    "%s: '%s' is not a number", v->name, w->text);
		return false;
	}
	const bool has_range = digits_to_number(range, &least, &end) &&
	    digits_to_number(end + 2, &most, &end);
	ASSERT(has_range);	/* the row says MIN..MAX */
	if (n < least || n > most) {
		build_error(b, v->file, w->line,
		    "%s: %s is out of range (%lld to %lld)", v->name, w->text,
		    (long long)least, (long long)most);
		return false;
	}
	*number = n;
	return true;
}

bool
value_number(struct builder *b, const struct value *v, const struct word *w,
    const char *range, int64_t *number)
{
	return number_of(b, v, w, range, false, number);
}

static bool
set_number(struct builder *b, const struct conf_option *o, int64_t *to,
    const struct value *v)
{
	const struct word *w = one_word(b, v);
	if (w == NULL)
		return false;
	if (o->kind == KIND_EXPIRE &&
	    strcmp(w->text, "refresh+retry+1") == 0) {
		*to = CONF_EXPIRE_FROM_SOA;
		return true;
	}
	return number_of(b, v, w, o->values, o->kind == KIND_SIZE, to);
}

static bool
set_bool(struct builder *b, bool *to, const struct value *v)
{
	const struct word *w = one_word(b, v);
	if (w == NULL)
		return false;
	const bool is_yes = strcmp(w->text, "yes") == 0;
	if (!is_yes && strcmp(w->text, "no") != 0) {
		build_error(b, v->file, w->line, "%s: '%s' is not yes or no",
		    v->name, w->text);
		return false;
	}
	*to = is_yes;
	return true;
}

/* values: the words of the enum in the order of its numbers. */
static bool
set_enum(struct builder *b, const struct conf_option *o, unsigned *to,
    const struct value *v)
{
	const struct word *w = one_word(b, v);
	if (w == NULL)
		return false;
	const size_t len = strlen(w->text);
	const char *p = o->values;
	for (unsigned i = 0; *p != '\0'; i++) {
		size_t n = strcspn(p, " ");
		if (n == len && memcmp(p, w->text, n) == 0) {
			*to = i;
			return true;
		}
		p += n + strspn(p + n, " ");
	}
	build_error(b, v->file, w->line, "%s: '%s' is none of: %s", v->name,
	    w->text, o->values);
	return false;
}

static bool
set_string(struct builder *b, const char **to, const struct value *v)
{
	const struct word *w = one_word(b, v);
	if (w == NULL)
		return false;
	*to = w->text;
	return true;
}

static bool
set_words(struct builder *b, const char **to, const struct value *v)
{
	const char *line = "";
	for (size_t i = 0; i < v->n; i++)
		line = i == 0 ? v->words[0].text :
		    arena_printf(b->arena, "%s %s", line, v->words[i].text);
	*to = line;
	return true;
}

static bool
add_string(struct builder *b, struct conf_strings *to, const struct value *v)
{
	const char *text;
	if (!set_string(b, &text, v))
		return false;
	to->at = list_add(b->arena, to->at, &to->n, sizeof(text), &text);
	return true;
}

static bool
add_number(struct builder *b, const struct conf_option *o,
    struct conf_numbers *to, const struct value *v)
{
	int64_t n;
	if (!set_number(b, o, &n, v))
		return false;
	to->at = list_add(b->arena, to->at, &to->n, sizeof(n), &n);
	return true;
}

static bool
set_argv(struct builder *b, struct conf_argv *to, const struct value *v)
{
	struct conf_argv argv = { 0 };
	if (v->n == 0) {
		build_error(b, v->file, v->line, "%s: needs a command",
		    v->name);
		return false;
	}
	if (v->words[0].text[0] != '\0')	/* "": no command */
		value_argv(b, v, &argv);
	*to = argv;
	return true;
}

/* Lines of one clause in one file form one list; any other line begins a new
 * one, which replaces what a pattern or an earlier clause gave. */
static bool
add_argv(struct builder *b, struct conf_argvs *to, void *object,
    const struct value *v)
{
	const struct list_place here = { object, v->file, b->clause.number };
	struct conf_argv argv;
	if (!set_argv(b, &argv, v))
		return false;
	if (b->verifier_place.object != object ||
	    b->verifier_place.file != v->file ||
	    b->verifier_place.clause != b->clause.number)
		*to = (struct conf_argvs){ 0 };
	b->verifier_place = here;
	if (argv.argc == 0)	/* "": the list so far is void */
		*to = (struct conf_argvs){ 0 };
	else
		to->at = list_add(b->arena, to->at, &to->n, sizeof(argv),
		    &argv);
	value_argv_name(b->arena, (struct conf_argv *)(uintptr_t)to->at,
	    to->n);
	return true;
}

static bool
set_member(struct builder *b, const struct conf_option *o, void *object,
    const struct value *v)
{
	void *to = (uint8_t *)object + o->offset;
	switch (o->kind) {
	case KIND_BOOL:
		return set_bool(b, to, v);
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_SIZE:
	case KIND_EXPIRE:
		return set_number(b, o, to, v);
	case KIND_STRING:
	case KIND_PATH:
		return set_string(b, to, v);
	case KIND_WORDS:
		return set_words(b, to, v);
	case KIND_ENUM:
		return set_enum(b, o, to, v);
	case KIND_ARGV:
		return set_argv(b, to, v);
	case KIND_ARGVS:
		return add_argv(b, to, object, v);
	case KIND_LISTEN:
		return value_listen(b, o->values, to, v);
	case KIND_ACL:
		return value_acl(b, o->values, to, v);
	case KIND_STRINGS:
		return add_string(b, to, v);
	case KIND_NUMBERS:
		return add_number(b, o, to, v);
	}
	ASSERT(false && "kind of option");
	return false;
}

bool
value_set(struct builder *b, const struct conf_option *o, void *object,
    const struct value *v)
{
	if (!set_member(b, o, object, v))
		return false;
	set_bit(object, o->bit);
	return true;
}

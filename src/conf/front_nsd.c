/* front_nsd.c - front end for nsd.conf syntax: a stream of "keyword:" and
 * words. Line breaks and indentation mean nothing. A keyword is known as such
 * wherever it stands unquoted, in any case. Knows no option; feeds the
 * builder. */
#include <string.h>

#include "conf/build.h"
#include "conf/lexer.h"

struct front {
	struct builder *b;
	const char *file;
	struct vector words;	/* struct word, of the option under way */
	const char *option;	/* null: none under way */
	unsigned line;		/* of the option */
	bool has_strayed;	/* words without an option were reported */
};

static void
flush(struct front *f)
{
	const struct value v = { .name = f->option, .file = f->file,
		.line = f->line, .words = f->words.at, .n = f->words.n };
	if (f->option != NULL)
		build_option(f->b, &v);
	f->option = NULL;
	f->words.n = 0;
}

static bool
looks_like_keyword(const struct token *t)
{
	if (t->kind != TOKEN_WORD || t->len < 2 || t->text[t->len - 1] != ':')
		return false;
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	return strspn(t->text, signs) == t->len - 1 &&
	    strchr("0123456789-_", t->text[0]) == NULL;
}

/* "ip-address: ::" and "verifier: x a:" are values; an unknown word with a
 * colon that begins a line is a misspelt option. */
static bool
is_keyword(const struct front *f, const struct token *t,
    const struct conf_word **w)
{
	if (!looks_like_keyword(t))
		return false;
	*w = conf_words_find(f->b->words, t->text, t->len - 1);
	if (*w != NULL)
		return true;
	return f->option == NULL || (t->is_first && f->words.n > 0);
}

static void
keyword(struct front *f, const struct token *t, const struct conf_word *w)
{
	flush(f);
	f->has_strayed = false;
	if (w != NULL && w->is_clause) {
		build_clause(f->b, w->section, f->file, t->line);
		return;
	}
	f->option = w != NULL ? w->text :
	    arena_strndup(f->b->arena, t->text, t->len - 1);
	f->line = t->line;
}

/* A word where an option should stand; one message for a run of them. */
static void
stray_word(struct front *f, const struct token *t)
{
	const char *colon = strchr(t->text, ':');
	if (f->has_strayed)
		return;
	f->has_strayed = true;
	if (t->kind == TOKEN_WORD && colon != NULL &&
	    conf_words_find(f->b->words, t->text, (size_t)(colon - t->text)))
		build_error(f->b, f->file, t->line,
		    "'%s': a space is missing after the colon", t->text);
	else
		build_error(f->b, f->file, t->line,
		    "'%s' stands where an option should", t->text);
}

static void
token(struct front *f, const struct token *t)
{
	const struct conf_word *w = NULL;
	if (t->kind == TOKEN_BAD) {
		build_error(f->b, f->file, t->line, "%s",
		    t->text[0] == '\\' || strchr(t->text, '\\') ?
		    "a backslash or quote without its end" :
		    "a quote without its end");
		return;
	}
	if (is_keyword(f, t, &w)) {
		keyword(f, t, w);
		return;
	}
	if (f->option == NULL) {
		stray_word(f, t);
		return;
	}
	struct word *one = vector_add(&f->words);
	*one = (struct word){ .text = t->text, .line = t->line,
		.is_quoted = t->kind == TOKEN_QUOTED };
}

void
front_nsd(struct builder *b, const char *file, const char *text, size_t len)
{
	struct front f = { .b = b, .file = file,
		.words = { .octets = sizeof(struct word) } };
	struct lexer l;
	struct token t;
	lexer_begin(&l, b->arena, text, len, 1);
	l.has_escapes = strncmp(text, DUMP_HEADER, strlen(DUMP_HEADER)) == 0;
	do {
		conf_lexer_next(&l, &t);
		if (t.kind != TOKEN_END)
			token(&f, &t);
	} while (t.kind != TOKEN_END && !build_is_hopeless(b));
	flush(&f);
	vector_free(&f.words);
}

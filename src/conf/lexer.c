/* lexer.c - words of nsd.conf syntax, as NSD's own scanner cuts them.
 * Space, tab and line breaks part words and mean nothing else. # begins a
 * comment only where a word may begin; it goes to the line feed. Double quotes
 * make one word of all between them, line breaks too. A backslash keeps its
 * next octet from ending a word; both stay in the text. Pure: no I/O. */
#include "conf/lexer.h"

#include <string.h>

void
lexer_begin(struct lexer *l, struct arena *a, const char *text, size_t len,
    unsigned line)
{
	*l = (struct lexer){ .at = text, .end = text + len, .line = line,
		.at_line_start = true, .arena = a };
}

/* A carriage return alone ends a line too; with a line feed it is one. */
static void
count_line(struct lexer *l)
{
	if (*l->at == '\r' && l->at + 1 < l->end && l->at[1] == '\n')
		return;
	l->line++;
	l->at_line_start = true;
}

static void
skip_blank(struct lexer *l)
{
	for (; l->at < l->end; l->at++) {
		const char c = *l->at;
		if (c == '\n' || c == '\r') {
			count_line(l);
		} else if (c == '#') {
			while (l->at + 1 < l->end && l->at[1] != '\n')
				l->at++;
		} else if (c != ' ' && c != '\t') {
			return;
		}
	}
}

static bool
ends_word(char c)
{
	return c == '"' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Over a backslash and what it protects; false at a line break or the end. */
static bool
skip_pair(struct lexer *l)
{
	if (l->at + 1 >= l->end || l->at[1] == '\n' || l->at[1] == '\r')
		return false;
	l->at += 2;
	return true;
}

static void
take_word(struct lexer *l, struct token *t)
{
	const char *start = l->at;
	t->kind = TOKEN_WORD;
	while (l->at < l->end && !ends_word(*l->at)) {
		if (*l->at != '\\') {
			l->at++;
		} else if (!skip_pair(l)) {
			l->at++;
			t->kind = TOKEN_BAD;
			break;
		}
	}
	t->len = (size_t)(l->at - start);
	t->text = arena_strndup(l->arena, start, t->len);
}

static void
unescape(char *text, size_t *len)
{
	size_t to = 0;
	for (size_t i = 0; i < *len; i++) {
		if (text[i] == '\\' && i + 1 < *len)
			i++;
		text[to++] = text[i];
	}
	text[to] = '\0';
	*len = to;
}

static void
take_quoted(struct lexer *l, struct token *t)
{
	const char *start = ++l->at;
	const bool was_start = l->at_line_start;
	while (l->at < l->end && *l->at != '"') {
		if (*l->at == '\\' && skip_pair(l))
			continue;
		if (*l->at == '\n' || *l->at == '\r')
			count_line(l);
		l->at++;
	}
	l->at_line_start = was_start;
	t->len = (size_t)(l->at - start);
	t->kind = l->at < l->end ? TOKEN_QUOTED : TOKEN_BAD;
	if (l->at < l->end)
		l->at++;
	char *text = arena_strndup(l->arena, start, t->len);
	if (l->has_escapes)
		unescape(text, &t->len);
	t->text = text;
}

void
conf_lexer_next(struct lexer *l, struct token *t)
{
	skip_blank(l);
	*t = (struct token){ .kind = TOKEN_END, .text = "", .line = l->line,
		.is_first = l->at_line_start };
	if (l->at >= l->end)
		return;
	if (*l->at == '"')
		take_quoted(l, t);
	else
		take_word(l, t);
	l->at_line_start = false;
}

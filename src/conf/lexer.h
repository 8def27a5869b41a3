/* lexer.h - words of nsd.conf syntax. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_BAD	/* a quote without end, a backslash at the end */
};

struct token {
	enum token_kind kind;
	const char *text;
	size_t len;
	unsigned line;
	bool is_first;		/* on its line */
};

struct lexer {
	const char *at, *end;
	unsigned line;
	bool has_escapes;	/* in quotes \" and \\ stand for " and \ */
	bool at_line_start;
	struct arena *arena;	/* for the texts */
};

void lexer_begin(struct lexer *l, struct arena *a, const char *text,
    size_t len, unsigned line);
void conf_lexer_next(struct lexer *l, struct token *t);

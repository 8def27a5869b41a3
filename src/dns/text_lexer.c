/* text_lexer.c - master file syntax (RFC 1035 5.1): lines into words.
 * Runs in: loader, tools. Memory is bounded by LEXER_TEXT_MAX whatever the
 * file holds. */
#include "dns/text_lexer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define END (-1)

/* What ends a run of plain characters in a word. */
static const uint8_t special[256] = {
	['\0'] = 1, ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, [' '] = 1, ['"'] = 1,
	['('] = 1, [')'] = 1, [';'] = 1, ['\\'] = 1
};

bool
lexer_open(struct lexer *x, int fd, const char *string)
{
	*x = (struct lexer){ .fd = fd, .line = 1 };
	x->words_room = 32;
	x->text_room = 4096;
	x->words = malloc(x->words_room * sizeof *x->words);
	x->text = malloc(x->text_room);
	if (fd == -1) {
		x->buffer = strdup(string);
		x->filled = strlen(string);
		x->at_end = true;
	} else {
		x->buffer = malloc(LEXER_BUFFER);
	}
	if (x->words != NULL && x->text != NULL && x->buffer != NULL)
		return true;
	x->fd = -1;	/* stays the caller's */
	lexer_close(x);
	return false;
}

void
lexer_close(struct lexer *x)
{
	fd_close(&x->fd);
	free(x->words);
	free(x->text);
	free(x->buffer);
	x->words = NULL;
	x->text = x->buffer = NULL;
}

static bool
refill(struct lexer *x)
{
	ssize_t n = 0;
	if (!x->at_end) {
		do
			n = read(x->fd, x->buffer, LEXER_BUFFER);
		while (n < 0 && errno == EINTR);
	}
	if (n <= 0) {
		x->at_end = true;
		if (n < 0)
			x->what = "the file cannot be read";
		return false;
	}
	x->next = 0;
	x->filled = (size_t)n;
	return true;
}

static inline int
peek(struct lexer *x)
{
	if (x->next == x->filled && !refill(x))
		return END;
	return (uint8_t)x->buffer[x->next];
}

static void
skip_line(struct lexer *x)
{
	for (int c; (c = peek(x)) != END && c != '\n';) {
		const char *from = x->buffer + x->next;
		const char *end = memchr(from, '\n', x->filled - x->next);
		x->next = end == NULL ? x->filled :
		    x->next + (size_t)(end - from);
	}
}

static bool
text_room(struct lexer *x, size_t n)
{
	if (x->text_room - x->text_len >= n)
		return true;
	size_t room = x->text_room;
	while (room - x->text_len < n)
		room *= 2;
	char *text = room > LEXER_TEXT_MAX ? NULL : realloc(x->text, room);
	if (text == NULL) {
		x->what = "the record is too long";
		return false;
	}
	x->text = text;
	x->text_room = room;
	return true;
}

static bool
add_text(struct lexer *x, const char *from, size_t n)
{
	if (!text_room(x, n))
		return false;
	memcpy(x->text + x->text_len, from, n);
	x->text_len += n;
	return true;
}

/* Its place is known when the entry is whole: text may move until then. */
static struct word *
add_word(struct lexer *x, bool is_quoted)
{
	if (x->n_words == x->words_room) {
		size_t room = x->words_room * 2;
		struct word *words = realloc(x->words, room * sizeof *words);
		if (words == NULL) {
			x->what = "out of memory";
			return NULL;
		}
		x->words = words;
		x->words_room = room;
	}
	struct word *w = &x->words[x->n_words++];
	*w = (struct word){ .is_quoted = is_quoted };
	return w;
}

/* A backslash and what it protects; a line cannot end in it. */
static bool
take_escape(struct lexer *x)
{
	char pair[2] = { '\\', 0 };
	x->next++;
	int c = peek(x);
	if (c == END || c == '\n') {
		x->what = "backslash at the end of the line";
		return false;
	}
	pair[1] = (char)c;
	x->next++;
	return add_text(x, pair, 2);
}

static bool
end_word(struct lexer *x, size_t start)
{
	x->words[x->n_words - 1].len = (uint32_t)(x->text_len - start);
	return add_text(x, "", 1);
}

static bool
take_plain_run(struct lexer *x, bool in_quotes)
{
	size_t from = x->next, at = from;
	while (at < x->filled && (!special[(uint8_t)x->buffer[at]] ||
	    (in_quotes && strchr("\t\r ();", x->buffer[at]) != NULL &&
	    x->buffer[at] != '\0')))
		at++;
	x->next = at;
	return add_text(x, x->buffer + from, at - from);
}

/* From after the opening quote to after the closing one. */
static bool
take_to_quote(struct lexer *x)
{
	for (;;) {
		int c = peek(x);
		if (c == '"') {
			x->next++;
			return true;
		}
		if (c == END || c == '\n') {
			x->what = "quoted string without end";
			return false;
		}
		if (c == '\0') {
			x->what = "NUL character";
			return false;
		}
		if (!(c == '\\' ? take_escape(x) : take_plain_run(x, true)))
			return false;
	}
}

static bool
take_quoted(struct lexer *x)
{
	size_t start = x->text_len;
	x->next++;
	return add_word(x, true) != NULL && take_to_quote(x) &&
	    end_word(x, start);
}

/* key="value" is one word, its quotes kept (RFC 9460 2.1). */
static bool
take_inner_quotes(struct lexer *x)
{
	x->next++;
	return add_text(x, "\"", 1) && take_to_quote(x) &&
	    add_text(x, "\"", 1);
}

static bool
take_word(struct lexer *x)
{
	size_t start = x->text_len;
	if (add_word(x, false) == NULL)
		return false;
	for (;;) {
		int c = peek(x);
		if (c == '\\') {
			if (!take_escape(x))
				return false;
			continue;
		}
		if (c == '"') {
			if (!take_inner_quotes(x))
				return false;
			continue;
		}
		if (c == END || special[c])
			return end_word(x, start);
		if (!take_plain_run(x, false))
			return false;
	}
}

enum step { GO_ON, ENTRY_ENDS, BAD };

/* One character that is not part of a word, or one word. */
static enum step
take_step(struct lexer *x, int c, unsigned *depth)
{
	switch (c) {
	case END:
		if (*depth == 0)
			return ENTRY_ENDS;
		x->what = "parenthesis without end";
		return BAD;
	case '\n':
		x->next++;
		x->line++;
		return *depth == 0 ? ENTRY_ENDS : GO_ON;
	case ' ': case '\t': case '\r':
		x->next++;
		return GO_ON;
	case ';':
		skip_line(x);
		return GO_ON;
	case '(':
		x->next++;
		++*depth;
		return GO_ON;
	case ')':
		if (*depth == 0) {
			x->what = "closing parenthesis without an opening one";
			return BAD;
		}
		x->next++;
		--*depth;
		return GO_ON;
	case '"':
		return take_quoted(x) ? GO_ON : BAD;
	case '\0':
		x->what = "NUL character";
		return BAD;
	default:
		return take_word(x) ? GO_ON : BAD;
	}
}

static enum step
take_entry(struct lexer *x)
{
	unsigned depth = 0;
	enum step step;
	x->n_words = 0;
	x->text_len = 0;
	x->entry_line = x->line;
	int c = peek(x);
	x->starts_blank = c == ' ' || c == '\t';
	do
		step = take_step(x, peek(x), &depth);
	while (step == GO_ON);
	return step;
}

/* The text no longer moves: offsets become pointers. */
static void
settle_words(struct lexer *x)
{
	size_t at = 0;
	for (size_t i = 0; i < x->n_words; i++) {
		x->words[i].at = x->text + at;
		at += x->words[i].len + 1;
	}
}

enum err
lexer_next(struct lexer *x)
{
	for (;;) {
		x->what = NULL;
		if (peek(x) == END)
			return x->what != NULL ? ERR_IO : ERR_NOT_FOUND;
		if (take_entry(x) == BAD) {
			x->entry_line = x->line;
			skip_line(x);
			return ERR_INPUT_SYNTAX;
		}
		if (x->what != NULL)
			return ERR_IO;
		if (x->n_words > 0) {
			settle_words(x);
			return OK;
		}
	}
}

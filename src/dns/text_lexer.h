/* text_lexer.h - master file syntax (RFC 1035 5.1): lines into words, for
 * src/dns alone. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct word {
	const char *at;		/* escapes as they stand; ended by a zero */
	uint32_t len;
	bool is_quoted;		/* the quotes themselves are left out */
};

/* Where characters come from. */
struct lexer {
	int fd;			/* -1: only what is in the buffer */
	bool at_end;		/* nothing left to read from fd */
	char *buffer;		/* LEXER_BUFFER octets when fd is given */
	size_t next, filled;
	unsigned line;		/* the line being read, from 1 */
	/* The entry taken last. */
	unsigned entry_line;	/* the line on which it starts */
	bool starts_blank;	/* no owner: the last one's */
	struct word *words;
	size_t n_words, words_room;
	char *text;		/* the characters of the words */
	size_t text_len, text_room;
	const char *what;	/* after ERR_INPUT_SYNTAX */
};
#define LEXER_BUFFER 65536
#define LEXER_TEXT_MAX (4u << 20)	/* characters in one entry */

/* From a descriptor, which the lexer then owns, or from a string that stays
 * valid (fd -1). */
MUST_CHECK bool lexer_open(struct lexer *x, int fd, const char *string);
void lexer_close(struct lexer *x);
/* The next entry that is not empty; ERR_NOT_FOUND at the end;
 * ERR_INPUT_SYNTAX: the rest of the bad entry's line was skipped. */
MUST_CHECK enum err lexer_next(struct lexer *x);

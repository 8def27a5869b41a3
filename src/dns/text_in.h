/* text_in.h - records from words, for src/dns alone. */
#pragma once
#include "base/buf.h"
#include "dns/name.h"
#include "dns/rr.h"
#include "dns/text_lexer.h"

/* What a line of a master file leaves to the lines before it. */
struct text_context {
	const uint8_t *origin;	/* null: the root */
	const uint8_t *owner;	/* the last one's; null: none yet */
	bool has_default_ttl, has_last_ttl;
	uint32_t default_ttl;	/* $TTL */
	uint32_t last_ttl;
};

/* The words of an entry that are still to be read, and where rdata goes. */
struct words {
	const struct word *at;
	size_t left;
	const uint8_t *origin;	/* null: the root */
	struct buf *out;
	const char *what;	/* what is wrong, when something is */
};

static inline const struct word *
words_next(struct words *w)
{
	if (w->left == 0)
		return NULL;
	w->left--;
	return w->at++;
}

/* Appended to w->out; "@" is the origin. */
MUST_CHECK bool words_read_name(struct words *w, const struct word *s);
MUST_CHECK bool words_read_svcparams(struct words *w);
/* All words that are left; w->what is set on failure. */
MUST_CHECK bool words_read_rdata(struct words *w, uint16_t type);

/* One record from the words of an entry: owner into *owner, rdata into room
 * for 65535 octets at rdata; *what says what is wrong. */
MUST_CHECK bool text_rr_from_words(const struct lexer *x,
    const struct text_context *c, struct name *owner, uint8_t *rdata,
    struct rr *rr, const char **what);

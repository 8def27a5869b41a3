/* text_in.c - records from the words of a master file: owner, TTL, class and
 * type; the rdata is text_rdata.c's.
 * Runs in: loader, tools. Pure. */
#include "dns/text_in.h"

#include <strings.h>

#include "dns/rrtype.h"
#include "dns/text_code.h"

#define TTL_MAX 0x7fffffffu	/* RFC 2181 8 */
#define NSD_DEFAULT_TTL 3600

static bool
class_from_text(const char *text, uint16_t *class)
{
	uint32_t v;
	if (strcasecmp(text, "IN") == 0)
		*class = CLASS_IN;
	else if (strcasecmp(text, "CH") == 0)
		*class = CLASS_CH;
	else if (strcasecmp(text, "HS") == 0)
		*class = 4;
	else if (strncasecmp(text, "CLASS", 5) == 0 &&
	    text_read_u32(text + 5, strlen(text + 5), 65535, &v))
		*class = (uint16_t)v;
	else
		return false;
	return true;
}

/* [TTL] [CLASS] in either order, then the type. */
static bool
read_head(struct words *w, struct rr *rr, bool *has_ttl)
{
	bool has_class = false;
	*has_ttl = false;
	rr->class = CLASS_IN;
	for (;;) {
		const struct word *s = words_next(w);
		w->what = "no type";
		if (s == NULL)
			return false;
		if (!*has_ttl && *s->at >= '0' && *s->at <= '9' &&
		    text_read_ttl(s->at, s->len, &rr->ttl)) {
			*has_ttl = true;
			w->what = "TTL above 2147483647";
			if (rr->ttl > TTL_MAX)
				return false;
			continue;
		}
		if (!has_class && class_from_text(s->at, &rr->class)) {
			has_class = true;
			continue;
		}
		w->what = "unknown type";
		return rrtype_from_text(s->at, &rr->type);
	}
}

static bool
read_owner(struct words *w, const struct text_context *c, bool is_blank,
    struct name *owner)
{
	if (is_blank) {
		w->what = "no owner name, and no record before this one";
		if (c->owner == NULL)
			return false;
		if (c->owner != owner->octets)
			name_copy(owner, c->owner);
		return true;
	}
	struct buf b = buf_of(owner->octets, sizeof owner->octets);
	const struct word *s = words_next(w);
	w->what = "malformed owner name";
	w->out = &b;
	return s != NULL && !s->is_quoted && words_read_name(w, s);
}

static uint32_t
ttl_unless_given(const struct text_context *c, const struct rr *rr)
{
	struct soa soa;
	if (c->has_default_ttl)
		return c->default_ttl;
	if (c->has_last_ttl)
		return c->last_ttl;
	if (rr_soa(rr, &soa) && soa.minimum <= TTL_MAX)
		return soa.minimum;
	return NSD_DEFAULT_TTL;
}

bool
text_rr_from_words(const struct lexer *x, const struct text_context *c,
    struct name *owner, uint8_t *rdata, struct rr *rr, const char **what)
{
	struct buf out = buf_of(rdata, UINT16_MAX);
	struct words w = { .at = x->words, .left = x->n_words,
		.origin = c->origin };
	bool has_ttl;
	bool good = read_owner(&w, c, x->starts_blank, owner);
	w.out = &out;
	good = good && read_head(&w, rr, &has_ttl);
	if (good && rrtype_is_meta(rr->type)) {
		w.what = "a type that stands in no zone";
		good = false;
	}
	if (!good || !words_read_rdata(&w, rr->type)) {
		*what = w.what;
		return false;
	}
	rr->owner = owner->octets;
	rr->rdata = rdata;
	rr->rdata_len = (uint16_t)out.at;
	if (!has_ttl)
		rr->ttl = ttl_unless_given(c, rr);
	return true;
}

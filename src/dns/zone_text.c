/* zone_text.c - zone files: control entries and records, file by file.
 * Runs in: loader, tools. Reads the file and what it includes; memory is
 * bounded by the depth of inclusion and the longest record. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "dns/text_code.h"
#include "dns/text_in.h"

#define DEPTH_MAX 16
#define TTL_MAX 0x7fffffffu

struct level {
	struct lexer lexer;
	char *path;
	struct name origin;	/* of the file; back to it after an $INCLUDE */
	struct name owner;
	bool has_owner;
};

struct zone_text {
	struct level levels[DEPTH_MAX];
	unsigned depth;		/* open levels */
	unsigned end_line;	/* of the file that was left last */
	bool has_default_ttl, has_last_ttl;
	uint32_t default_ttl, last_ttl;
	char *error_path;	/* of the last error; outlives its level */
	uint8_t rdata[UINT16_MAX];
};

static enum err
push_file(struct zone_text *z, const char *path, const uint8_t *origin)
{
	struct level *l = &z->levels[z->depth];
	int fd = -1;
	enum err e = fd_open_regular(path, &fd);
	if (e != OK)
		return e;
	char *copy = strdup(path);
	if (copy == NULL || !lexer_open(&l->lexer, fd, NULL)) {
		free(copy);
		fd_close(&fd);
		return ERR_MEMORY;
	}
	l->path = copy;
	l->has_owner = false;
	name_copy(&l->origin, origin);
	z->depth++;
	return OK;
}

static void
pop_file(struct zone_text *z)
{
	struct level *l = &z->levels[--z->depth];
	z->end_line = l->lexer.line;
	lexer_close(&l->lexer);
	free(l->path);
	l->path = NULL;
}

enum err
zone_text_open(const char *path, const uint8_t *apex, struct zone_text **out)
{
	struct zone_text *z = calloc(1, sizeof *z);
	if (z == NULL)
		return ERR_MEMORY;
	enum err e = push_file(z, path, apex);
	if (e != OK) {
		int saved = errno;
		free(z);
		errno = saved;
		return e;
	}
	*out = z;
	return OK;
}

void
zone_text_close(struct zone_text **out)
{
	struct zone_text *z = *out;
	if (z == NULL)
		return;
	while (z->depth > 0)
		pop_file(z);
	free(z->error_path);
	free(z);
	*out = NULL;
}

static enum err
fail_at(struct zone_text *z, struct zone_text_error *e, const char *what,
    const char *detail)
{
	struct level *l = &z->levels[z->depth - 1];
	free(z->error_path);
	z->error_path = strdup(l->path);
	e->file = z->error_path != NULL ? z->error_path : "";
	e->line = l->lexer.entry_line;
	if (detail == NULL)
		snprintf(e->what, sizeof e->what, "%s", what);
	else
		snprintf(e->what, sizeof e->what, "%s: %.180s", what, detail);
	return ERR_INPUT_SYNTAX;
}

void
zone_text_where(const struct zone_text *z, struct zone_text_error *e)
{
	e->line = z->end_line;
	if (z->depth == 0)
		return;
	e->file = z->levels[z->depth - 1].path;
	e->line = z->levels[z->depth - 1].lexer.entry_line;
}

static bool
name_of_word(const struct level *l, const struct word *w, struct name *name)
{
	if (w->len == 1 && *w->at == '@') {
		*name = l->origin;
		return true;
	}
	return name_from_text_n(w->at, w->len, l->origin.octets, name);
}

static enum err
set_origin(struct zone_text *z, struct zone_text_error *e)
{
	struct level *l = &z->levels[z->depth - 1];
	struct name name;
	if (l->lexer.n_words != 2 ||
	    !name_of_word(l, &l->lexer.words[1], &name))
		return fail_at(z, e, "$ORIGIN needs one name", NULL);
	l->origin = name;
	return OK;
}

static enum err
set_ttl(struct zone_text *z, struct zone_text_error *e)
{
	const struct lexer *x = &z->levels[z->depth - 1].lexer;
	uint32_t ttl;
	if (x->n_words != 2 ||
	    !text_read_ttl(x->words[1].at, x->words[1].len, &ttl) ||
	    ttl > TTL_MAX)
		return fail_at(z, e, "$TTL needs one TTL up to 2147483647",
		    NULL);
	z->default_ttl = ttl;
	z->has_default_ttl = true;
	return OK;
}

/* $INCLUDE FILE [ORIGIN]. The included file starts with the owner of the one
 * that includes it unset, and leaves that one's origin and owner as they are
 * (RFC 1035 5.1). A relative path starts from the working directory, as with
 * NSD and BIND. */
static enum err
include_file(struct zone_text *z, struct zone_text_error *e)
{
	struct level *l = &z->levels[z->depth - 1];
	const struct lexer *x = &l->lexer;
	struct name origin = l->origin;
	if (x->n_words < 2 || x->n_words > 3 ||
	    (x->n_words == 3 && !name_of_word(l, &x->words[2], &origin)))
		return fail_at(z, e, "$INCLUDE needs a file and at most an "
		    "origin", NULL);
	if (z->depth == DEPTH_MAX)
		return fail_at(z, e, "$INCLUDE nested too deeply",
		    x->words[1].at);
	enum err pushed = push_file(z, x->words[1].at, origin.octets);
	return pushed == OK ? OK : fail_at(z, e, err_text_errno(pushed),
	    x->words[1].at);
}

static enum err
take_control(struct zone_text *z, struct zone_text_error *e)
{
	const char *word = z->levels[z->depth - 1].lexer.words[0].at;
	if (strcasecmp(word, "$ORIGIN") == 0)
		return set_origin(z, e);
	if (strcasecmp(word, "$TTL") == 0)
		return set_ttl(z, e);
	if (strcasecmp(word, "$INCLUDE") == 0)
		return include_file(z, e);
	return fail_at(z, e, "control entry not supported", word);
}

static enum err
take_record(struct zone_text *z, struct rr *rr, struct zone_text_error *e)
{
	struct level *l = &z->levels[z->depth - 1];
	const struct lexer *x = &l->lexer;
	struct text_context c = { .origin = l->origin.octets,
		.owner = l->has_owner ? l->owner.octets : NULL,
		.has_default_ttl = z->has_default_ttl,
		.default_ttl = z->default_ttl,
		.has_last_ttl = z->has_last_ttl, .last_ttl = z->last_ttl };
	const char *what;
	if (!text_rr_from_words(x, &c, &l->owner, z->rdata, rr, &what))
		return fail_at(z, e, what, x->words[0].at);
	l->has_owner = true;
	z->last_ttl = rr->ttl;
	z->has_last_ttl = true;
	if (rr->class != CLASS_IN)
		return fail_at(z, e, "class is not IN", x->words[0].at);
	return OK;
}

enum err
zone_text_next(struct zone_text *z, struct rr *rr, struct zone_text_error *e)
{
	while (z->depth > 0) {
		struct lexer *x = &z->levels[z->depth - 1].lexer;
		enum err err = lexer_next(x);
		if (err == ERR_NOT_FOUND) {
			pop_file(z);
			continue;
		}
		if (err == ERR_INPUT_SYNTAX)
			return fail_at(z, e, x->what, NULL);
		if (err != OK) {
			(void)fail_at(z, e, x->what, strerror(errno));
			return err;
		}
		if (x->starts_blank || *x->words[0].at != '$')
			return take_record(z, rr, e);
		if ((err = take_control(z, e)) != OK)
			return err;
	}
	return ERR_NOT_FOUND;
}

enum err
text_rr_from_line(const char *line, const uint8_t *origin, struct octets *out)
{
	struct lexer x;
	struct text_context c = { .origin = origin };
	struct name owner;
	struct rr rr;
	const char *what;
	uint8_t *rdata = malloc(UINT16_MAX);
	enum err e = ERR_MEMORY;
	if (rdata == NULL || !lexer_open(&x, -1, line)) {
		free(rdata);
		return ERR_MEMORY;
	}
	e = lexer_next(&x);
	if (e == OK && !text_rr_from_words(&x, &c, &owner, rdata, &rr, &what))
		e = ERR_INPUT_SYNTAX;
	if (e == OK && lexer_next(&x) != ERR_NOT_FOUND)
		e = ERR_INPUT_SYNTAX;
	if (e == OK && !rr_add(out, &rr))
		e = ERR_MEMORY;
	if (e == ERR_NOT_FOUND)
		e = ERR_INPUT_SYNTAX;
	lexer_close(&x);
	free(rdata);
	return e;
}

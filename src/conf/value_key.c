/* value_key.c - key: in the form that TSIG uses. */
#include <string.h>

#include "conf/build.h"

static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c == '\0' ? NULL : strchr(digits, c);
	return p == NULL ? -1 : (int)(p - digits);
}

/* RFC 4648; blanks may stand anywhere, padding must be right. */
static bool
base64_decode(struct arena *a, const char *text, const uint8_t **octets,
    size_t *len)
{
	uint8_t *out = arena_alloc(a, strlen(text) + 1);
	uint32_t bits = 0;
	size_t n = 0, digits = 0, padding = 0;
	for (; *text != '\0'; text++) {
		const int d = base64_digit(*text);
		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		if (*text == '=')
			padding++;
		if (*text != '=' && (d < 0 || padding > 0))
			return false;
		bits = bits << 6 | (uint32_t)(d < 0 ? 0 : d);
		if (++digits % 4 != 0)
			continue;
		out[n++] = (uint8_t)(bits >> 16);
		out[n++] = (uint8_t)(bits >> 8);
		out[n++] = (uint8_t)bits;
	}
	if (digits == 0 || digits % 4 != 0 || padding > 2)
		return false;
	*octets = out;
	*len = n - padding;
	return *len > 0;
}

void
value_key_finish(struct builder *b, struct conf_key *k)
{
	const struct conf_key_options *o = &k->options;
	k->name = o->name;
	if (o->name == NULL || o->secret == NULL) {
		build_error(b, k->file, k->line, "key: %s%s has no %s",
		    o->name == NULL ? "" : o->name,
		    o->name == NULL ? "it" : "",
		    o->name == NULL ? "name" : "secret");
		return;
	}
	if (!name_from_text(o->name, &k->tsig.name))
		build_error(b, k->file, k->line,
		    "key: '%s' is not a domain name", o->name);
	if (!tsig_alg_from_text(o->algorithm, &k->tsig.alg))
		build_error(b, k->file, k->line,
		    "key %s: algorithm '%s' is unknown", o->name,
		    o->algorithm);
	if (!base64_decode(b->arena, o->secret, &k->tsig.secret,
	    &k->tsig.secret_len))
		build_error(b, k->file, k->line,
		    "key %s: the secret is not base64", o->name);
}

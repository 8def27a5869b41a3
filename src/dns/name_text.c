/* name_text.c - names in presentation format (RFC 1035 5.1).
 * Runs in: every role. Pure: no I/O, no allocation. */
#include <string.h>

#include "dns/name.h"

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One character of a name or string, escapes resolved; moves on. */
bool
name_text_octet(const char **text, const char *end, uint8_t *octet)
{
	const char *p = *text;
	if (*p != '\\') {
		*octet = (uint8_t)*p;
		*text = p + 1;
		return true;
	}
	if (end - p < 2)
		return false;
	if (!is_digit(p[1])) {
		*octet = (uint8_t)p[1];
		*text = p + 2;
		return true;
	}
	if (end - p < 4 || !is_digit(p[2]) || !is_digit(p[3]))
		return false;
	int v = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
	if (v > 255)
		return false;
	*octet = (uint8_t)v;
	*text = p + 4;
	return true;
}

bool
name_from_text_n(const char *text, size_t n, const uint8_t *origin,
    struct name *out)
{
	const char *end = text + n;
	size_t label = 0, len = 1;	/* octets[label]: the open label's */
	uint8_t *o = out->octets;
	if (n == 0)
		return false;
	if (n == 1 && *text == '.') {
		o[0] = 0;
		return true;
	}
	while (text < end) {
		if (*text == '.') {
			if (len - label == 1)
				return false;
			o[label] = (uint8_t)(len - label - 1);
			label = len++;
			if (len > NAME_MAX_OCTETS)
				return false;
			text++;
			continue;
		}
		uint8_t c;
		if (len - label > 63 || len >= NAME_MAX_OCTETS ||
		    !name_text_octet(&text, end, &c))
			return false;
		o[len++] = c;
	}
	if (len - label == 1) {		/* ended by a dot: absolute */
		o[label] = 0;
		return true;
	}
	o[label] = (uint8_t)(len - label - 1);
	size_t more = origin == NULL ? 1 : name_len(origin);
	if (len + more > NAME_MAX_OCTETS)
		return false;
	if (origin == NULL)
		o[len] = 0;
	else
		memcpy(o + len, origin, more);
	return true;
}

bool
name_from_text(const char *text, struct name *out)
{
	return name_from_text_n(text, strlen(text), NULL, out);
}

/* How an octet of a label is written: \DDD, as it is, \X. The rest of the
 * table is zero. */
enum shape { DDD, AS_IS, ESCAPED };
static const uint8_t shapes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 1, 2, 1, 2, 1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1,	/* 0x20 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1,	/* 0x30 */
	2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,	/* 0x40 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1,	/* 0x50 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,	/* 0x60 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,	/* 0x70 */
};

static char *
octet_put(char *to, uint8_t c)
{
	*to++ = '\\';
	if (shapes[c] == DDD) {
		*to++ = (char)('0' + c / 100);
		*to++ = (char)('0' + c / 10 % 10);
		*to++ = (char)('0' + c % 10);
	} else {
		*to++ = (char)c;
	}
	return to;
}

size_t
name_text_put(const uint8_t *name, char *to)
{
	char *start = to;
	if (*name == 0)
		*to++ = '.';
	for (unsigned n; (n = *name++) != 0;) {
		for (; n > 0; n--, name++) {
			if (shapes[*name] == AS_IS)
				*to++ = (char)*name;
			else
				to = octet_put(to, *name);
		}
		*to++ = '.';
	}
	return (size_t)(to - start);
}

const char *
name_text(const uint8_t *name, char text[NAME_TEXT_MAX])
{
	text[name_text_put(name, text)] = '\0';
	return text;
}

const char *
name_text_plain(const uint8_t *name, char text[NAME_TEXT_MAX])
{
	size_t n = name_text_put(name, text);
	if (n > 1)
		n--;
	text[n] = '\0';
	return text;
}

/* text_svcb.c - SvcParams of SVCB and HTTPS in presentation format (RFC 9460
 * 2.1, 7, appendix A).
 * Runs in: loader, tools. Allocates only while it reads. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "dns/name.h"
#include "dns/text_code.h"
#include "dns/text_in.h"

#define PARAMS_MAX 128

enum svc_key {
	SVC_MANDATORY, SVC_ALPN, SVC_NO_DEFAULT_ALPN, SVC_PORT, SVC_IPV4HINT,
	SVC_ECH, SVC_IPV6HINT, SVC_DOHPATH, SVC_OHTTP, SVC_KEYS
};

static const char *const key_names[SVC_KEYS] = {
	"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech",
	"ipv6hint", "dohpath", "ohttp"
};

struct param {
	uint16_t key;
	size_t at;		/* its value in the scratch octets */
	uint16_t len;
};

/* is_generic: named as keyNNNNN, so that its value stands for itself. */
static bool
key_from_text(const char *s, size_t n, uint16_t *key, bool *is_generic)
{
	uint32_t number;
	*is_generic = false;
	for (unsigned i = 0; i < SVC_KEYS; i++)
		if (strlen(key_names[i]) == n &&
		    strncasecmp(s, key_names[i], n) == 0) {
			*key = (uint16_t)i;
			return true;
		}
	if (n < 4 || strncasecmp(s, "key", 3) != 0 ||
	    (n > 4 && s[3] == '0') ||
	    !text_read_u32(s + 3, n - 3, 65534, &number))
		return false;
	*is_generic = true;
	*key = (uint16_t)number;
	return true;
}

/* The <character-string> level: quotes off, escapes resolved. */
static bool
value_octets(const char *p, const char *end, uint8_t *value, size_t *len)
{
	size_t n = 0;
	if (end - p >= 2 && *p == '"' && end[-1] == '"') {
		p++;
		end--;
	}
	while (p < end)
		if (*p == '"' || !name_text_octet(&p, end, &value[n++]))
			return false;
	*len = n;
	return true;
}

/* One item of a comma-separated list; a backslash protects what follows it
 * (RFC 9460 appendix A.1). False at the end of the list. */
static bool
next_item(const uint8_t *value, size_t len, size_t *at, uint8_t *item,
    size_t *item_len)
{
	size_t i = *at, n = 0;
	if (i > len)
		return false;
	for (; i < len && value[i] != ','; i++) {
		if (value[i] == '\\' && i + 1 < len)
			i++;
		item[n++] = value[i];
	}
	item[n] = '\0';
	*at = i + 1;
	*item_len = n;
	return true;
}

static bool
put_item(uint16_t key, const uint8_t *item, size_t len, struct buf *out)
{
	uint8_t octets[16];
	uint16_t number;
	bool is_generic;
	switch (key) {
	case SVC_ALPN:
		return len > 0 && len <= 255 &&
		    buf_put_u8(out, (uint8_t)len) && buf_put(out, item, len);
	case SVC_IPV4HINT:
		return inet_pton(AF_INET, (const char *)item, octets) == 1 &&
		    buf_put(out, octets, 4);
	case SVC_IPV6HINT:
		return inet_pton(AF_INET6, (const char *)item, octets) == 1 &&
		    buf_put(out, octets, 16);
	default:			/* SVC_MANDATORY */
		return key_from_text((const char *)item, len, &number,
		    &is_generic) && buf_put_u16(out, number);
	}
}

static int
u16_compare(const void *a, const void *b)
{
	return (int)octets_u16(a) - (int)octets_u16(b);
}

static bool
put_list(uint16_t key, const uint8_t *value, size_t len, struct buf *out)
{
	uint8_t *item = malloc(len + 1);
	size_t at = 0, item_len, start = out->at;
	bool good = item != NULL;
	while (good && next_item(value, len, &at, item, &item_len))
		good = put_item(key, item, item_len, out);
	free(item);
	if (good && key == SVC_MANDATORY)	/* any order in text */
		qsort(out->octets + start, (out->at - start) / 2, 2,
		    u16_compare);
	return good;
}

static bool
put_value(uint16_t key, bool is_generic, const uint8_t *value, size_t len,
    struct buf *out)
{
	uint32_t port;
	size_t put;
	if (is_generic)
		return buf_put(out, value, len);
	switch (key) {
	case SVC_MANDATORY: case SVC_ALPN: case SVC_IPV4HINT:
	case SVC_IPV6HINT:
		return put_list(key, value, len, out);
	case SVC_PORT:
		return text_read_u32((const char *)value, len, 65535, &port) &&
		    buf_put_u16(out, (uint16_t)port);
	case SVC_ECH:
		return text_read_base64((const char *)value, len,
		    buf_here(out), buf_left(out), &put) && buf_skip(out, put);
	case SVC_NO_DEFAULT_ALPN: case SVC_OHTTP:
		return len == 0;
	default:			/* SVC_DOHPATH */
		return buf_put(out, value, len);
	}
}

static bool
read_param(const struct word *s, struct param *p, struct buf *out)
{
	const char *end = s->at + s->len, *eq = memchr(s->at, '=', s->len);
	const char *key_end = eq == NULL ? end : eq;
	uint8_t *value = malloc(s->len + 1u);
	size_t len = 0, start = out->at;
	bool is_generic, good = value != NULL && !s->is_quoted &&
	    key_from_text(s->at, (size_t)(key_end - s->at), &p->key,
	    &is_generic) &&
	    (eq == NULL || value_octets(eq + 1, end, value, &len)) &&
	    put_value(p->key, is_generic, value, len, out);
	free(value);
	p->at = start;
	p->len = (uint16_t)(out->at - start);
	return good;
}

static int
param_compare(const void *a, const void *b)
{
	return (int)((const struct param *)a)->key -
	    (int)((const struct param *)b)->key;
}

/* In ascending order, none twice (RFC 9460 2.2). */
static bool
put_params(struct param *p, size_t n, const uint8_t *values, struct buf *out)
{
	qsort(p, n, sizeof *p, param_compare);
	for (size_t i = 0; i < n; i++)
		if ((i > 0 && p[i].key == p[i - 1].key) ||
		    !buf_put_u16(out, p[i].key) ||
		    !buf_put_u16(out, p[i].len) ||
		    !buf_put(out, values + p[i].at, p[i].len))
			return false;
	return true;
}

bool
words_read_svcparams(struct words *w)
{
	struct param params[PARAMS_MAX];
	uint8_t *values = malloc(UINT16_MAX);
	struct buf b = buf_of(values, UINT16_MAX);
	size_t n = 0;
	bool good = values != NULL;
	for (const struct word *s; good && (s = words_next(w)) != NULL; n++)
		good = n < PARAMS_MAX && read_param(s, &params[n], &b);
	good = good && put_params(params, n, values, w->out);
	free(values);
	return good;
}

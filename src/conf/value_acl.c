/* value_acl.c - one line about neighbours:
 * [AXFR|UDP] ADDRESS[@PORT] KEY|NOKEY|BLOCKED [TLS-AUTH], where ADDRESS is
 * addr, addr/bits, addr&mask or low-high. Keys are looked up at the end. */
#include <string.h>
#include <strings.h>

#include "conf/build.h"

#define DNS_PORT 53
#define TLS_PORT 853

/* What a kind of line may contain, by the word in the option's row. */
struct acl_rules {
	const char *what;
	bool is_target;		/* one address that we send to or from */
	bool has_key, has_transport, has_tls_auth;
};

static const struct acl_rules acl_rules[] = {
	{ "request", true, true, true, true },
	{ "target", true, true, false, false },
	{ "source", true, false, false, false },
	{ "allow", false, true, false, false },
	{ "transfer", false, true, false, true },
};

static const struct acl_rules *
rules_of(const char *what)
{
	for (size_t i = 0; i < sizeof(acl_rules) / sizeof(*acl_rules); i++)
		if (strcmp(acl_rules[i].what, what) == 0)
			return &acl_rules[i];
	ASSERT(false && "kind of neighbours in the row");
	return NULL;
}

/* The mask with this many leading one bits. */
static bool
mask_of_bits(const char *text, const struct addr *a, struct addr *mask)
{
	const uint8_t *octets;
	const size_t size = addr_octets(a, &octets);
	unsigned bits = 0;
	if (*text == '\0' || strlen(text) > 3 ||
	    strspn(text, "0123456789") != strlen(text))
		return false;
	for (const char *p = text; *p != '\0'; p++)
		bits = bits * 10 + (unsigned)(*p - '0');
	if (bits > size * 8)
		return false;
	*mask = *a;
	addr_octets(mask, &octets);
	uint8_t *m = (uint8_t *)(uintptr_t)octets;
	memset(m, 0, size);
	for (unsigned i = 0; i < bits; i++)
		m[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	return true;
}

static bool
range_end(const char *text, struct acl *a)
{
	return addr_parse(text, 0, &a->last) &&
	    a->last.sa.sa_family == a->addr.sa.sa_family;
}

/* text is a copy that may be cut. */
static bool
acl_host(char *text, uint16_t port, struct acl *a)
{
	char *sign = strpbrk(text, "&/-");
	const char kind = sign == NULL ? '\0' : *sign;
	if (sign != NULL)
		*sign++ = '\0';
	if (!addr_parse(text, port, &a->addr))
		return false;
	switch (kind) {
	case '&':
		a->range = ACL_MASK;
		return range_end(sign, a);
	case '-':
		a->range = ACL_MINMAX;
		return range_end(sign, a);
	case '/':
		a->range = ACL_SUBNET;
		return mask_of_bits(sign, &a->addr, &a->last);
	default:
		a->range = ACL_SINGLE;
		return true;
	}
}

static bool
acl_address(struct builder *b, const struct value *v, const struct word *w,
    struct acl *a)
{
	char *text = arena_strdup(b->arena, w->text);
	char *at = strrchr(text, '@');
	int64_t port = 0;
	if (at != NULL) {
		const struct word number = { at + 1, w->line, false };
		if (!value_number(b, v, &number, "0..65535", &port))
			return false;
		*at = '\0';
	}
	a->text = w->text;
	a->has_port = port != 0;
	/* An interface name behind % may contain the signs of a range. */
	const bool is_scoped = strchr(text, '%') != NULL &&
	    addr_parse(text, (uint16_t)port, &a->addr);
	if (is_scoped || acl_host(text, (uint16_t)port, a))
		return true;
	build_error(b, v->file, w->line, "%s: '%s' is not an address or range",
	    v->name, w->text);
	return false;
}

static bool
acl_key(struct builder *b, const struct value *v, const struct word *w,
    const struct acl_rules *r, struct acl *a)
{
	a->key_name = w->text;
	a->signer = strcmp(w->text, "NOKEY") == 0 ? ACL_NOKEY :
	    strcmp(w->text, "BLOCKED") == 0 ? ACL_BLOCKED : ACL_KEY;
	if (!r->is_target)
		return true;
	if (a->signer == ACL_BLOCKED) {
		build_error(b, v->file, w->line,
		    "%s: BLOCKED makes no sense here", v->name);
		return false;
	}
	return true;
}

static bool
acl_is_transport(const struct word *w, struct acl *a)
{
	if (w->is_quoted)
		return false;
	a->use_axfr = strcasecmp(w->text, "AXFR") == 0;
	a->use_udp = strcasecmp(w->text, "UDP") == 0;
	return a->use_axfr || a->use_udp;
}

/* Where to send to; a source keeps 0, which lets the system choose. */
static void
acl_target_port(const struct acl_rules *r, struct acl *a)
{
	if (r->is_target && r->has_key && !a->has_port)
		addr_set_port(&a->addr,
		    a->tls_auth_name != NULL ? TLS_PORT : DNS_PORT);
}

static bool
acl_tls_auth(struct builder *b, const struct value *v, size_t i,
    const struct acl_rules *r, struct acl *a)
{
	if (i < v->n && r->has_tls_auth && !a->use_udp)
		a->tls_auth_name = v->words[i++].text;
	if (i < v->n) {
		build_error(b, v->file, v->words[i].line,
		    "%s: unexpected '%s'", v->name, v->words[i].text);
		return false;
	}
	return true;
}

bool
value_acl(struct builder *b, const char *what, struct acl_list *list,
    const struct value *v)
{
	const struct acl_rules *r = rules_of(what);
	struct acl a = { .signer = ACL_NOKEY, .file = v->file,
		.line = v->line };
	size_t i = 0;
	if (r->has_transport && v->n > 0 && acl_is_transport(v->words, &a))
		i++;
	if (v->n < i + 1 + r->has_key) {
		build_error(b, v->file, v->line, "%s: needs an address%s",
		    v->name, r->has_key ? " and a key name or NOKEY" : "");
		return false;
	}
	if (!acl_address(b, v, &v->words[i], &a))
		return false;
	if (r->is_target && !r->has_key && a.range != ACL_SINGLE) {
		build_notice(b, v->file, v->words[i].line, "%s: '%s' is a "
		    "range, its first address is used", v->name, a.text);
		a.range = ACL_SINGLE;	/* as NSD does */
	}
	if (r->is_target && a.range != ACL_SINGLE) {
		build_error(b, v->file, v->words[i].line,
		    "%s: '%s' is a range, needs one address", v->name,
		    a.text);
		return false;
	}
	i++;
	if (r->has_key && !acl_key(b, v, &v->words[i++], r, &a))
		return false;
	if (!acl_tls_auth(b, v, i, r, &a))
		return false;
	acl_target_port(r, &a);
	list->at = list_add(b->arena, list->at, &list->n, sizeof(a), &a);
	return true;
}

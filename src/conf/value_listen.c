/* value_listen.c - one address to listen on: ADDRESS[@PORT], the name of an
 * interface, a path, with NSD's socket options behind. */
#include <stdio.h>
#include <string.h>

#include "conf/build.h"

#define INTERFACE_MAX 15	/* IFNAMSIZ - 1 */

static bool
is_interface(const char *text)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
	const size_t n = strlen(text);
	return n > 0 && n <= INTERFACE_MAX && strspn(text, signs) == n;
}

static bool
may_be(const char *what, const char *kind)
{
	return strstr(what, kind) != NULL;
}

/* "0 1-3": numbers and ranges. */
static bool
is_servers(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789- ,") == strlen(text);
}

static bool
listen_option(struct builder *b, const struct value *v, size_t *i,
    struct conf_listen *l)
{
	const struct word *w = &v->words[*i];
	const char *text = strchr(w->text, '=');
	const char *value = text == NULL ? "" : text + 1;
	if (text != NULL && *value == '\0' && *i + 1 < v->n)
		value = v->words[++*i].text;	/* servers= "1 2" */
	int64_t fib;
	if (strncmp(w->text, "servers=", 8) == 0 && is_servers(value)) {
		l->servers = value;
		return true;
	}
	if (strncmp(w->text, "bindtodevice=", 13) == 0 &&
	    (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)) {
		l->bindtodevice = *value == 'y';
		return true;
	}
	const struct word number = { value, w->line, false };
	if (strncmp(w->text, "setfib=", 7) == 0)  {
		if (!value_number(b, v, &number, "0..65535", &fib))
			return false;
		l->setfib = (int)fib;
		return true;
	}
	build_error(b, v->file, w->line, "%s: '%s' is not a socket option "
	    "(servers= bindtodevice= setfib=)", v->name, w->text);
	return false;
}

static bool
listen_port(struct builder *b, const struct value *v, const char *at,
    struct conf_listen *l)
{
	const struct word number = { at + 1, v->words[0].line, false };
	int64_t port;
	if (!value_number(b, v, &number, "0..65535", &port))
		return false;
	l->port = (uint16_t)port;
	return true;
}

static bool
listen_address(struct builder *b, const char *what, const struct value *v,
    struct conf_listen *l)
{
	const char *text = v->words[0].text;
	if (text[0] == '/' && may_be(what, "path")) {
		l->path = text;
		return true;
	}
	const char *at = strrchr(text, '@');
	if (at != NULL && !listen_port(b, v, at, l))
		return false;
	const char *host = at == NULL ? text :
	    arena_strndup(b->arena, text, (size_t)(at - text));
	if (addr_parse(host, l->port, &l->addr))
		return true;
	l->addr = (struct addr){ .sa = { .sa_family = AF_UNSPEC } };
	if (may_be(what, "interface") && is_interface(host)) {
		l->interface = host;
		return true;
	}
	build_error(b, v->file, v->words[0].line,
	    "%s: '%s' is not an address", v->name, text);
	return false;
}

bool
value_listen(struct builder *b, const char *what, struct conf_listens *list,
    const struct value *v)
{
	if (v->n == 0) {
		build_error(b, v->file, v->line, "%s: needs an address",
		    v->name);
		return false;
	}
	struct conf_listen l = { .text = v->words[0].text, .setfib = -1 };
	if (!listen_address(b, what, v, &l))
		return false;
	if (v->n > 1 && !may_be(what, "options")) {
		build_error(b, v->file, v->words[1].line,
		    "%s: unexpected '%s' after the address", v->name,
		    v->words[1].text);
		return false;
	}
	for (size_t i = 1; i < v->n; i++)
		if (!listen_option(b, v, &i, &l))
			return false;
	list->at = list_add(b->arena, list->at, &list->n, sizeof(l), &l);
	return true;
}

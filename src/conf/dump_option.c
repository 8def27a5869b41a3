/* dump_option.c - one option as text of nsd.conf syntax. */
#include <stdio.h>
#include <string.h>

#include "conf/dump.h"

void
dump_text(struct dump *d, const char *text)
{
	if (!octets_add(d->out, text, strlen(text)))
		d->is_failed = true;
}

static void
dump_octet(struct dump *d, char c)
{
	if (!octets_add(d->out, &c, 1))
		d->is_failed = true;
}

/* May the word stand without quotes and be read as the same word? */
static bool
is_plain(const char *text)
{
	const size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		const char c = text[i];
		if (c <= ' ' || c == '"' || c == '\\' || c == 0x7f)
			return false;
	}
	return n > 0 && text[0] != '#' && text[n - 1] != ':';
}

void
dump_word(struct dump *d, const char *text, bool is_quoted)
{
	if (d->is_raw || (!is_quoted && is_plain(text))) {
		dump_text(d, text);
		return;
	}
	dump_octet(d, '"');
	for (; *text != '\0'; text++) {
		if (d->has_escapes && (*text == '"' || *text == '\\'))
			dump_octet(d, '\\');
		dump_octet(d, *text);
	}
	dump_octet(d, '"');
}

static void
value_number_text(struct dump *d, const struct conf_option *o, int64_t n)
{
	char text[24];
	if (o->kind == KIND_EXPIRE && n == CONF_EXPIRE_FROM_SOA) {
		dump_text(d, "refresh+retry+1");
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)n);
	dump_text(d, text);
}

static void
value_enum(struct dump *d, const struct conf_option *o, unsigned n)
{
	const char *p = o->values;
	char word[32];
	for (; n > 0; n--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, " "), p);
	dump_text(d, word);
}

static void
value_argv_text(struct dump *d, const struct conf_argv *a)
{
	for (unsigned i = 0; i < a->argc; i++) {
		if (i > 0)
			dump_text(d, " ");
		if (i > 0 || !a->is_builtin) {
			dump_word(d, a->argv[i], d->has_escapes || i == 0);
			continue;
		}
		dump_text(d, "builtin:");
		dump_text(d, a->argv[0]);
	}
	if (a->argc == 0)
		dump_text(d, "\"\"");
}

static void
value_listen_text(struct dump *d, const struct conf_listen *l)
{
	char fib[32];
	dump_word(d, l->text, d->has_escapes);
	if (l->servers != NULL) {
		dump_text(d, " servers=");
		dump_word(d, l->servers, true);
	}
	if (l->bindtodevice)
		dump_text(d, " bindtodevice=yes");
	if (l->setfib >= 0) {
		snprintf(fib, sizeof(fib), " setfib=%d", l->setfib);
		dump_text(d, fib);
	}
}

static void
value_acl_text(struct dump *d, const struct acl *a)
{
	if ((a->use_axfr || a->use_udp) && !d->is_raw)
		dump_text(d, a->use_axfr ? "AXFR " : "UDP ");
	dump_word(d, a->text, d->has_escapes);
	if (a->key_name != NULL) {
		dump_text(d, " ");
		dump_word(d, a->key_name, d->has_escapes);
	}
	if (a->tls_auth_name != NULL) {
		dump_text(d, " ");
		dump_word(d, a->tls_auth_name, d->has_escapes);
	}
}

static void
value_element(struct dump *d, const struct conf_option *o, const void *m,
    size_t i)
{
	if (o->kind == KIND_LISTEN)
		value_listen_text(d,
		    &((const struct conf_listens *)m)->at[i]);
	else if (o->kind == KIND_ACL)
		value_acl_text(d, &((const struct acl_list *)m)->at[i]);
	else if (o->kind == KIND_ARGVS)
		value_argv_text(d, &((const struct conf_argvs *)m)->at[i]);
	else if (o->kind == KIND_NUMBERS)
		value_number_text(d, o,
		    ((const struct conf_numbers *)m)->at[i]);
	else
		dump_word(d, ((const struct conf_strings *)m)->at[i], true);
}

static void
value_scalar(struct dump *d, const struct conf_option *o, const void *m)
{
	if (o->kind == KIND_BOOL)
		dump_text(d, *(const bool *)m ? "yes" : "no");
	else if (conf_kind_is_number(o->kind))
		value_number_text(d, o, *(const int64_t *)m);
	else if (o->kind == KIND_ENUM)
		value_enum(d, o, *(const unsigned *)m);
	else if (o->kind == KIND_ARGV)
		value_argv_text(d, m);
	else
		dump_word(d, *(const char *const *)m, true);
}

/* Nothing was given, and there is no default. */
static bool
is_absent(const struct conf_option *o, const void *m)
{
	if (conf_kind_is_number(o->kind))
		return *(const int64_t *)m == -1 && o->def == NULL;
	if (o->kind == KIND_STRING || o->kind == KIND_PATH ||
	    o->kind == KIND_WORDS)
		return *(const char *const *)m == NULL;
	if (o->kind == KIND_ARGV)
		return ((const struct conf_argv *)m)->argc == 0;
	return false;
}

/* Names are lower case; a capital N stands for a number from 1. */
static void
dump_line_name(struct dump *d, const char *name, size_t i)
{
	char number[24];
	dump_text(d, "\t");
	for (; *name != '\0'; name++)
		if (*name == 'N') {
			snprintf(number, sizeof(number), "%zu", i + 1);
			dump_text(d, number);
		} else {
			dump_octet(d, *name);
		}
	dump_text(d, ": ");
}

static void
dump_lines(struct dump *d, const struct conf_option *o, const void *object,
    const char *name)
{
	const void *m = (const uint8_t *)object + o->offset;
	const bool is_list = conf_kind_is_list(o->kind) ||
	    o->kind == KIND_ARGVS;
	const size_t n = is_list ? ((const struct acl_list *)m)->n : 1;
	if (!is_list && is_absent(o, m)) {
		if (name == NULL)
			dump_text(d, "\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (name != NULL)
			dump_line_name(d, name, i);
		if (is_list)
			value_element(d, o, m, i);
		else
			value_scalar(d, o, m);
		dump_text(d, "\n");
	}
}

void
dump_option(struct dump *d, const struct conf_option *o, const void *object)
{
	dump_lines(d, o, object, o->name);
}

void
dump_value(struct dump *d, const struct conf_option *o, const void *object)
{
	/* A command's words need their quotes; all else stands as it is. */
	d->is_raw = o->kind != KIND_ARGV && o->kind != KIND_ARGVS;
	dump_lines(d, o, object, NULL);
}

/* equal.c - what differs between two configurations, for reconfig. */
#include <string.h>

#include "conf/build.h"

static bool
string_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
argv_equal(const struct conf_argv *a, const struct conf_argv *b)
{
	if (a->argc != b->argc || a->is_builtin != b->is_builtin)
		return false;
	for (unsigned i = 0; i < a->argc; i++)
		if (strcmp(a->argv[i], b->argv[i]) != 0)
			return false;
	return true;
}

static bool
listen_equal(const struct conf_listen *a, const struct conf_listen *b)
{
	return strcmp(a->text, b->text) == 0 && a->port == b->port &&
	    string_equal(a->servers, b->servers) &&
	    a->bindtodevice == b->bindtodevice && a->setfib == b->setfib;
}

/* The secret is part of what a zone is configured with. */
static bool
key_equal(const struct conf_key *a, const struct conf_key *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->tsig.alg == b->tsig.alg &&
	    a->tsig.secret_len == b->tsig.secret_len &&
	    memcmp(a->tsig.secret, b->tsig.secret, a->tsig.secret_len) == 0;
}

static bool
tls_auth_equal(const struct conf_tls_auth *a, const struct conf_tls_auth *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return string_equal(a->auth_domain_name, b->auth_domain_name) &&
	    string_equal(a->client_cert, b->client_cert) &&
	    string_equal(a->client_key, b->client_key) &&
	    string_equal(a->client_key_pw, b->client_key_pw);
}

static bool
element_equal(enum conf_kind kind, const void *a, const void *b, size_t i)
{
	const struct acl_list *x = a, *y = b;
	if (kind == KIND_ACL)
		return acl_equal(&x->at[i], &y->at[i]) &&
		    key_equal(x->at[i].key, y->at[i].key) &&
		    tls_auth_equal(x->at[i].tls_auth, y->at[i].tls_auth);
	if (kind == KIND_LISTEN)
		return listen_equal(&((const struct conf_listens *)a)->at[i],
		    &((const struct conf_listens *)b)->at[i]);
	if (kind == KIND_ARGVS)
		return argv_equal(&((const struct conf_argvs *)a)->at[i],
		    &((const struct conf_argvs *)b)->at[i]);
	if (kind == KIND_NUMBERS)
		return ((const struct conf_numbers *)a)->at[i] ==
		    ((const struct conf_numbers *)b)->at[i];
	return strcmp(((const struct conf_strings *)a)->at[i],
	    ((const struct conf_strings *)b)->at[i]) == 0;
}

static bool
list_equal(enum conf_kind kind, const void *a, const void *b)
{
	const struct acl_list *x = a, *y = b;
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!element_equal(kind, a, b, i))
			return false;
	return true;
}

static bool
option_equal(const struct conf_option *o, const void *one, const void *other)
{
	const void *a = (const uint8_t *)one + o->offset;
	const void *b = (const uint8_t *)other + o->offset;
	if (conf_kind_is_list(o->kind) || o->kind == KIND_ARGVS)
		return list_equal(o->kind, a, b);
	if (o->kind == KIND_ARGV)
		return argv_equal(a, b);
	if (o->kind == KIND_BOOL)
		return *(const bool *)a == *(const bool *)b;
	if (o->kind == KIND_ENUM)
		return *(const unsigned *)a == *(const unsigned *)b;
	if (conf_kind_is_number(o->kind))
		return *(const int64_t *)a == *(const int64_t *)b;
	return string_equal(*(const char *const *)a, *(const char *const *)b);
}

static bool
section_equal(enum conf_section_id id, const void *a, const void *b)
{
	const struct conf_section *s = &conf_sections[id];
	for (size_t i = 0; i < s->count; i++)
		if (!option_equal(&s->options[i], a, b))
			return false;
	return true;
}

bool
conf_server_equal(const struct conf_server *a, const struct conf_server *b)
{
	return section_equal(SECTION_SERVER, a, b);
}

bool
conf_verify_equal(const struct conf_verify *a, const struct conf_verify *b)
{
	return section_equal(SECTION_VERIFY, a, b) &&
	    a->verifier_count_is_unset == b->verifier_count_is_unset;
}

bool
conf_remote_equal(const struct conf_remote *a, const struct conf_remote *b)
{
	return section_equal(SECTION_REMOTE, a, b);
}

bool
conf_zone_equal(const struct conf_zone *a, const struct conf_zone *b)
{
	return string_equal(a->name, b->name) &&
	    string_equal(a->pattern, b->pattern) &&
	    a->is_verified == b->is_verified &&
	    string_equal(a->file_path, b->file_path) &&
	    section_equal(SECTION_ZONE, a, b);
}

void
conf_compare_zones(const struct conf *from, const struct conf *to,
    void (*differs)(void *arg, enum conf_change change,
	const struct conf_zone *from, const struct conf_zone *to),
    void *arg)
{
	for (size_t i = 0; i < from->zone_count; i++) {
		const struct conf_zone *z = &from->zones[i];
		const struct conf_zone *n = conf_zone_by_apex(to, z->apex);
		if (n == NULL)
			differs(arg, CONF_REMOVED, z, NULL);
		else if (!conf_zone_equal(z, n))
			differs(arg, CONF_CHANGED, z, n);
	}
	for (size_t i = 0; i < to->zone_count; i++)
		if (conf_zone_by_apex(from, to->zones[i].apex) == NULL)
			differs(arg, CONF_ADDED, NULL, &to->zones[i]);
}

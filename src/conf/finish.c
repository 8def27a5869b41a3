/* finish.c - the end of loading: what needs the whole configuration.
 * Defaults, ports, inheritance, keys, paths, the table of zones. */
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "base/spawn.h"
#include "conf/build.h"

#define VERIFIERS_LEAST 4
#define EDNS_LEAST 512

static void
default_set(struct builder *b, const struct conf_option *o, void *object,
    const char *text)
{
	struct conf_set *s = object;
	const struct word w = { text, 0, true };
	const struct value v = { .name = o->name, .file = "(default)",
		.words = &w, .n = 1 };
	const bool is_good = value_set(b, o, object, &v);
	ASSERT(is_good);	/* the row's default is in order */
	s->bits[o->bit / 64] &= ~(UINT64_C(1) << (o->bit % 64));
}

/* A list has one element per word. */
static void
default_fill(struct builder *b, const struct conf_option *o, void *object)
{
	if (!conf_kind_is_list(o->kind)) {
		default_set(b, o, object, o->def);
		return;
	}
	const char *p = o->def;
	while (*(p += strspn(p, " ")) != '\0') {
		const size_t n = strcspn(p, " ");
		default_set(b, o, object, arena_strndup(b->arena, p, n));
		p += n;
	}
}

void
build_defaults_fill(struct builder *b, enum conf_section_id id, void *object)
{
	const struct conf_section *s = &conf_sections[id];
	const struct conf_set *set = object;
	for (size_t i = 0; i < s->count; i++) {
		struct conf_option o = s->options[i];
		o.bit = (unsigned)i;
		if (conf_is_set(set, o.bit))
			continue;
		if (o.def != NULL)
			default_fill(b, &o, object);
		else if (conf_kind_is_number(o.kind))
			*(int64_t *)(void *)((uint8_t *)object + o.offset) =
			    -1;
	}
}

static void
listens_port(const struct conf_listens *l, int64_t port)
{
	for (size_t i = 0; i < l->n; i++) {
		struct conf_listen *one =
		    (struct conf_listen *)(uintptr_t)&l->at[i];
		if (strchr(one->text, '@') != NULL)
			continue;
		one->port = (uint16_t)port;
		if (one->addr.sa.sa_family != AF_UNSPEC)
			addr_set_port(&one->addr, one->port);
	}
}

static void
finish_server(struct builder *b)
{
	struct conf_server *s = &b->conf->server;
	build_defaults_fill(b, SECTION_SERVER, s);
	if (s->ip4_only) {
		s->do_ip4 = true;
		s->do_ip6 = false;
	}
	if (s->ip6_only) {
		s->do_ip4 = false;
		s->do_ip6 = true;
	}
	if (s->ipv4_edns_size < EDNS_LEAST)
		s->ipv4_edns_size = EDNS_LEAST;
	if (s->ipv6_edns_size < EDNS_LEAST)
		s->ipv6_edns_size = EDNS_LEAST;
	if (s->state_dir == NULL || s->state_dir[0] == '\0')
		s->state_dir = arena_printf(b->arena, "%s.d",
		    s->xfrdfile[0] != '\0' ? s->xfrdfile :
		    NSDV_STATEDIR "/xfrd.state");
	listens_port(&s->ip_address, s->port);
	listens_port(&s->metrics_interface, s->metrics_port);
}

static void
finish_verify(struct builder *b)
{
	struct conf_verify *y = &b->conf->verify;
	build_defaults_fill(b, SECTION_VERIFY, y);
	y->verifier_count_is_unset =
	    !conf_is_set(&y->set, CONF_VERIFY_verifier_count);
	if (y->verifier_count_is_unset) {
		const long cores = sysconf(_SC_NPROCESSORS_ONLN);
		y->verifier_count = cores > VERIFIERS_LEAST ? cores :
		    VERIFIERS_LEAST;
	}
	if (y->verifier_user == NULL)
		y->verifier_user = b->conf->server.username;
	listens_port(&y->ip_address, y->port);
}

static void
finish_keys(struct builder *b)
{
	struct conf_key *k = b->keys.at;
	for (size_t i = 0; i < b->keys.n; i++) {
		build_defaults_fill(b, SECTION_KEY, &k[i].options);
		value_key_finish(b, &k[i]);
		for (size_t j = 0; j < i; j++)
			if (k[i].name != NULL && k[j].name != NULL &&
			    strcmp(k[i].name, k[j].name) == 0)
				build_error(b, k[i].file, k[i].line,
				    "key %s: defined again, first at %s:%u",
				    k[i].name, k[j].file, k[j].line);
	}
	b->conf->key_count = b->keys.n;
	b->conf->keys = arena_copy(b->arena, k, b->keys.n * sizeof(*k));
}

static void
finish_tls_auth(struct builder *b, const struct conf_tls_auth *all, size_t i)
{
	const struct conf_tls_auth *t = &all[i];
	struct name n;
	if (t->name == NULL || t->auth_domain_name == NULL) {
		build_error(b, t->file, t->line, "tls-auth: has no %s",
		    t->name == NULL ? "name" : "auth-domain-name");
		return;
	}
	if (!name_from_text(t->name, &n))
		build_error(b, t->file, t->line,
		    "tls-auth: '%s' is not a domain name", t->name);
	for (size_t j = 0; j < i; j++)
		if (all[j].name != NULL && strcmp(all[j].name, t->name) == 0)
			build_error(b, t->file, t->line,
			    "tls-auth %s: defined again, first at %s:%u",
			    t->name, all[j].file, all[j].line);
}

static void
finish_tls_auths(struct builder *b)
{
	struct conf_tls_auth *t = b->tls_auths.at;
	for (size_t i = 0; i < b->tls_auths.n; i++) {
		build_defaults_fill(b, SECTION_TLS_AUTH, &t[i]);
		finish_tls_auth(b, t, i);
	}
	b->conf->tls_auth_count = b->tls_auths.n;
	b->conf->tls_auths = arena_copy(b->arena, t,
	    b->tls_auths.n * sizeof(*t));
}

/* A configuration from memory was a file once, and a role may stand in a
 * chroot, where nobody is known. username is looked at when it is used. */
static void
finish_users(struct builder *b)
{
	struct spawn_user user;
	const char *ours = b->conf->server.username;
	for (struct named_user *u = b->users; u != NULL && b->reads_disk;
	    u = u->next)
		if (u->name[0] != '\0' && strcmp(u->name, ours) != 0 &&
		    spawn_user_find(u->name, &user) != OK)
			build_error(b, u->file, u->line,
			    "%s: there is no user %s", u->option, u->name);
}

void
build_finish(struct builder *b)
{
	finish_server(b);
	finish_verify(b);
	build_defaults_fill(b, SECTION_REMOTE, &b->conf->remote);
	listens_port(&b->conf->remote.control_interface,
	    b->conf->remote.control_port);
	build_defaults_fill(b, SECTION_DNSTAP, &b->conf->dnstap);
	finish_keys(b);
	finish_tls_auths(b);
	finish_users(b);
	build_finish_zones(b);
}

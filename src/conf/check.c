/* check.c - a configuration that can be read but cannot work, is dangerous,
 * or does other than NSD would. Reads no file. */
#include <string.h>

#include "conf/report.h"
#include "config.h"

static void
zone_check_data(const struct conf_zone *z, struct conf_report *r)
{
	const bool has_file = z->zonefile != NULL && z->zonefile[0] != '\0';
	if (z->request_xfr.n == 0 && !has_file &&
	    z->catalog != CATALOG_PRODUCER)
		report_error(r, z->file, z->line, "zone %s: neither "
		    "request-xfr nor zonefile says where its data come from",
		    z->name);
	if (z->request_xfr.n == 0 && z->allow_notify.n > 0)
		report_error(r, z->file, z->line, "zone %s: allow-notify "
		    "without request-xfr: nobody to ask after a notify",
		    z->name);
}

/* Never in the clear what was to go over TLS. */
static void
zone_check_tls(const struct conf_zone *z, struct conf_report *r)
{
	for (size_t i = 0; i < z->request_xfr.n; i++)
		if (z->request_xfr.at[i].tls_auth_name != NULL)
			report_notice(r, z->file, z->line, "zone %s: primary "
			    "%s is not asked: this version asks none over TLS",
			    z->name, z->request_xfr.at[i].text);
	for (size_t i = 0; i < z->provide_xfr.n; i++)
		if (z->provide_xfr.at[i].tls_auth_name != NULL &&
		    z->provide_xfr.at[i].signer != ACL_BLOCKED)
			report_notice(r, z->file, z->line, "zone %s: %s gets "
			    "no transfer: this version checks no client's "
			    "certificate",
			    z->name, z->provide_xfr.at[i].text);
}

static void
zone_check_verify(const struct conf_zone *z, struct conf_report *r)
{
	if (!z->is_verified)
		return;
	if (z->verifier.n == 0)
		report_error(r, z->file, z->line, "zone %s: is to be verified "
		    "but has no verifier (give verifier: or "
		    "verify-zone: no)", z->name);
	for (size_t i = 0; i < z->verifier.n; i++)
		if (z->verifier.at[i].is_builtin)
			report_error(r, z->file, z->line, "zone %s: there "
			    "is no verifier builtin:%s in this version",
			    z->name, z->verifier.at[i].argv[0]);
	if (z->verify_mode == MODE_HOLD)
		report_notice(r, z->file, z->line, "zone %s: verify-mode: "
		    "hold: this version has no command to let out what is "
		    "held", z->name);
	if (z->request_xfr.n == 0)
		report_notice(r, z->file, z->line, "zone %s: its zone file "
		    "is verified too, which NSD does not do (verify-zone: no "
		    "turns it off)", z->name);
}

/* The notice about a list stands once for the list, not for each zone. */
static void
verifiers_check(const struct conf *c, struct conf_report *r)
{
	const struct conf_argv *named = c->verify.verifier.at;
	if (c->verify.verifier.n > 1)
		report_notice(r, c->file, 0, "verify: has %zu verifiers, all "
		    "must pass (NSD takes the last one)",
		    c->verify.verifier.n);
	for (size_t i = 0; i < c->zone_count; i++) {
		const struct conf_zone *z = &c->zones[i];
		if (z->verifier.n < 2 || z->verifier.at == named ||
		    z->verifier.at == c->verify.verifier.at)
			continue;
		named = z->verifier.at;
		report_notice(r, z->file, z->line, "zone %s: has %zu "
		    "verifiers, all must pass (NSD takes the last one)",
		    z->name, z->verifier.n);
	}
}

static void
verify_check(const struct conf *c, struct conf_report *r)
{
	size_t verified = 0;
	for (size_t i = 0; i < c->zone_count; i++)
		verified += c->zones[i].is_verified;
	if (!c->verify.enable)
		return;
	if (c->verify.verifier_count == 1 && verified > 1)
		report_notice(r, c->file, 0, "verifier-count: 1 makes %zu "
		    "verified zones wait for each other", verified);
	if (verified > 0 && (c->verify.verifier_user == NULL ||
	    strcmp(c->verify.verifier_user, c->server.username) == 0))
		report_notice(r, c->file, 0, "verifier-user: is unset; a user "
		    "of its own keeps verifiers from the server's files");
	verifiers_check(c, r);
}

/* A path must stand below the new root, or not be absolute. */
static void
chroot_check(const struct conf *c, const char *option, const char *path,
    struct conf_report *r)
{
	const char *root = c->server.chroot;
	if (path == NULL || path[0] != '/')
		return;
	if (strncmp(path, root, strlen(root)) != 0)
		report_error(r, c->file, 0, "%s: %s does not stand below "
		    "chroot: %s", option, path, root);
}

static void
server_check_chroot(const struct conf *c, struct conf_report *r)
{
	const struct conf_server *s = &c->server;
	if (s->chroot[0] == '\0')
		return;
	if (s->chroot[0] != '/')
		report_error(r, c->file, 0, "chroot: %s is not absolute",
		    s->chroot);
	chroot_check(c, "zonesdir", s->zonesdir, r);
	chroot_check(c, "zonelistfile", s->zonelistfile, r);
	chroot_check(c, "state-dir", s->state_dir, r);
	chroot_check(c, "logfile", s->logfile, r);
	chroot_check(c, "pidfile", s->pidfile, r);
	for (size_t i = 0; i < c->zone_count; i++)
		chroot_check(c, c->zones[i].name, c->zones[i].file_path, r);
}

/* Where our defaults are not NSD's, a file that leaves them unset should say
 * so once. */
static void
defaults_check(const struct conf *c, struct conf_report *r)
{
	const struct conf_server *s = &c->server;
	const struct { unsigned bit; const char *name, *value; } rows[] = {
		{ CONF_SERVER_username, "username", s->username },
		{ CONF_SERVER_zonesdir, "zonesdir", s->zonesdir },
		{ CONF_SERVER_xfrdfile, "xfrdfile", s->xfrdfile },
		{ CONF_SERVER_zonelistfile, "zonelistfile", s->zonelistfile },
		{ CONF_SERVER_pidfile, "pidfile", s->pidfile },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!conf_is_set(&s->set, rows[i].bit))
			report_notice(r, c->file, 0, "%s: is unset, it is "
			    "\"%s\"", rows[i].name, rows[i].value);
	if (!conf_is_set(&s->set, CONF_SERVER_state_dir))
		report_notice(r, c->file, 0, "state-dir: is unset, it is "
		    "\"%s\"", s->state_dir);
}

static void
cookie_check(const struct conf *c, struct conf_report *r)
{
	const struct conf_server *s = &c->server;
	if (s->cookie_staging_secret != NULL &&
	    s->cookie_staging_secret[0] != '\0' &&
	    (s->cookie_secret == NULL || s->cookie_secret[0] == '\0'))
		report_notice(r, c->file, 0, "cookie-staging-secret: has no "
		    "effect without cookie-secret");
}

/* A command must not come from anybody on the machine. */
static void
control_check(const struct conf *c, struct conf_report *r)
{
	const struct conf_listens *l = &c->remote.control_interface;
	if (!c->remote.control_enable)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].path == NULL)
			report_notice(r, c->file, 0, "control-interface: %s "
			    "is skipped: commands over TCP need TLS, which "
			    "this version has for queries alone; give the path "
			    "of a unix socket", l->at[i].text);
}

bool
conf_check(const struct conf *c, struct conf_report *r)
{
	const size_t errors = r->errors;
	for (size_t i = 0; i < c->zone_count; i++) {
		zone_check_data(&c->zones[i], r);
		zone_check_verify(&c->zones[i], r);
		zone_check_tls(&c->zones[i], r);
	}
	if (!c->server.do_ip4 && !c->server.do_ip6)
		report_error(r, c->file, 0,
		    "do-ip4 and do-ip6 are both no: nothing to listen on");
	server_check_chroot(c, r);
	verify_check(c, r);
	cookie_check(c, r);
	control_check(c, r);
	defaults_check(c, r);
	return r->errors == errors;
}

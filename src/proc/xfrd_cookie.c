/* xfrd_cookie.c - secrets of cookies: where they come from, and the commands
 * of an operator who rolls them over.
 * Runs in: xfrd. Workers read them in a shared page, so that a change holds at
 * once and for all; what the commands change is on disk before it holds. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "dns/text_code.h"
#include "proc/control.h"

#define SECRET_DIGITS (2 * COOKIE_SECRET_OCTETS)
#define FILE_MAX (COOKIE_SECRETS_MAX * (SECRET_DIGITS + 1))

/* Configuration before file before chance, as NSD has it. */
enum cookie_source { SOURCE_CHANCE, SOURCE_FILE, SOURCE_CONF };

static enum cookie_source source;

static bool
secret_from_text(const char *text, size_t len,
    uint8_t secret[COOKIE_SECRET_OCTETS])
{
	size_t n;
	return len == SECRET_DIGITS && text_read_hex(text, len, secret,
	    COOKIE_SECRET_OCTETS, &n);
}

static const char *
secret_text(const uint8_t secret[COOKIE_SECRET_OCTETS],
    char text[SECRET_DIGITS + 1])
{
	*text_put_hex(text, secret, COOKIE_SECRET_OCTETS) = '\0';
	return text;
}

static const char *
file_path(const struct xfrd *x)
{
	const char *path = x->d->conf->server.cookie_secret_file;
	return path == NULL || path[0] == '\0' ? NULL :
	    daemon_inside(x->d, path);
}

/* --- where they come from --------------------------------------------- */

static bool
take_conf(const struct conf_server *c, struct cookie_secrets *s)
{
	const char *const texts[COOKIE_SECRETS_MAX] = { c->cookie_secret,
		c->cookie_staging_secret };
	s->count = 0;
	for (unsigned i = 0; i < COOKIE_SECRETS_MAX && texts[i] != NULL &&
	    secret_from_text(texts[i], strlen(texts[i]), s->at[i]); i++)
		s->count++;
	return s->count > 0;
}

/* One secret a line, the active one first; what follows is not looked at. */
static bool
take_lines(const char *text, struct cookie_secrets *s)
{
	s->count = 0;
	while (*text != '\0' && s->count < COOKIE_SECRETS_MAX) {
		size_t len = strcspn(text, "\n");
		if (!secret_from_text(text, len, s->at[s->count]))
			return false;
		s->count++;
		text += len + (text[len] == '\n');
	}
	return s->count > 0;
}

/* Commands may be given before cookies are answered: it is always read. */
static bool
take_file(const struct xfrd *x, struct cookie_secrets *s)
{
	const char *path = file_path(x);
	char text[FILE_MAX + 1];
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		if (path != NULL && errno != ENOENT &&
		    x->d->conf->server.answer_cookie)
			ev_cookie_file_unread(path, strerror(errno));
		return false;
	}
	ssize_t n = read(fd, text, FILE_MAX);
	fd_close(&fd);
	text[n > 0 ? n : 0] = '\0';
	bool is_good = n > 0 && take_lines(text, s);
	explicit_bzero(text, sizeof(text));
	if (!is_good)
		ev_cookie_file_bad(path);
	return is_good;
}

void
xfrd_cookies_configure(struct xfrd *x)
{
	struct shared_secrets *shared = x->d->shared.secrets;
	struct cookie_secrets s = { .count = 0 };
	if (take_conf(&x->d->conf->server, &s)) {
		source = SOURCE_CONF;
	} else if (take_file(x, &s)) {
		source = SOURCE_FILE;
	} else {
		source = SOURCE_CHANCE;
		s.count = 1;
		memcpy(s.at[0], shared->cookie, COOKIE_SECRET_OCTETS);
	}
	cookie_jar_put(&shared->cookies, &s);
	explicit_bzero(&s, sizeof(s));
}

/* --- commands --------------------------------------------------------- */

static bool
write_lines(int fd, const struct cookie_secrets *s)
{
	char text[SECRET_DIGITS + 1];
	bool is_good = true;
	for (unsigned i = 0; i < s->count && is_good; i++)
		is_good = fd_write_all(fd, secret_text(s->at[i], text),
		    SECRET_DIGITS) && fd_write_all(fd, "\n", 1);
	explicit_bzero(text, sizeof(text));
	return is_good && fsync(fd) == 0;
}

/* That the file has its name. It has it already: a failure changes nothing. */
static void
sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	snprintf(directory, sizeof(directory), "%.*s", slash == NULL ? 1 :
	    (int)(slash - path + 1), slash == NULL ? "." : path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		(void)!fsync(fd);
	fd_close(&fd);
}

/* The old file or the new one, whatever happens. False with errno. */
static bool
replace_file(const char *path, const struct cookie_secrets *s)
{
	char fresh[PATH_MAX];
	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return false;
	}
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	bool is_good = write_lines(fd, s) && rename(fresh, path) == 0;
	int why = errno;
	fd_close(&fd);
	if (is_good)
		sync_directory(path);
	else
		unlink(fresh);
	errno = why;
	return is_good;
}

/* Only what came from nowhere else is an operator's to change here. */
static bool
may_change(struct control_talk *t)
{
	if (file_path(t->x) == NULL)
		control_say(t, "error: empty cookie-secret-file\n");
	else if (source == SOURCE_CONF)
		control_say(t, "error: cookie secrets are already "
		    "configured. Remove \"cookie-secret:\" and "
		    "\"cookie-staging-secret:\" entries from configuration "
		    "first (and reconfig) before managing cookies with "
		    "nsd-verify-control\n");
	else
		return true;
	return false;
}

static void
change(struct control_talk *t, const struct cookie_secrets *s)
{
	const char *path = file_path(t->x);
	if (!replace_file(path, s)) {
		control_say(t, "error: unable to write cookie secret file "
		    "%s: %s\n", path, strerror(errno));
		return;
	}
	source = SOURCE_FILE;
	cookie_jar_put(&t->x->d->shared.secrets->cookies, s);
	control_say(t, "ok\n");
}

static struct cookie_secrets
present(const struct control_talk *t)
{
	return *cookie_jar_secrets(&t->x->d->shared.secrets->cookies);
}

/* The first one becomes active; a random one was nobody's. Otherwise it is
 * the one on trial, in the place of a former one. */
void
command_add_cookie_secret(struct control_talk *t)
{
	struct cookie_secrets s = present(t);
	const char *text = t->words[1];
	uint8_t secret[COOKIE_SECRET_OCTETS];
	if (!may_change(t))
		return;
	if (!secret_from_text(text, strlen(text), secret)) {
		control_say(t, "error: invalid cookie secret: %s\n"
		    "please provide a 128bit hex encoded secret\n",
		    strlen(text) != SECRET_DIGITS ?
		    "invalid argument length" : "parse error");
		return;
	}
	if (source == SOURCE_CHANCE)
		s.count = 0;
	else if (s.count == COOKIE_SECRETS_MAX)
		s.count--;
	memcpy(s.at[s.count++], secret, sizeof(secret));
	change(t, &s);
}

void
command_activate_cookie_secret(struct control_talk *t)
{
	struct cookie_secrets s = present(t), swapped = s;
	if (!may_change(t))
		return;
	if (s.count < 2) {
		control_say(t, "error: no staging cookie secret to "
		    "activate\n");
		return;
	}
	memcpy(swapped.at[0], s.at[1], COOKIE_SECRET_OCTETS);
	memcpy(swapped.at[1], s.at[0], COOKIE_SECRET_OCTETS);
	change(t, &swapped);
}

void
command_drop_cookie_secret(struct control_talk *t)
{
	struct cookie_secrets s = present(t);
	if (!may_change(t))
		return;
	if (s.count < 2) {
		control_say(t, "error: can not drop the currently active "
		    "cookie secret\n");
		return;
	}
	s.count--;
	change(t, &s);
}

void
command_print_cookie_secrets(struct control_talk *t)
{
	struct cookie_secrets s = present(t);
	char text[SECRET_DIGITS + 1];
	switch (source) {
	case SOURCE_CHANCE:
		control_say(t, "source : random generated\n");
		break;
	case SOURCE_FILE:
		control_say(t, "source : \"%s\"\n", file_path(t->x));
		break;
	case SOURCE_CONF:
		control_say(t, "source : configuration\n");
		break;
	}
	for (unsigned i = 0; i < s.count; i++)
		control_say(t, "%s: %s\n", i == 0 ? "active " : "staging",
		    secret_text(s.at[i], text));
}

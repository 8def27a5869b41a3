/* tls_files.c - key, certificate and OCSP response of the TLS service as the
 * configuration names them.
 * Runs in: supervisor's children, with its first privileges and outside the
 * chroot; checkconf. The files are read whole and kept nowhere but in *out. */
#include "serve/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/fd.h"
#include "conf/report.h"

#define FILE_OCTETS_MAX (1u << 20)
#define FILE_PATH_MAX 4096

static const char *const option_names[TLS_PARTS] = {
	[TLS_CHAIN] = "tls-service-pem", [TLS_KEY] = "tls-service-key",
	[TLS_OCSP] = "tls-service-ocsp",
};

static bool
is_given(const char *path)
{
	return path != NULL && path[0] != '\0';
}

bool
tls_is_port(const struct conf_server *s, uint16_t port)
{
	return port != 0 && port == s->tls_port &&
	    is_given(s->tls_service_key) && is_given(s->tls_service_pem);
}

static bool
has_address_with(const struct conf_server *s, int64_t port)
{
	if (s->ip_address.n == 0)
		return s->port == port;
	for (size_t i = 0; i < s->ip_address.n; i++)
		if (s->ip_address.at[i].port == port)
			return true;
	return false;
}

bool
tls_is_wanted(const struct conf_server *s)
{
	return tls_is_port(s, (uint16_t)s->tls_port) &&
	    has_address_with(s, s->tls_port);
}

/* Relative paths start at zonesdir, whatever the working directory. */
static const char *
full_path(const struct conf_server *s, const char *path,
    char room[FILE_PATH_MAX])
{
	bool is_whole = path[0] == '/' || !is_given(s->zonesdir);
	snprintf(room, FILE_PATH_MAX, "%s%s%s", is_whole ? "" : s->zonesdir,
	    is_whole ? "" : "/", path);
	return room;
}

/* Appends the file; false with errno. */
static bool
append(int fd, struct octets *out)
{
	struct stat st;
	if (fstat(fd, &st) == -1)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_OCTETS_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return false;
	}
	uint8_t head[4];
	size_t len = (size_t)st.st_size;
	octets_set_u32(head, (uint32_t)len);
	if (!octets_add(out, head, sizeof(head)))
		return false;
	uint8_t *at = octets_reserve(out, len);
	if (at == NULL || !fd_pread_all(fd, at, len, 0))
		return false;
	out->len += len;
	return true;
}

static bool
read_part(const struct conf_server *s, const char *path, struct octets *out)
{
	static const uint8_t nothing[4];
	char room[FILE_PATH_MAX];
	if (!is_given(path))
		return octets_add(out, nothing, sizeof(nothing));
	/* Not waiting for whoever writes, should it be a pipe. */
	int fd = open(full_path(s, path, room),
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return false;
	bool is_good = append(fd, out);
	fd_close(&fd);
	return is_good;
}

static void
forget(struct octets *o)
{
	if (o->at != NULL)
		OPENSSL_cleanse(o->at, o->room);
	octets_free(o);
}

static void
say(char why[TLS_FILES_WHY_MAX], enum tls_part part, const char *path,
    const char *what)
{
	snprintf(why, TLS_FILES_WHY_MAX, "%s: %s: %s", option_names[part],
	    path, what);
}

bool
tls_files_read(const struct conf_server *s, struct octets *out,
    char why[TLS_FILES_WHY_MAX])
{
	const char *const paths[TLS_PARTS] = {
		[TLS_CHAIN] = s->tls_service_pem,
		[TLS_KEY] = s->tls_service_key,
		[TLS_OCSP] = s->tls_service_ocsp };
	struct tls_service *service = NULL;
	struct tls_trouble t;
	struct octets o = { 0 };
	why[0] = '\0';
	for (enum tls_part i = 0; i < TLS_PARTS; i++)
		if (!read_part(s, paths[i], &o)) {
			say(why, i, paths[i], strerror(errno));
			forget(&o);
			return false;
		}
	if (tls_service_create(o.at, o.len, &service, &t) != OK) {
		say(why, t.part, paths[t.part], t.why);
		forget(&o);
		return false;
	}
	if (tls_service_is_out_of_date(service, t.why))
		say(why, TLS_CHAIN, paths[TLS_CHAIN], t.why);
	tls_service_destroy(&service);
	*out = o;
	return true;
}

/* Options that are useless alone, and a port that promises what is not there.
 */
static void
check_options(const struct conf *c, struct conf_report *r)
{
	const struct conf_server *s = &c->server;
	bool has_key = is_given(s->tls_service_key);
	bool has_pem = is_given(s->tls_service_pem);
	bool has_address = s->tls_port != 0 &&
	    has_address_with(s, s->tls_port);
	if (has_key && has_pem && !has_address)
		report_notice(r, c->file, 0, "tls-service-key: is not used: "
		    "no ip-address: has the port %lld (tls-port)",
		    (long long)s->tls_port);
	else if (has_key != has_pem && has_address)
		report_error(r, c->file, 0, "%s: is unset, but %s: is given "
		    "and an ip-address: has the tls-port", has_key ?
		    "tls-service-pem" : "tls-service-key", has_key ?
		    "tls-service-key" : "tls-service-pem");
	else if (!has_key && has_address)
		report_notice(r, c->file, 0, "port %lld (tls-port) speaks "
		    "plain DNS: tls-service-key: and tls-service-pem: are "
		    "unset", (long long)s->tls_port);
}

bool
tls_files_check(const struct conf *c, struct conf_report *r)
{
	const size_t errors = r->errors;
	char why[TLS_FILES_WHY_MAX];
	struct octets o = { 0 };
	check_options(c, r);
	if (tls_is_wanted(&c->server)) {
		if (!tls_files_read(&c->server, &o, why))
			report_error(r, c->file, 0, "%s", why);
		else if (why[0] != '\0')
			report_notice(r, c->file, 0, "%s", why);
		forget(&o);
	}
	return r->errors == errors;
}

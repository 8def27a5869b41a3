/* conf.h - the configuration: one arena, const after loading.
 * The members of the structs are made from tables/options.def; the member of
 * an option is its name with '_' for '-'. Everything is resolved: patterns
 * are applied, verify: defaults and limits filled in, keys looked up, so that
 * users read z->verifier_timeout and need to know nothing of where it stood.
 * Runs in: every program that reads the configuration. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sock.h"
#include "conf/acl.h"
#include "dns/name.h"
#include "dns/tsig.h"

enum conf_verifier_feed { FEED_ZONE, FEED_DELTA, FEED_NONE };
enum conf_verify_mode { MODE_ENFORCE, MODE_REPORT, MODE_HOLD };
enum conf_catalog { CATALOG_NONE, CATALOG_CONSUMER, CATALOG_PRODUCER };

/* min-expire-time: refresh+retry+1 */
#define CONF_EXPIRE_FROM_SOA (-2)

/* A command: argv[argc] is null. argc 0: none. */
struct conf_argv {
	const char *const *argv;
	unsigned argc;
	bool is_builtin;	/* argv[0] is NAME of builtin:NAME */
	const char *name;	/* the verifier's name: last part of the
				 * command, or NAME; "name#2" for the second */
};

struct conf_argvs {
	const struct conf_argv *at;
	size_t n;
};

/* One address to listen on. */
struct conf_listen {
	const char *text;	/* as configured, without socket options */
	struct addr addr;	/* with its port; AF_UNSPEC: interface, path */
	uint16_t port;
	const char *interface;	/* name of an interface, or null */
	const char *path;	/* unix socket, or null */
	const char *servers;	/* servers="1 2-3", or null */
	bool bindtodevice;
	int setfib;		/* -1: not given */
};

struct conf_listens {
	const struct conf_listen *at;
	size_t n;
};

struct conf_strings {
	const char *const *at;
	size_t n;
};

struct conf_numbers {
	const int64_t *at;
	size_t n;
};

#define CONF_MEMBER_BOOL(field) bool field;
#define CONF_MEMBER_NUMBER(field) int64_t field;
#define CONF_MEMBER_SECONDS(field) int64_t field;
#define CONF_MEMBER_SIZE(field) int64_t field;
#define CONF_MEMBER_EXPIRE(field) int64_t field;
#define CONF_MEMBER_STRING(field) const char *field;
#define CONF_MEMBER_PATH(field) const char *field;
#define CONF_MEMBER_WORDS(field) const char *field;
#define CONF_MEMBER_ENUM(field) enum conf_##field field;
#define CONF_MEMBER_ARGV(field) struct conf_argv field;
#define CONF_MEMBER_ARGVS(field) struct conf_argvs field;
#define CONF_MEMBER_LISTEN(field) struct conf_listens field;
#define CONF_MEMBER_ACL(field) struct acl_list field;
#define CONF_MEMBER_STRINGS(field) struct conf_strings field;
#define CONF_MEMBER_NUMBERS(field) struct conf_numbers field;

/* One bit per option, SECTION_field: was it given? */
enum conf_server_bit {
#define OPTION_SERVER(text, field, ...) CONF_SERVER_##field,
#include "tables/options.def"
	CONF_SERVER_BITS
};
enum conf_verify_bit {
#define OPTION_VERIFY(text, field, ...) CONF_VERIFY_##field,
#define OPTION_INNER(text, field, ...) CONF_VERIFY_##field,
#include "tables/options.def"
	CONF_VERIFY_BITS
};
enum conf_zone_bit {
#define OPTION_ZONE(text, field, ...) CONF_ZONE_##field,
#define OPTION_INNER(text, field, ...) CONF_ZONE_##field,
#include "tables/options.def"
	CONF_ZONE_BITS
};
#define CONF_SET_WORDS 2
struct conf_set {
	uint64_t bits[CONF_SET_WORDS];
};

static inline bool
conf_is_set(const struct conf_set *s, unsigned bit)
{
	return (s->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

#define CONF_MEMBER(text, field, kind, ...) CONF_MEMBER_##kind(field)

struct conf_server {
	struct conf_set set;
#define OPTION_SERVER CONF_MEMBER
#include "tables/options.def"
};

struct conf_verify {
	struct conf_set set;
#define OPTION_VERIFY CONF_MEMBER
#define OPTION_INNER CONF_MEMBER
#include "tables/options.def"
	bool verifier_count_is_unset;	/* a verifier that has run for 10 s
					 * does not count (64 in all) */
};

struct conf_remote {
	struct conf_set set;
#define OPTION_REMOTE CONF_MEMBER
#include "tables/options.def"
};

struct conf_dnstap {
	struct conf_set set;
#define OPTION_DNSTAP CONF_MEMBER
#include "tables/options.def"
};

struct conf_key_options {
	struct conf_set set;
#define OPTION_KEY CONF_MEMBER
#include "tables/options.def"
};

struct conf_key {
	struct tsig_key tsig;		/* name, algorithm, secret decoded */
	const char *name;		/* as configured */
	struct conf_key_options options;
	const char *file;
	unsigned line;
};

struct conf_tls_auth {
	struct conf_set set;
#define OPTION_TLS_AUTH CONF_MEMBER
#include "tables/options.def"
	const char *file;
	unsigned line;
};

struct conf_statement;	/* one line of a clause, for the dump */

/* A zone, or a pattern (then apex, index and the computed members are not
 * filled in and nothing is inherited yet). */
struct conf_zone {
	struct conf_set set;		/* in the zone or a pattern of it */
#define OPTION_ZONE CONF_MEMBER
#define OPTION_INNER CONF_MEMBER
#include "tables/options.def"
	const char *name;		/* as configured */
	const uint8_t *apex;		/* wire format; null in a pattern */
	const char *pattern;		/* last include-pattern, or null */
	uint32_t index;			/* place in the file, from 0 */
	bool is_verified;		/* enable: and verify-zone */
	const char *file_path;		/* zonefile, macros expanded, absolute
					 * by zonesdir; null: none */
	const char *zonestats_group;	/* macros expanded; null: none */
	const char *file;		/* where the clause stands */
	unsigned line;
	const struct conf_statement *statements;
};

struct conf {
	struct arena *arena;
	uint64_t number;		/* of this configuration; the
					 * supervisor counts, loading gives 0 */
	const char *file;		/* what was loaded */
	struct conf_server server;
	struct conf_verify verify;
	struct conf_remote remote;
	struct conf_dnstap dnstap;
	const struct conf_key *keys;
	size_t key_count;
	const struct conf_tls_auth *tls_auths;
	size_t tls_auth_count;
	const struct conf_zone *patterns;
	size_t pattern_count;
	const struct conf_zone *zones;	/* in the order of the file */
	size_t zone_count;
	const uint32_t *zone_table;	/* open addressing: index + 1, or 0 */
	uint32_t zone_table_mask;
};

/* A message about the configuration. */
struct conf_message {
	const struct conf_message *next;
	const char *file;
	unsigned line;
	bool is_error;		/* else a notice */
	const char *text;
};

/* Collects messages; starts zeroed. */
struct conf_report {
	struct arena *arena;	/* created on the first message */
	const struct conf_message *first;
	struct conf_message *last;
	size_t errors;
	size_t notices;
};

/* Frees and clears. */
void conf_report_end(struct conf_report *r);
/* "FILE:LINE: error: TEXT" without newline, cut to fit; returns text. */
const char *conf_message_text(const struct conf_message *m, char *text,
    size_t room);

/* Read a file (YAML if its first token is ---, else nsd.conf syntax) with all
 * that it includes, relative names from the current directory. OK only if
 * there is not a single error; then *out is the caller's, freed by
 * conf_destroy. Otherwise ERR_INPUT_SYNTAX (or ERR_IO when the file itself
 * cannot be read), r says why, *out is untouched. Blocks on disk. */
MUST_CHECK enum err conf_load_file(const char *path, struct conf_report *r,
    struct conf **out);
/* The same from memory; name is for messages. Nothing is read from disk:
 * include: is an error, users are not looked up. */
MUST_CHECK enum err conf_load_octets(const char *name, const uint8_t *octets,
    size_t len, struct conf_report *r, struct conf **out);
/* Frees and clears; null is accepted. */
void conf_destroy(struct conf **c);

/* What is legal to read but cannot work, is dangerous, or differs from NSD:
 * errors and notices into r. Reads no file. False if there were errors. */
bool conf_check(const struct conf *c, struct conf_report *r);

/* The whole configuration in nsd.conf syntax, secrets included: loading it
 * gives an equal configuration. False when memory is out. */
MUST_CHECK bool conf_dump(const struct conf *c, struct octets *out);
/* The same for people to read: no secret in it. */
MUST_CHECK bool conf_dump_public(const struct conf *c, struct octets *out);

/* One option of a zone or pattern, or with z null of the first of server:,
 * verify:, remote-control: and dnstap: that knows it, as nsd-checkconf -o
 * prints it. ERR_NOT_FOUND if there is no such option. */
MUST_CHECK enum err conf_print_option(const struct conf *c,
    const struct conf_zone *z, const char *option, struct octets *out);

/* Null if there is none. apex: wire format, case does not matter. */
const struct conf_zone *conf_zone_by_apex(const struct conf *c,
    const uint8_t *apex);
const struct conf_zone *conf_zone_by_name(const struct conf *c,
    const char *name);
const struct conf_zone *conf_pattern_by_name(const struct conf *c,
    const char *name);
const struct conf_key *conf_key_by_name(const struct conf *c,
    const char *name);

/* Equal in every option (not in file, line, index). */
bool conf_server_equal(const struct conf_server *a,
    const struct conf_server *b);
bool conf_verify_equal(const struct conf_verify *a,
    const struct conf_verify *b);
bool conf_remote_equal(const struct conf_remote *a,
    const struct conf_remote *b);
/* Also compares the keys used, secrets included. */
bool conf_zone_equal(const struct conf_zone *a, const struct conf_zone *b);

enum conf_change { CONF_SAME, CONF_ADDED, CONF_REMOVED, CONF_CHANGED };
/* Calls back for each zone that differs: old or new is null for added or
 * removed ones. */
void conf_compare_zones(const struct conf *from, const struct conf *to,
    void (*differs)(void *arg, enum conf_change change,
	const struct conf_zone *from, const struct conf_zone *to),
    void *arg);

#undef CONF_MEMBER

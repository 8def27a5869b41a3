/* checkconf.c - nsd-verify-checkconf: is a configuration in order?
 * Says nothing and exits 0 when it is; names each error and exits 2 when it is
 * not. Takes nsd-checkconf's options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "config.h"
#include "serve/tls_files.h"

#define EXIT_UNKNOWN 1
#define EXIT_BAD 2

struct arguments {
	const char *file;
	const char *option;
	const char *zone, *pattern;
	const char *key_algorithm, *key_secret;	/* names of keys */
	const char *tls_auth;
	bool is_verbose;
	bool wants_path;	/* -f: zonefile with its directory */
};

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: nsd-verify-checkconf [-v] [-o OPTION [-f]] [-z ZONE | "
	    "-p PATTERN]\n"
	    "           [-a KEY] [-s KEY] [-t TLS-AUTH] [FILE]\n"
	    "Checks a configuration (default " NSDV_CONFDIR
	    "/nsd-verify.conf).\n"
	    "Exit status: 0 good, 1 the option or name asked for is unknown, "
	    "2 bad.\n\n"
	    "  -v          print the configuration as it holds, and notices\n"
	    "  -o OPTION   print the value of this option\n"
	    "  -z ZONE     ... of this zone\n"
	    "  -p PATTERN  ... of this pattern\n"
	    "  -f          ... zonefile as a full path\n"
	    "  -a KEY      print the algorithm of this key\n"
	    "  -s KEY      print the secret of this key\n"
	    "  -t NAME     print the auth-domain-name of this tls-auth\n"
	    "  -h, -V      this help, the version\n");
}

/* Returns -1 to go on, else the exit status. */
static int
arguments_read(int argc, char **argv, struct arguments *a)
{
	int c;
	while ((c = getopt(argc, argv, "a:fhVo:p:s:t:vz:")) != -1)
		switch (c) {
		case 'a': a->key_algorithm = optarg; break;
		case 'f': a->wants_path = true; break;
		case 'o': a->option = optarg; break;
		case 'p': a->pattern = optarg; break;
		case 's': a->key_secret = optarg; break;
		case 't': a->tls_auth = optarg; break;
		case 'v': a->is_verbose = true; break;
		case 'z': a->zone = optarg; break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			printf("nsd-verify-checkconf %s\n", NSDV_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_BAD;
		}
	if (argc - optind > 1) {
		usage(stderr);
		return EXIT_BAD;
	}
	if (optind < argc)
		a->file = argv[optind];
	return -1;
}

static void
messages_print(const struct conf_report *r, bool with_notices)
{
	char text[1024];
	const struct conf_message *m = r->first;
	for (; m != NULL; m = m->next)
		if (m->is_error || with_notices)
			fprintf(stderr, "%s\n",
			    conf_message_text(m, text, sizeof(text)));
}

/* Prints and frees; the exit status. */
static int
print_out(struct octets *o)
{
	const bool is_good = o->len == 0 ||
	    fwrite(o->at, 1, o->len, stdout) == o->len;
	octets_free(o);
	return is_good && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_UNKNOWN;
}

static int
print_key(const struct conf *c, const char *name, bool wants_secret)
{
	const struct conf_key *k = conf_key_by_name(c, name);
	if (k == NULL) {
		fprintf(stderr, "no such key: %s\n", name);
		return EXIT_UNKNOWN;
	}
	printf("%s\n", wants_secret ? k->options.secret :
	    k->options.algorithm);
	return EXIT_SUCCESS;
}

static int
print_tls_auth(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->tls_auth_count; i++)
		if (strcmp(c->tls_auths[i].name, name) == 0) {
			printf("%s\n", c->tls_auths[i].auth_domain_name);
			return EXIT_SUCCESS;
		}
	fprintf(stderr, "no such tls-auth: %s\n", name);
	return EXIT_UNKNOWN;
}

static int
print_option(const struct conf *c, const struct arguments *a)
{
	const struct conf_zone *z = NULL;
	struct octets out = { 0 };
	if (a->zone != NULL)
		z = conf_zone_by_name(c, a->zone);
	else if (a->pattern != NULL)
		z = conf_pattern_by_name(c, a->pattern);
	if (z == NULL && (a->zone != NULL || a->pattern != NULL)) {
		fprintf(stderr, "no such %s: %s\n",
		    a->zone ? "zone" : "pattern",
		    a->zone ? a->zone : a->pattern);
		return EXIT_UNKNOWN;
	}
	if (a->wants_path && z != NULL && z->file_path != NULL &&
	    strcmp(a->option, "zonefile") == 0) {
		printf("%s\n", z->file_path);
		return EXIT_SUCCESS;
	}
	if (conf_print_option(c, z, a->option, &out) != OK) {
		octets_free(&out);
		fprintf(stderr, "no such option: %s\n", a->option);
		return EXIT_UNKNOWN;
	}
	return print_out(&out);
}

static int
answer(const struct conf *c, const struct arguments *a)
{
	struct octets out = { 0 };
	if (a->key_algorithm != NULL)
		return print_key(c, a->key_algorithm, false);
	if (a->key_secret != NULL)
		return print_key(c, a->key_secret, true);
	if (a->tls_auth != NULL)
		return print_tls_auth(c, a->tls_auth);
	if (a->option != NULL)
		return print_option(c, a);
	if (!a->is_verbose)
		return EXIT_SUCCESS;
	if (!conf_dump_public(c, &out)) {
		octets_free(&out);
		return EXIT_UNKNOWN;
	}
	return print_out(&out);
}

static bool
asks_for_one(const struct arguments *a)
{
	return a->option != NULL || a->key_algorithm != NULL ||
	    a->key_secret != NULL || a->tls_auth != NULL;
}

int
main(int argc, char **argv)
{
	struct arguments a = { .file = NSDV_CONFDIR "/nsd-verify.conf" };
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	int status = arguments_read(argc, argv, &a);
	if (status >= 0)
		return status;
	status = EXIT_BAD;
	if (conf_load_file(a.file, &r, &c) != OK)
		goto out;
	/* A single value is printed from any file that can be read, as
	 * nsd-checkconf does: scripts ask before all is in place. */
	if (!asks_for_one(&a) && !(conf_check(c, &r) && tls_files_check(c, &r)))
		goto out;
	status = answer(c, &a);
out:
	messages_print(&r, !asks_for_one(&a) &&
	    (a.is_verbose || isatty(STDERR_FILENO)));
	if (status == EXIT_BAD)
		fprintf(stderr, "%s: %zu error%s\n", a.file, r.errors,
		    r.errors == 1 ? "" : "s");
	conf_report_end(&r);
	conf_destroy(&c);
	return status;
}

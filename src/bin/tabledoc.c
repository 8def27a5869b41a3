/* tabledoc.c - documentation from the tables; runs only while building.
 * tabledoc conf.5: the manual page nsd-verify.conf(5).
 * Each option is described by its row in tables/options.def alone. */
#include <stdio.h>
#include <string.h>

#include "conf/option.h"
#include "config.h"

static const char *
kind_text(const struct conf_option *o)
{
	switch (o->kind) {
	case KIND_BOOL:
		return "yes | no";
	case KIND_NUMBER:
	case KIND_NUMBERS:
		return "number";
	case KIND_SECONDS:
		return "seconds";
	case KIND_SIZE:
		return "octets[k|m|g]";
	case KIND_EXPIRE:
		return "seconds | refresh+retry+1";
	case KIND_STRING:
	case KIND_STRINGS:
		return "text";
	case KIND_PATH:
		return "path";
	case KIND_WORDS:
		return "words";
	case KIND_ENUM:
		return o->values;
	case KIND_ARGV:
	case KIND_ARGVS:
		return "command";
	case KIND_LISTEN:
		return "address[@port]";
	case KIND_ACL:
		return strcmp(o->values, "source") == 0 ? "address[@port]" :
		    "address key";
	}
	return "";
}

/* Text in mdoc: a backslash doubled, no control line by accident. */
static void
put(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++)
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
}

static void
put_words(const char *words)
{
	for (; *words != '\0'; words++)
		if (*words == ' ')
			fputs(" | ", stdout);
		else
			putchar(*words);
}

static void
option_describe(const struct conf_option *o)
{
	const bool is_list = conf_kind_is_list(o->kind) ||
	    o->kind == KIND_ARGVS;
	printf(".It Cm %s : Ar ", o->name);
	if (o->kind == KIND_ENUM)
		put_words(o->values);
	else
		put(kind_text(o));
	putchar('\n');
	if (o->help[0] != '\0')
		put(o->help);
	if (is_list)
		printf("\nMay be repeated.");
	if (o->def != NULL && o->def[0] != '\0') {
		printf("\nDefault: ");
		put(o->def);
		putchar('.');
	}
	putchar('\n');
}

static void
names_describe(const struct conf_section *s, bool is_inner,
    enum conf_effect effect, const char *title)
{
	const char *comma = "";
	for (size_t i = 0; i < s->count; i++) {
		if (s->options[i].effect != effect ||
		    s->options[i].is_inner != is_inner)
			continue;
		if (*comma == '\0')
			printf(".Pp\n%s:\n", title);
		printf("%s%s", comma, s->options[i].name);
		comma = ",\n";
	}
	if (*comma != '\0')
		printf(".\n");
}

static void
section_describe(const char *title, const char *intro,
    enum conf_section_id id, bool is_inner)
{
	const struct conf_section *s = &conf_sections[id];
	printf(".Ss %s\n%s\n.Bl -tag -width Ds\n", title, intro);
	for (size_t i = 0; i < s->count; i++)
		if (s->options[i].effect == EFFECT_USED &&
		    s->options[i].is_inner == is_inner)
			option_describe(&s->options[i]);
	printf(".El\n");
	names_describe(s, is_inner, EFFECT_NOT_YET,
	    "Read, but without effect in this version");
	names_describe(s, is_inner, EFFECT_IGNORED,
	    "Read, but without meaning here");
}

static const char head[] =
    ".Dd November 22, 2026\n.Dt NSD-VERIFY.CONF 5\n.Os\n"
    ".Sh NAME\n.Nm nsd-verify.conf\n"
    ".Nd configuration of nsd-verify\n"
    ".Sh DESCRIPTION\n"
    "A file whose first word is\n.Ql ---\n"
    "is YAML; any other is read in the syntax of\n.Xr nsd.conf 5 ,\n"
    "so that a configuration of NSD works as it is.\n"
    "An included file is judged by itself.\n"
    "Sections and options may be repeated.\n"
    "In YAML a plain or block scalar is split into words as a line of\n"
    "nsd.conf is, a quoted one is one word.\n"
    "A sequence in brackets is one value of these words, a block sequence is\n"
    "one value for each item.\n"
    ".Pp\n"
    "A verifier with arguments, and two verifiers:\n"
    ".Bd -literal -offset indent\n"
    "verifier: /usr/local/bin/judge --level 3 \"my zone\"\n"
    "verifier: [/usr/local/bin/judge, --level, 3, my zone]\n"
    "verifier:\n  - ldns-verify-zone\n  - [judge, --level, 3]\n"
    ".Ed\n"
    ".Pp\n"
    "Lines of\n.Cm verifier :\nin one clause of one file form one list;\n"
    "a later clause, an included pattern, or the lines of a zone after\n"
    ".Cm include-pattern :\nreplace the whole list.\n"
    ".Pp\n"
    ".Cm include : Ar file\n"
    "reads another file at this place, relative to the current directory;\n"
    "a name with * ? [ { or ~ stands for all files that match.\n"
    "A neighbour is written\n"
    ".Ar address Oo @ Ns Ar port Oc Ar key ;\n"
    "where ranges are allowed the address may be\n"
    "addr/bits, addr&mask or low-high.\n"
    ".Sh OPTIONS\n";

static const char tail[] =
    ".Sh SEE ALSO\n.Xr nsd-verify-checkconf 8 ,\n.Xr nsd.conf 5\n";

static void
conf_5(void)
{
	fputs(head, stdout);
	section_describe("server:", "The server as a whole.", SECTION_SERVER,
	    false);
	section_describe("verify:", "How zones are verified before they are "
	    "published.", SECTION_VERIFY, false);
	section_describe("verify:, pattern: and zone:", "The setting of a "
	    "zone holds before that of its pattern, and both before that of\n"
	    ".Cm verify : .", SECTION_VERIFY, true);
	section_describe("pattern: and zone:", "Both have a\n.Cm name : ;\n"
	    ".Cm include-pattern : Ar name\ntakes over the options of a "
	    "pattern that stands before it: single values are overridden by "
	    "what follows, lists grow.", SECTION_ZONE, false);
	section_describe("remote-control:", "Commands of "
	    "nsd-verify-control and nsd-control.", SECTION_REMOTE, false);
	section_describe("key:", "A secret that is shared with a neighbour, "
	    "for TSIG.", SECTION_KEY, false);
	section_describe("tls-auth:", "A neighbour that is spoken to over "
	    "TLS only. This version does not\n"
	    "speak it: such a primary is not asked, such a secondary gets no\n"
	    "transfer.",
	    SECTION_TLS_AUTH, false);
	section_describe("dnstap:", "For files of NSD.", SECTION_DNSTAP,
	    false);
	fputs(tail, stdout);
}

int
main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "conf.5") != 0) {
		fprintf(stderr, "usage: tabledoc conf.5\n");
		return 2;
	}
	conf_5();
	return fflush(stdout) == 0 ? 0 : 1;
}

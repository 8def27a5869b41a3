/* option.c - the rows of tables/options.def as data.
 * Always holds: an option's bit is its place in the table of its section,
 * and the same in the enum of conf.h, since both are made from the rows. */
#include "conf/option.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "config.h"
#include "conf/conf.h"

#define ROW(type, inner, text, f, k, v, d, does, h)                            \
	{ .name = text, .kind = KIND_##k, .values = v, .def = d,               \
	    .effect = EFFECT_##does, .is_inner = inner,                        \
	    .offset = offsetof(type, f), .help = h },

static const struct conf_option server_rows[] = {
#define OPTION_SERVER(...) ROW(struct conf_server, false, __VA_ARGS__)
#include "tables/options.def"
};
static const struct conf_option verify_rows[] = {
#define OPTION_VERIFY(...) ROW(struct conf_verify, false, __VA_ARGS__)
#define OPTION_INNER(...) ROW(struct conf_verify, true, __VA_ARGS__)
#include "tables/options.def"
};
static const struct conf_option remote_rows[] = {
#define OPTION_REMOTE(...) ROW(struct conf_remote, false, __VA_ARGS__)
#include "tables/options.def"
};
static const struct conf_option key_rows[] = {
#define OPTION_KEY(...) ROW(struct conf_key_options, false, __VA_ARGS__)
#include "tables/options.def"
};
static const struct conf_option tls_auth_rows[] = {
#define OPTION_TLS_AUTH(...) ROW(struct conf_tls_auth, false, __VA_ARGS__)
#include "tables/options.def"
};
static const struct conf_option zone_rows[] = {
#define OPTION_ZONE(...) ROW(struct conf_zone, false, __VA_ARGS__)
#define OPTION_INNER(...) ROW(struct conf_zone, true, __VA_ARGS__)
#include "tables/options.def"
};
static const struct conf_option dnstap_rows[] = {
#define OPTION_DNSTAP(...) ROW(struct conf_dnstap, false, __VA_ARGS__)
#include "tables/options.def"
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECTION(word, rows, object)                                            \
	{ .keyword = word, .options = rows, .count = COUNT(rows),              \
	    .is_object = object }

const struct conf_section conf_sections[SECTION_COUNT] = {
	[SECTION_SERVER] = SECTION("server", server_rows, false),
	[SECTION_VERIFY] = SECTION("verify", verify_rows, false),
	[SECTION_REMOTE] = SECTION("remote-control", remote_rows, false),
	[SECTION_KEY] = SECTION("key", key_rows, true),
	[SECTION_TLS_AUTH] = SECTION("tls-auth", tls_auth_rows, true),
	[SECTION_PATTERN] = SECTION("pattern", zone_rows, true),
	[SECTION_ZONE] = SECTION("zone", zone_rows, true),
	[SECTION_DNSTAP] = SECTION("dnstap", dnstap_rows, false),
};

_Static_assert(COUNT(server_rows) <= 64 * CONF_SET_WORDS, "bits");
_Static_assert(COUNT(zone_rows) <= 64 * CONF_SET_WORDS, "bits");
_Static_assert(COUNT(verify_rows) <= 64 * CONF_SET_WORDS, "bits");

struct alias {
	enum conf_section_id section;
	const char *text, *name;
};

static const struct alias aliases[] = {
#define OPTION_ALIAS(section, text, name) { SECTION_##section, text, name },
#include "tables/options.def"
};

static const char *const specials[] = { "name", "include-pattern",
	"include" };

size_t
conf_kind_size(enum conf_kind kind)
{
	switch (kind) {
	case KIND_BOOL:
		return sizeof(bool);
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_SIZE:
	case KIND_EXPIRE:
		return sizeof(int64_t);
	case KIND_STRING:
	case KIND_PATH:
	case KIND_WORDS:
		return sizeof(const char *);
	case KIND_ENUM:
		return sizeof(enum conf_verify_mode);
	case KIND_ARGV:
		return sizeof(struct conf_argv);
	case KIND_ARGVS:
		return sizeof(struct conf_argvs);
	case KIND_LISTEN:
		return sizeof(struct conf_listens);
	case KIND_ACL:
		return sizeof(struct acl_list);
	case KIND_STRINGS:
		return sizeof(struct conf_strings);
	case KIND_NUMBERS:
		return sizeof(struct conf_numbers);
	}
	ASSERT(false && "kind of option");
	return 0;
}

bool
conf_kind_is_list(enum conf_kind kind)
{
	return kind == KIND_LISTEN || kind == KIND_ACL ||
	    kind == KIND_STRINGS || kind == KIND_NUMBERS;
}

bool
conf_kind_is_number(enum conf_kind kind)
{
	return kind == KIND_NUMBER || kind == KIND_SECONDS ||
	    kind == KIND_SIZE || kind == KIND_EXPIRE;
}

/* Open addressing; never full: 1024 slots for about 250 words. */
#define WORD_SLOTS 1024

struct conf_words {
	struct conf_word slots[WORD_SLOTS];
};

static size_t
word_hash(const char *text, size_t len)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)tolower((uint8_t)text[i])) * 16777619u;
	return h % WORD_SLOTS;
}

static struct conf_word *
words_slot(struct conf_words *w, const char *text)
{
	size_t at = word_hash(text, strlen(text));
	while (w->slots[at].text != NULL &&
	    strcmp(w->slots[at].text, text) != 0)
		at = (at + 1) % WORD_SLOTS;
	w->slots[at].text = text;
	return &w->slots[at];
}

static void
words_add_section(struct conf_words *w, enum conf_section_id id,
    struct conf_option *rows)
{
	const struct conf_section *s = &conf_sections[id];
	struct conf_word *clause = words_slot(w, s->keyword);
	clause->is_clause = true;
	clause->section = id;
	for (size_t i = 0; i < s->count; i++) {
		rows[i] = s->options[i];
		rows[i].bit = (unsigned)i;
		words_slot(w, rows[i].name)->option[id] = &rows[i];
	}
}

struct conf_words *
conf_words_create(struct arena *a)
{
	struct conf_words *w = arena_new(a, struct conf_words);
	for (int id = 0; id < SECTION_COUNT; id++)
		words_add_section(w, (enum conf_section_id)id,
		    arena_array(a, struct conf_option,
			conf_sections[id].count));
	for (size_t i = 0; i < COUNT(aliases); i++) {
		const struct alias *al = &aliases[i];
		struct conf_word *to = words_slot(w, al->text);
		struct conf_word *from = words_slot(w, al->name);
		to->option[al->section] = from->option[al->section];
		if (al->section == SECTION_ZONE)
			to->option[SECTION_PATTERN] =
			    from->option[SECTION_PATTERN];
	}
	for (size_t i = 0; i < COUNT(specials); i++)
		words_slot(w, specials[i])->is_special = true;
	return w;
}

/* server-1-cpu-affinity and so on have one row for all. */
static bool
is_server_affinity(const char *text, size_t len)
{
	static const char head[] = "server-", tail[] = "-cpu-affinity";
	const size_t h = sizeof(head) - 1, t = sizeof(tail) - 1;
	if (len <= h + t || strncasecmp(text, head, h) != 0 ||
	    strncasecmp(text + len - t, tail, t) != 0)
		return false;
	for (size_t i = h; i < len - t; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

const struct conf_word *
conf_words_find(const struct conf_words *w, const char *text, size_t len)
{
	if (is_server_affinity(text, len)) {
		text = "server-N-cpu-affinity";
		len = strlen(text);
	}
	size_t at = word_hash(text, len);
	for (; w->slots[at].text != NULL; at = (at + 1) % WORD_SLOTS)
		if (strncasecmp(w->slots[at].text, text, len) == 0 &&
		    w->slots[at].text[len] == '\0')
			return &w->slots[at];
	return NULL;
}

#define NEAREST_MAX 48

/* Edit distance of two words, both shorter than NEAREST_MAX. */
static size_t
word_distance(const char *a, const char *b)
{
	size_t row[NEAREST_MAX + 1];
	const size_t m = strlen(b);
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < m; j++) {
			size_t best = diagonal + (a[i] != b[j]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[m];
}

static bool
word_may_stand(const struct conf_word *w, enum conf_section_id section)
{
	if (w->is_clause)
		return true;
	return section < SECTION_COUNT && w->option[section] != NULL;
}

const char *
conf_words_nearest(const struct conf_words *w, const char *text,
    enum conf_section_id section)
{
	const size_t len = strlen(text);
	if (len == 0 || len >= NEAREST_MAX)
		return NULL;
	size_t best = len / 3 + 2;
	const char *nearest = NULL;
	for (size_t i = 0; i < WORD_SLOTS; i++) {
		const struct conf_word *s = &w->slots[i];
		if (s->text == NULL || strlen(s->text) >= NEAREST_MAX ||
		    !word_may_stand(s, section))
			continue;
		size_t d = word_distance(text, s->text);
		if (d < best) {
			best = d;
			nearest = s->text;
		}
	}
	return nearest;
}

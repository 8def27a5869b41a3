/* serve_table.h - the table of tests/data/answers: its worlds become kits, its
 * rows queries, and each answer is compared whole. README there tells the
 * format; tests/system/harness/answer_table.py reads the same files. */
#pragma once
#include <glob.h>

#include "serve_kit.h"

#define TABLE_WORLDS 8
#define TABLE_WORDS 16
#define TABLE_LINES 256
#define TABLE_TEXT 16384

struct table {
	struct {
		char name[16];
		struct kit *kit;
	} worlds[TABLE_WORLDS];
	unsigned world_count;
	unsigned asked, wrong;

	/* Where reading a file of rows stands. */
	const char *path;
	unsigned line, row_line;
	struct kit *kit;
	char zones[256];	/* what @ stands for unless the row says so */
	char row[512];		/* empty: none yet */
	char expected[TABLE_TEXT];
};

static inline char *
table_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	if (f == NULL)
		fail_msg("cannot open %s", path);
	ssize_t n = getdelim(&text, &room, '\0', f);
	assert_true(n > 0);
	fclose(f);
	return text;
}

/* Cuts a line into words in place. */
static inline unsigned
table_words(char *line, char *words[TABLE_WORDS])
{
	unsigned n = 0;
	char *rest;
	for (char *w = strtok_r(line, " \t\n", &rest);
	    w != NULL && *w != '#'; w = strtok_r(NULL, " \t\n", &rest)) {
		assert_true(n < TABLE_WORDS);
		words[n++] = w;
	}
	return n;
}

/* ---- worlds ---- */

/* "; hash DIGEST is that of NAME" */
static inline void
table_note_hash(struct kit_known *k, const char *line)
{
	char digest[33], name[256];
	if (sscanf(line, "; hash %32s is that of %255s", digest, name) != 2)
		return;
	assert_true(k->count < KIT_NAMES);
	struct kit_hash *h = &k->at[k->count++];
	h->name = kit_name(name);
	memcpy(h->text, digest, sizeof(digest));
}

static inline void
table_load(struct kit *k, uint32_t id, const char *path)
{
	struct octets o = { 0 };
	char *text = table_file(path), *rest;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if (*line == ';')
			table_note_hash(&k->known, line);
		else if (text_rr_from_line(line, k->apexes[id].octets, &o) !=
		    OK)
			fail_msg("%s: cannot read: %s", path, line);
	}
	kit_commit(k, id, &o);
	octets_free(&o);
	free(text);
}

static inline void
table_option(struct serve *s, const char *name)
{
	const struct {
		const char *name;
		bool *is_set;
	} known[] = {
		{ "minimal-responses", &s->minimal_responses },
		{ "confine-to-zone", &s->confine_to_zone },
		{ "round-robin", &s->round_robin },
		{ "refuse-any", &s->refuse_any },
		{ "drop-updates", &s->drop_updates },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0) {
			*known[i].is_set = true;
			return;
		}
	fail_msg("no such option: %s", name);
}

static inline void
table_zone(struct table *t, const char *zones, const char *apex,
    const char *source)
{
	struct kit *k = t->kit;
	char path[512];
	uint32_t id = 1;
	while (k->conf_at[id] != NULL)
		id++;
	assert_true(id < KIT_ZONES);
	kit_add_empty(k, id, strdup(apex));
	size_t len = strlen(apex) - 1;
	snprintf(path, sizeof(path), "%s/%s/%.*s.zone", zones,
	    t->worlds[t->world_count - 1].name, len > 0 ? (int)len : 4,
	    len > 0 ? apex : "root");
	if (*source != '-')
		table_load(k, id, path);
}

static inline void
table_start(struct table *t, const char *data, const char *zones)
{
	char path[512], *words[TABLE_WORDS], *rest;
	snprintf(path, sizeof(path), "%s/worlds", data);
	char *text = table_file(path);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		unsigned n = table_words(line, words);
		if (n == 0)
			continue;
		if (strcmp(words[0], "world") == 0) {
			assert_true(t->world_count < TABLE_WORLDS);
			t->kit = kit_create();
			t->worlds[t->world_count].kit = t->kit;
			snprintf(t->worlds[t->world_count++].name, 16, "%s",
			    words[1]);
		} else if (strcmp(words[0], "option") == 0) {
			table_option(&t->kit->serve, words[1]);
		} else {
			table_zone(t, zones, words[1], words[2]);
		}
	}
	free(text);
}

static inline void
table_end(struct table *t)
{
	for (unsigned i = 0; i < t->world_count; i++) {
		struct kit *k = t->worlds[i].kit;
		for (uint32_t id = 0; id < KIT_ZONES; id++)
			free((char *)(uintptr_t)k->conf[id].name);
		kit_destroy(&t->worlds[i].kit);
	}
}

/* ---- queries ---- */

/* The value of a flag ("" if it has none), or null. */
static inline const char *
table_flag(char *const words[], unsigned n, const char *flag)
{
	size_t len = strlen(flag);
	for (unsigned i = 2; i < n; i++)
		if (strncmp(words[i], flag, len) == 0 &&
		    (words[i][len] == '=' || words[i][len] == '\0'))
			return words[i] + len + (words[i][len] == '=');
	return NULL;
}

static inline unsigned
table_number(const char *value, unsigned otherwise)
{
	static const struct {
		const char *name;
		unsigned number;
	} known[] = {
		{ "CH", 3 }, { "HS", 4 }, { "ANY", 255 }, { "IQUERY", 1 },
		{ "STATUS", 2 }, { "NOTIFY", 4 }, { "UPDATE", 5 },
		{ "DSO", 6 },
	};
	if (value == NULL || *value == '\0')
		return otherwise;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, value) == 0)
			return known[i].number;
	return (unsigned)strtoul(value, NULL, 10);
}

static inline uint16_t
table_type(const char *text)
{
	uint16_t type = 0;
	if (strcmp(text, "ANY") == 0)
		return TYPE_ANY;
	if (strcmp(text, "AXFR") == 0 || strcmp(text, "IXFR") == 0)
		return *text == 'A' ? TYPE_AXFR : TYPE_IXFR;
	if (!rrtype_from_text(text, &type))
		fail_msg("no such type: %s", text);
	return type;
}

/* HASH(name) as a label stands for the hash of that name. */
static inline struct name
table_qname(const struct kit *k, const char *text)
{
	const char *hash = strstr(text, "HASH(");
	char inner[256], real[300];
	int rest = 0;
	if (hash == NULL || sscanf(hash, "HASH(%255[^)])%n", inner, &rest) !=
	    1)
		return kit_name(text);
	struct name plain = kit_name(inner);
	for (unsigned i = 0; i < k->known.count; i++)
		if (name_equal(k->known.at[i].name.octets, plain.octets)) {
			snprintf(real, sizeof(real), "%.*s%s%s",
			    (int)(hash - text), text, k->known.at[i].text,
			    hash + rest);
			return kit_name(real);
		}
	fail_msg("no such hash: %s", text);
	return plain;
}

static inline size_t
table_message(const struct kit *k, char *const words[], unsigned n,
    uint8_t *to)
{
	struct name qname = table_qname(k, words[0]);
	unsigned questions = table_number(table_flag(words, n, "questions"),
	    1);
	const char *edns = table_flag(words, n, "edns");
	const char *version = table_flag(words, n, "version");
	const char *wants_do = table_flag(words, n, "do");
	uint8_t head[MSG_HEADER_OCTETS] = { 0x12, 0x34, (uint8_t)(
	    table_number(table_flag(words, n, "opcode"), 0) << 3 |
	    (table_flag(words, n, "rd") != NULL)), (uint8_t)(
	    (table_flag(words, n, "ad") != NULL) << 5 |
	    (table_flag(words, n, "cd") != NULL) << 4), 0,
	    (uint8_t)questions };
	size_t len = sizeof(head);
	head[11] = edns != NULL || version != NULL || wants_do != NULL;
	memcpy(to, head, len);
	for (unsigned i = 0; i < questions; i++) {
		size_t name_octets = name_len(qname.octets);
		memcpy(to + len, qname.octets, name_octets);
		octets_set_u16(to + len + name_octets, table_type(words[1]));
		octets_set_u16(to + len + name_octets + 2, (uint16_t)
		    table_number(table_flag(words, n, "class"), CLASS_IN));
		len += name_octets + 4;
	}
	if (head[11] == 0)
		return len;
	uint8_t opt[11] = { 0, 0, TYPE_OPT, 0, 0, 0, (uint8_t)table_number(
	    version, 0), wants_do != NULL ? 0x80 : 0 };
	octets_set_u16(opt + 3, (uint16_t)table_number(edns, 1232));
	memcpy(to + len, opt, sizeof(opt));
	return len + sizeof(opt);
}

/* ---- answers ---- */

static inline void
table_head(struct octets *o, const struct msg_reader *m, const struct rr *opt)
{
	char text[16], size[24] = "";
	unsigned rcode = MSG_RCODE(m->flags);
	if (opt != NULL) {
		rcode |= (opt->ttl >> 24) << 4;
		snprintf(size, sizeof(size), " edns=%u%s", opt->class,
		    opt->ttl & 0x8000 ? " do" : "");
	}
	kit_add_text(o, "%s%s%s%s%s\n", rcode_text(rcode, text),
	    m->flags & MSG_AA ? " aa" : "", m->flags & MSG_TC ? " tc" : "",
	    m->flags & MSG_RD ? " rd" : "", size);
	/* RA, Z, AD and CD are never set. */
	assert_int_equal(m->flags & 0xf0u, 0);
}

/* The code only: the text of an extended error is nobody's promise. */
static inline void
table_options(struct octets *o, const struct rr *opt)
{
	struct buf b = buf_reading(opt->rdata, opt->rdata_len);
	uint16_t code = 0, len = 0;
	const uint8_t *data = NULL;
	while (buf_left(&b) > 0) {
		assert_true(buf_take_u16(&b, &code));
		assert_true(buf_take_u16(&b, &len));
		assert_true(buf_take(&b, len, &data));
		assert_int_equal(code, EDNS_EDE);
		kit_add_text(o, "ede %u\n", octets_u16(data));
	}
}

static inline void
table_answer_text(const struct kit *k, struct octets *head)
{
	static const char *const names[] = { "AN", "AU", "AD" };
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	struct octets body = { 0 };
	enum section section;
	struct rr rr, opt = { .type = 0 };
	enum err e;
	assert_int_equal(msg_read(&m, k->answer, k->query.answer_len,
	    scratch), OK);
	uint16_t flags = m.flags;
	assert_true((flags & MSG_QR) != 0);
	while ((e = msg_take_rr(&m, &section, &rr)) == OK) {
		if (rr.type == TYPE_OPT)
			opt = rr;
		kit_rr_text(k, &body, names[section], &rr);
	}
	assert_int_equal(e, ERR_NOT_FOUND);
	table_head(head, &m, opt.type != 0 ? &opt : NULL);
	if (opt.type != 0)
		table_options(head, &opt);
	if (body.len > 0)
		assert_true(octets_add(head, body.at, body.len));
	octets_free(&body);
}

/* The whole answer, or what was done instead. */
static inline char *
table_ask(struct kit *k, char *const words[], unsigned n)
{
	struct octets text = { 0 };
	size_t len = table_message(k, words, n, k->question);
	enum query_act act = kit_run(k, len,
	    table_flag(words, n, "tcp") != NULL ? KIT_TCP : 0);
	if (act == QUERY_ANSWER)
		table_answer_text(k, &text);
	else
		kit_add_text(&text, act == QUERY_DROP ? "drop\n" :
		    "transfer\n");
	assert_true(octets_add(&text, "", 1));
	return (char *)text.at;
}

static inline int
table_compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of an answer section tells a chain; that of the others nothing. */
static inline void
table_sort(char *text)
{
	static char copy[TABLE_TEXT];
	char *lines[TABLE_LINES], *rest;
	unsigned n = 0, first = 0;
	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		assert_true(n < TABLE_LINES);
		lines[n++] = line;
	}
	while (first < n && strncmp(lines[first], "AU ", 3) != 0 &&
	    strncmp(lines[first], "AD ", 3) != 0)
		first++;
	if (n > first)
		qsort(lines + first, n - first, sizeof(lines[0]),
		    table_compare_lines);
	*text = '\0';
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(lines[i]);
		memcpy(text, lines[i], len);
		text[len] = '\n';
		text += len + 1;
	}
	*text = '\0';
}

/* ---- rows ---- */

static inline void
table_put_apex(const char *from, const char *apex, char *to, size_t room)
{
	size_t at = 0;
	for (; *from != '\0'; from++) {
		const char *part = *from == '@' ? apex : from;
		size_t len = *from == '@' ? strlen(apex) : 1;
		assert_true(at + len < room);
		memcpy(to + at, part, len);
		at += len;
	}
	to[at] = '\0';
}

static inline void
table_try(struct table *t, const char *apex)
{
	char row[1024], asked[1024], *words[TABLE_WORDS];
	static char expected[2 * TABLE_TEXT];
	table_put_apex(t->row, apex, row, sizeof(row));
	table_put_apex(t->expected, apex, expected, sizeof(expected));
	memcpy(asked, row, sizeof(row));
	unsigned n = table_words(row, words);
	char *got = table_ask(t->kit, words, n);
	table_sort(expected);
	table_sort(got);
	t->asked++;
	if (strcmp(expected, got) != 0) {
		t->wrong++;
		/* More than a message of cmocka may be long. */
		fprintf(stderr, "%s:%u: %s--- expected\n%s--- got\n%s",
		    t->path, t->row_line, asked, expected, got);
	}
	free(got);
}

/* The row that was read, for each of the zones it is about. */
static inline void
table_finish_row(struct table *t)
{
	char zones[256], row[512], *words[TABLE_WORDS], *rest;
	if (t->row[0] == '\0')
		return;
	memcpy(row, t->row, sizeof(row));
	const char *in = table_flag(words, table_words(row, words), "in");
	snprintf(zones, sizeof(zones), "%s", in != NULL ? in : t->zones);
	for (char *apex = strtok_r(zones, ", \n", &rest); apex != NULL;
	    apex = strtok_r(NULL, ", \n", &rest)) {
		table_try(t, apex);
		if (strchr(t->row, '@') == NULL)
			break;
	}
	t->row[0] = t->expected[0] = '\0';
}

static inline struct kit *
table_world(const struct table *t, const char *name)
{
	for (unsigned i = 0; i < t->world_count; i++)
		if (strcmp(t->worlds[i].name, name) == 0)
			return t->worlds[i].kit;
	fail_msg("no such world: %s", name);
	return NULL;
}

static inline void
table_line(struct table *t, const char *line)
{
	size_t used = strlen(t->expected);
	char name[16];
	if (*line == '#' || *line == '\n')
		return;
	if (*line == '\t') {
		if (strncmp(line, "\tdiffers ", 9) == 0)
			return;
		assert_true(used + strlen(line) < sizeof(t->expected));
		memcpy(t->expected + used, line + 1, strlen(line));
		return;
	}
	table_finish_row(t);
	if (sscanf(line, "world %15s", name) == 1)
		t->kit = table_world(t, name);
	else if (strncmp(line, "zones ", 6) == 0)
		snprintf(t->zones, sizeof(t->zones), "%s", line + 6);
	else if (strncmp(line, "note ", 5) != 0) {
		snprintf(t->row, sizeof(t->row), "%s", line);
		t->row_line = t->line;
	}
}

static inline void
table_rows(struct table *t, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	assert_non_null(f);
	t->path = strrchr(path, '/') + 1;
	t->line = 0;
	while (getline(&line, &room, f) > 0) {
		t->line++;
		table_line(t, line);
	}
	table_finish_row(t);
	free(line);
	fclose(f);
}

static inline void
table_all_rows(struct table *t, const char *data)
{
	char pattern[512];
	glob_t found;
	snprintf(pattern, sizeof(pattern), "%s/*.answers", data);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		table_rows(t, found.gl_pathv[i]);
	globfree(&found);
}

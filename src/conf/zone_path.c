/* zone_path.c - the path of a zone file from zonefile: and the zone's name.
 * %s the name as configured, %1 %2 %3 its first characters, %z %y %x its
 * last, last but one, last but two labels; what is missing is ".". A slash in
 * a name becomes \047: no name leads out of its directory by a slash. */
#include <string.h>

#include "conf/build.h"

#define PATH_OCTETS_MAX 1024

struct path {
	char text[PATH_OCTETS_MAX];
	size_t len;
	bool is_too_long;
};

static void
path_put(struct path *p, const char *text, size_t n)
{
	if (p->len + n >= sizeof(p->text)) {
		p->is_too_long = true;
		return;
	}
	memcpy(p->text + p->len, text, n);
	p->len += n;
	p->text[p->len] = '\0';
}

static void
path_put_name(struct path *p, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '/')
			path_put(p, "\\047", 4);
		else
			path_put(p, text + i, 1);
}

static void
path_put_char(struct path *p, const char *name, size_t i)
{
	if (i < strlen(name))
		path_put_name(p, name + i, 1);
	else
		path_put(p, ".", 1);
}

/* nth label from the end, 1 is the last. */
static void
path_put_label(struct path *p, const uint8_t *apex, unsigned nth)
{
	char text[NAME_TEXT_MAX];
	const unsigned labels = name_labels(apex);
	struct name one;
	if (nth > labels) {
		path_put(p, ".", 1);
		return;
	}
	const uint8_t *label = name_strip(apex, labels - nth);
	memcpy(one.octets, label, 1u + label[0]);
	one.octets[1 + label[0]] = 0;
	name_text_plain(one.octets, text);
	path_put_name(p, text, strlen(text));
}

/* False if the sign after % means nothing. */
static bool
path_put_macro(struct path *p, char sign, const struct conf_zone *z)
{
	switch (sign) {
	case 's':
		path_put_name(p, z->name, strlen(z->name));
		return true;
	case '1':
	case '2':
	case '3':
		path_put_char(p, z->name, (size_t)(sign - '1'));
		return true;
	case 'z':
	case 'y':
	case 'x':
		path_put_label(p, z->apex, 1u + (unsigned)('z' - sign));
		return true;
	default:
		return false;
	}
}

static bool
path_finish(struct path *p, struct arena *a, const struct conf_zone *z,
    const char *template, const char **text)
{
	for (const char *t = template; *t != '\0'; t++)
		if (t[0] == '%' && path_put_macro(p, t[1], z))
			t++;
		else
			path_put(p, t, 1);
	if (p->is_too_long)
		return false;
	*text = arena_strdup(a, p->text);
	return true;
}

bool
conf_zone_text(struct arena *a, const struct conf_zone *z,
    const char *template, const char **text)
{
	struct path p = { .len = 0 };
	return path_finish(&p, a, z, template, text);
}

bool
conf_zone_path(struct arena *a, const struct conf_zone *z,
    const char *zonesdir, const char **path)
{
	struct path p = { .len = 0 };
	if (z->zonefile[0] != '/' && zonesdir[0] != '\0') {
		path_put(&p, zonesdir, strlen(zonesdir));
		if (p.len > 0 && p.text[p.len - 1] != '/')
			path_put(&p, "/", 1);
	}
	return path_finish(&p, a, z, z->zonefile, path);
}

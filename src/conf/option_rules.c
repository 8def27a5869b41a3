/* option_rules.c - what single options demand beyond their kind. */
#include <string.h>

#include "conf/build.h"

#define TEXT_RECORD_MAX 255	/* one character-string, RFC 1035 3.3.14 */
#define NSID_MAX 65535

static bool
is_hex(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static void
rule_text_record(struct builder *b, const char *text, const struct value *v)
{
	if (strlen(text) > TEXT_RECORD_MAX)
		build_error(b, v->file, v->line,
		    "%s: longer than 255 octets", v->name);
}

static void
rule_secret(struct builder *b, const char *text, const struct value *v)
{
	if (text[0] != '\0' && (strlen(text) != 32 || !is_hex(text)))
		build_error(b, v->file, v->line,
		    "%s: needs 32 hexadecimal digits", v->name);
}

static void
rule_nsid(struct builder *b, const char *text, const struct value *v)
{
	if (strncmp(text, "ascii_", 6) == 0)
		return;
	if (strlen(text) % 2 != 0 || strlen(text) / 2 > NSID_MAX ||
	    !is_hex(text))
		build_error(b, v->file, v->line, "%s: needs pairs of "
		    "hexadecimal digits, or ascii_TEXT", v->name);
}

static void
rule_rrl_class(struct builder *b, const char *name, const struct value *v)
{
	static const char *const names[] = {
#define RRL_CLASS(name, ...) name,
#include "tables/rrl_classes.def"
#undef RRL_CLASS
		"all" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return;
	build_error(b, v->file, v->line, "%s: unknown kind of answer \"%s\"",
	    v->name, name);
}

static void
rules_server(struct builder *b, unsigned bit, const struct value *v)
{
	const struct conf_server *s = &b->conf->server;
	switch (bit) {
	case CONF_SERVER_identity:
		rule_text_record(b, s->identity, v);
		break;
	case CONF_SERVER_version:
		rule_text_record(b, s->version, v);
		break;
	case CONF_SERVER_nsid:
		rule_nsid(b, s->nsid, v);
		break;
	case CONF_SERVER_cookie_secret:
		rule_secret(b, s->cookie_secret, v);
		break;
	case CONF_SERVER_cookie_staging_secret:
		rule_secret(b, s->cookie_staging_secret, v);
		break;
	default:	/* most options need nothing more */
		break;
	}
}

/* verifier-feed and the older verifier-feed-zone say the same thing: the
 * later line holds for both. */
static void
feed_sync(struct conf_set *set, bool by_zone, unsigned feed_bit,
    unsigned zone_bit, enum conf_verifier_feed *feed, bool *feed_zone)
{
	if (by_zone)
		*feed = *feed_zone ? FEED_ZONE : FEED_NONE;
	else
		*feed_zone = *feed == FEED_ZONE;
	set->bits[feed_bit / 64] |= UINT64_C(1) << (feed_bit % 64);
	set->bits[zone_bit / 64] |= UINT64_C(1) << (zone_bit % 64);
}

static void
rule_user(struct builder *b, const char *name, const struct value *v)
{
	struct named_user *u = b->users;
	while (u != NULL && strcmp(u->name, name) != 0)
		u = u->next;
	if (u != NULL)
		return;
	u = arena_new(b->arena, struct named_user);
	*u = (struct named_user){ .next = b->users, .name = name,
		.option = arena_strdup(b->arena, v->name), .file = v->file,
		.line = v->line };
	b->users = u;
}

static void
rules_verify(struct builder *b, struct conf_verify *y, unsigned bit,
    const struct value *v)
{
	if (bit == CONF_VERIFY_verifier_user)
		rule_user(b, y->verifier_user, v);
	if (bit == CONF_VERIFY_verifier_feed ||
	    bit == CONF_VERIFY_verifier_feed_zone)
		feed_sync(&y->set, bit == CONF_VERIFY_verifier_feed_zone,
		    CONF_VERIFY_verifier_feed,
		    CONF_VERIFY_verifier_feed_zone, &y->verifier_feed,
		    &y->verifier_feed_zone);
}

static void
rules_zone(struct builder *b, struct conf_zone *z, unsigned bit,
    const struct value *v)
{
	if (bit == CONF_ZONE_rrl_whitelist && z->rrl_whitelist.n > 0)
		rule_rrl_class(b, z->rrl_whitelist.at[z->rrl_whitelist.n - 1],
		    v);
	if (bit == CONF_ZONE_verifier_user)
		rule_user(b, z->verifier_user, v);
	if (bit == CONF_ZONE_verifier_feed ||
	    bit == CONF_ZONE_verifier_feed_zone)
		feed_sync(&z->set, bit == CONF_ZONE_verifier_feed_zone,
		    CONF_ZONE_verifier_feed, CONF_ZONE_verifier_feed_zone,
		    &z->verifier_feed, &z->verifier_feed_zone);
}

void
build_option_rules(struct builder *b, enum conf_section_id section,
    const struct conf_option *o, void *object, const struct value *v)
{
	if (section == SECTION_SERVER)
		rules_server(b, o->bit, v);
	else if (section == SECTION_VERIFY)
		rules_verify(b, object, o->bit, v);
	else if (section == SECTION_PATTERN || section == SECTION_ZONE)
		rules_zone(b, object, o->bit, v);
}

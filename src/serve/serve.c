/* serve.c - what the answering code of one process knows.
 * Runs in: worker, candidate's worker. */
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "config.h"
#include "dns/rrtype.h"
#include "dns/text_code.h"

#define NSID_ASCII "ascii_"
#define EXPIRE_MAX INT32_MAX

static void
set_text(char to[256], const char *from)
{
	snprintf(to, 256, "%s", from);
}

static void
set_identity(struct serve *s, const struct conf_server *c)
{
	s->identity[0] = s->version[0] = '\0';
	if (!c->hide_identity) {
		if (c->identity != NULL)
			set_text(s->identity, c->identity);
		else if (gethostname(s->identity,
		    sizeof(s->identity) - 1) == -1)
			s->identity[0] = '\0';
	}
	if (!c->hide_version)
		set_text(s->version, c->version != NULL ? c->version :
		    "nsd-verify " NSDV_VERSION);
}

/* Hexadecimal, or ascii_TEXT; anything else (checkconf names it) is none. */
static size_t
nsid_octets(const char *text, uint8_t to[256])
{
	size_t n = 0;
	if (text == NULL)
		return 0;
	if (strncmp(text, NSID_ASCII, strlen(NSID_ASCII)) == 0) {
		text += strlen(NSID_ASCII);
		n = strlen(text) < 255 ? strlen(text) : 255;
		memcpy(to, text, n);
		return n;
	}
	size_t digits = strlen(text) < 2 * 255 ? strlen(text) : 2 * 255;
	return text_read_hex(text, digits, to, 255, &n) ? n : 0;
}

void
serve_policy(struct serve *s, const struct conf *c)
{
	const struct conf_server *server = &c->server;
	set_identity(s, server);
	s->nsid_len = nsid_octets(server->nsid, s->nsid);
	s->udp_octets_v4 = (uint16_t)server->ipv4_edns_size;
	s->udp_octets_v6 = (uint16_t)server->ipv6_edns_size;
	s->minimal_responses = server->minimal_responses;
	s->confine_to_zone = server->confine_to_zone;
	s->round_robin = server->round_robin;
	s->refuse_any = server->refuse_any;
	s->drop_updates = server->drop_updates;
}

static const struct serve_zone_state *
state_of(const struct serve *s, uint32_t zone_id)
{
	return s->states != NULL && zone_id < s->zone_limit ?
	    &s->states[zone_id] : NULL;
}

bool
serve_zone_is_expired(const struct serve *s, uint32_t zone_id)
{
	const struct serve_zone_state *st = state_of(s, zone_id);
	return st != NULL && (atomic_load_explicit(&st->flags,
	    memory_order_relaxed) & SERVE_ZONE_EXPIRED) != 0;
}

const struct conf_zone *
serve_zone_conf(const struct serve *s, uint32_t zone_id)
{
	return zone_id < s->zone_limit ? s->zones[zone_id] : NULL;
}

static bool
soa_expire(const struct zone_version *z, uint32_t *seconds)
{
	struct rrset rs;
	struct rr rr;
	struct soa soa;
	uint32_t at = 0;
	if (!node_rrset(z, zone_apex_node(z), TYPE_SOA, &rs) ||
	    !rrset_next(&rs, &at, &rr) || !rr_soa(&rr, &soa))
		return false;
	*seconds = soa.expire;
	return true;
}

bool
serve_zone_expires_in(const struct serve *s, const struct zonedb_hit *z,
    int64_t now_s, uint32_t *seconds)
{
	const struct conf_zone *c = serve_zone_conf(s, z->id);
	const struct serve_zone_state *st = state_of(s, z->id);
	if (c != NULL && c->request_xfr.n == 0)
		return soa_expire(z->version, seconds);
	/* A candidate's version has no expiry before it is published. */
	if (st == NULL || serve_zone_place(s, z->id) != SERVE_PUBLISHED)
		return false;
	int64_t at = atomic_load_explicit(&st->expires_at_s,
	    memory_order_relaxed);
	if (at == 0)
		return false;
	int64_t left = at > now_s ? at - now_s : 0;
	*seconds = left < EXPIRE_MAX ? (uint32_t)left : EXPIRE_MAX;
	return true;
}

enum serve_place
serve_zone_place(const struct serve *s, uint32_t zone_id)
{
	if (!s->is_candidate || s->hooks.place == NULL)
		return SERVE_PUBLISHED;
	return s->hooks.place(s->hooks.arg, zone_id);
}

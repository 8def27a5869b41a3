/* notify_out.c - NOTIFY to the secondaries: which zones are at it, which of
 * their targets are being told, who waits.
 * Runs in: xfrd. Always: at most max_zones zones send, at most per_zone
 * targets of each; a new serial starts a zone's list from its beginning. */
#include "xfr/notify_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfr/notify_out_inner.h"
#include "xfr/source.h"

#define SENDS 5

struct notify_net *
notify_net_create(struct event_base *base, const struct notify_settings *s)
{
	struct notify_net *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->base = base;
	n->settings = *s;
	if (n->settings.max_zones == 0)
		n->settings.max_zones = 128;
	if (n->settings.per_zone == 0)
		n->settings.per_zone = 16;
	if (n->settings.wait_ms == 0)
		n->settings.wait_ms = 3000;
	return n;
}

void
notify_net_destroy(struct notify_net **n)
{
	if (*n == NULL)
		return;
	ASSERT((*n)->n_running == 0 && (*n)->first == NULL);
	free(*n);
	*n = NULL;
}

/* --- the queue of zones --- */

static void
queue_put(struct notify_zone *z)
{
	struct notify_net *n = z->net;
	z->is_waiting = true;
	z->next = NULL;
	z->prev = n->last;
	if (n->last != NULL)
		n->last->next = z;
	else
		n->first = z;
	n->last = z;
}

static void
queue_drop(struct notify_zone *z)
{
	struct notify_net *n = z->net;
	if (!z->is_waiting)
		return;
	z->is_waiting = false;
	if (z->prev != NULL)
		z->prev->next = z->next;
	else
		n->first = z->next;
	if (z->next != NULL)
		z->next->prev = z->prev;
	else
		n->last = z->prev;
}

/* Fills the free places of the zone; true while anything is under way. */
static bool
zone_go_on(struct notify_zone *z)
{
	unsigned most = z->net->settings.per_zone;
	for (unsigned i = 0; i < z->n_peers && z->n_sent < most; i++) {
		struct notify_peer *p = &z->peers[i];
		if (p->state != NOTIFY_TO_SEND)
			continue;
		p->state = NOTIFY_OVER;
		if (notify_peer_start(p)) {
			p->state = NOTIFY_SENT;
			z->n_sent++;
		}
	}
	return z->n_sent > 0;
}

static void
start_waiting(struct notify_net *n)
{
	while (n->first != NULL && n->n_running < n->settings.max_zones) {
		struct notify_zone *z = n->first;
		queue_drop(z);
		z->is_running = zone_go_on(z);
		if (z->is_running)
			n->n_running++;
	}
}

void
notify_peer_over(struct notify_peer *p)
{
	struct notify_zone *z = p->zone;
	notify_peer_close(p);
	p->state = NOTIFY_OVER;
	z->n_sent--;
	if (zone_go_on(z))
		return;
	z->is_running = false;
	z->net->n_running--;
	start_waiting(z->net);
}

/* --- zones --- */

struct notify_zone *
notify_zone_create(struct notify_net *n, const char *zone,
    const uint8_t *apex)
{
	struct notify_zone *z = calloc(1, sizeof(*z));
	if (z == NULL)
		return NULL;
	z->net = n;
	z->sends = SENDS;
	z->name = strdup(zone);
	z->apex = malloc(name_len(apex));
	if (z->name == NULL || z->apex == NULL) {
		notify_zone_destroy(&z);
		return NULL;
	}
	memcpy(z->apex, apex, name_len(apex));
	return z;
}

static void
peers_free(struct notify_peer *peers, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		notify_peer_close(&peers[i]);
		if (peers[i].key != NULL)
			explicit_bzero(peers[i].key->secret,
			    peers[i].key->tsig.secret_len);
		free(peers[i].key);
	}
	free(peers);
}

void
notify_zone_destroy(struct notify_zone **z)
{
	if (*z == NULL)
		return;
	notify_out_stop(*z);
	peers_free((*z)->peers, (*z)->n_peers);
	free((*z)->name);
	free((*z)->apex);
	octets_free(&(*z)->soa);
	free(*z);
	*z = NULL;
}

static bool
peer_init(struct notify_peer *p, struct notify_zone *z,
    const struct notify_target *t)
{
	p->zone = z;
	p->to = t->to;
	p->state = NOTIFY_OVER;
	if (t->key == NULL)
		return true;
	p->key = malloc(sizeof(*p->key) + t->key->secret_len);
	if (p->key == NULL)
		return false;
	if (t->key->secret_len > 0)
		memcpy(p->key->secret, t->key->secret, t->key->secret_len);
	p->key->tsig = *t->key;
	p->key->tsig.secret = p->key->secret;
	return true;
}

/* From the beginning of the list, with the SOA that is kept. */
static void
zone_start(struct notify_zone *z)
{
	notify_out_stop(z);
	for (unsigned i = 0; i < z->n_peers; i++)
		z->peers[i].state = NOTIFY_TO_SEND;
	if (z->n_peers == 0)
		return;
	queue_put(z);
	start_waiting(z->net);
}

bool
notify_zone_configure(struct notify_zone *z,
    const struct notify_target *targets, unsigned n_targets,
    const struct addr *sources, unsigned n_sources, unsigned sends)
{
	bool was_running = notify_out_is_running(z);
	struct notify_peer *peers = calloc(n_targets + 1u, sizeof(*peers));
	if (peers == NULL)
		return false;
	for (unsigned i = 0; i < n_targets; i++) {
		const struct addr *source = source_toward(&targets[i].to,
		    sources, n_sources);
		if (!peer_init(&peers[i], z, &targets[i])) {
			peers_free(peers, i);
			return false;
		}
		peers[i].has_source = source != NULL;
		if (source != NULL)
			peers[i].source = *source;
	}
	notify_out_stop(z);
	peers_free(z->peers, z->n_peers);
	z->peers = peers;
	z->n_peers = n_targets;
	z->sends = sends != 0 ? sends : SENDS;
	if (was_running)
		zone_start(z);
	return true;
}

void
notify_out_stop(struct notify_zone *z)
{
	queue_drop(z);
	for (unsigned i = 0; i < z->n_peers; i++) {
		notify_peer_close(&z->peers[i]);
		z->peers[i].state = NOTIFY_OVER;
	}
	z->n_sent = 0;
	if (z->is_running) {
		z->is_running = false;
		z->net->n_running--;
		start_waiting(z->net);
	}
}

void
notify_out_start(struct notify_zone *z, const struct rr *soa)
{
	struct octets copy = { 0 };
	bool is_kept = rr_soa_serial(soa, &z->serial) && rr_add(&copy, soa);
	ASSERT(is_kept);	/* an SOA of ours, a few octets */
	octets_free(&z->soa);
	z->soa = copy;
	zone_start(z);
}

bool
notify_out_is_running(const struct notify_zone *z)
{
	return z->is_running || z->is_waiting;
}

const char *
notify_out_status(const struct notify_zone *z, char *text, size_t room)
{
	char to[ADDR_TEXT_MAX];
	size_t at = 0;
	text[0] = '\0';
	if (z->is_waiting)
		snprintf(text, room, "waiting-for-fd");
	if (!z->is_running)
		return text;
	at += (size_t)snprintf(text, room, "send");
	for (unsigned i = 0; i < z->n_peers && at < room; i++)
		if (z->peers[i].state == NOTIFY_SENT)
			at += (size_t)snprintf(text + at, room - at, " %s",
			    addr_text(&z->peers[i].to, to));
	if (at < room)
		snprintf(text + at, room - at, " with serial %u", z->serial);
	return text;
}

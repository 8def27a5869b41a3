/* notify_out.h - NOTIFY to the secondaries (RFC 1996), over UDP. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sock.h"
#include "dns/rr.h"
#include "dns/tsig.h"

struct event_base;
struct notify_net;
struct notify_zone;

struct notify_settings {
	unsigned max_zones;	/* sending at once; 0: 128 */
	unsigned per_zone;	/* targets in parallel; 0: 16 */
	unsigned wait_ms;	/* per send; 0: 3000 */
};

/* Null when memory is out. */
struct notify_net *notify_net_create(struct event_base *base,
    const struct notify_settings *s);
/* All zones must be destroyed before; null is accepted. */
void notify_net_destroy(struct notify_net **n);

struct notify_target {
	struct addr to;			/* with port */
	const struct tsig_key *key;	/* null: unsigned; copied */
};

/* zone: name as configured, for the log. Null when memory is out. */
struct notify_zone *notify_zone_create(struct notify_net *n, const char *zone,
    const uint8_t *apex);
void notify_zone_destroy(struct notify_zone **z);
/* The configured list; a run under way starts again with it. sends:
 * notify-retry, 0 is 5. sources: outgoing-interface, the first of the target's
 * family is used. All is copied. False when memory is out: nothing changed. */
bool notify_zone_configure(struct notify_zone *z,
    const struct notify_target *targets, unsigned n_targets,
    const struct addr *sources, unsigned n_sources, unsigned sends);
/* Tell all targets of this SOA; a run under way starts again with it. Waits
 * for a free place when max_zones are sending. */
void notify_out_start(struct notify_zone *z, const struct rr *soa);
void notify_out_stop(struct notify_zone *z);
bool notify_out_is_running(const struct notify_zone *z);
/* As NSD's zonestatus: "send A B with serial S", "waiting-for-fd", or ""
 * when nothing runs; cut at room. Returns text. */
const char *notify_out_status(const struct notify_zone *z, char *text,
    size_t room);

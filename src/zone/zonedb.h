/* zonedb.h - the store: all zones of this server, and how they change.
 * Runs in: store (and in a candidate, on its own copy-on-write copy; workers
 * only look up). One zonedb per process; zones are numbered by the
 * configuration's zone id, which stays the zone's as long as it exists.
 *
 * A version, its nodes and whatever points into it are valid until the zone's
 * next zonedb_commit, zonedb_clear, zonedb_remove or zonedb_tidy in the same
 * process; forked processes keep what they had. Whoever goes on later starts
 * again from zonedb_current and zone_iter_after. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#include "base/err.h"
#include "zone/zone.h"

struct zonedb;

/* digest_key: 16 octets, secret of this installation (P2).
 * reserve_octets: address space, at most 32 GiB (0: 32 GiB). */
MUST_CHECK enum err zonedb_create(const uint8_t digest_key[16],
    size_t reserve_octets, struct zonedb **db);
void zonedb_destroy(struct zonedb **db);

/* A configured zone without content; ERR_EXISTS if the apex is there. */
MUST_CHECK enum err zonedb_add(struct zonedb *db, uint32_t id,
    const uint8_t *apex);
void zonedb_remove(struct zonedb *db, uint32_t id);
/* History limits (ixfr-number, ixfr-size; size 0: a quarter of the zone, at
 * least 1 MiB). keep false: store-ixfr no. */
void zonedb_set_history(struct zonedb *db, uint32_t id, bool keep,
    unsigned number, uint64_t octets);

/* The zone that is closest above (or at) the name: the one that answers.
 * False when no configured zone is. version is null while it has no content.
 * for_ds: a name that is itself an apex goes to the parent zone if that is
 * configured here (RFC 4035 3.1.4.1). */
struct zonedb_hit {
	uint32_t id;
	const uint8_t *apex;
	const struct zone_version *version;
};
bool zonedb_find(const struct zonedb *db, const uint8_t *name, bool for_ds,
    struct zonedb_hit *hit);
bool zonedb_exact(const struct zonedb *db, const uint8_t *apex,
    struct zonedb_hit *hit);
const struct zone_version *zonedb_current(const struct zonedb *db,
    uint32_t id);

/* What becomes of the current version when one is put in its place. */
enum zonedb_history {
	HISTORY_KEEP,	/* the net delta joins the history */
	HISTORY_CLEAR	/* going back, or other content at the same serial */
};

/* Why a delta or a zone does not apply; for the log and the verdict. */
struct zone_trouble {
	struct name owner;
	uint16_t type;
	char what[200];
};

/* Builds a version from zone octets (SOA first) as in an AXFR or a base file.
 * Records outside the zone are dropped and counted. Duplicate records are
 * dropped (TTL of the first one stays). Other SOAs, wrong class: refused.
 * The new version is not current until zonedb_commit. */
MUST_CHECK enum err zonedb_build(struct zonedb *db, uint32_t id,
    const uint8_t *octets, size_t len, struct zone_version **v,
    uint64_t *dropped, struct zone_trouble *t);

/* The same with a digest that is already known: for a snapshot whose checksum
 * holds, of a version whose verdict recorded the digest. Nothing is hashed;
 * zone_digest_recompute tells later, if anyone asks. */
MUST_CHECK enum err zonedb_build_trusted(struct zonedb *db, uint32_t id,
    const uint8_t *octets, size_t len, const struct zone_digest *recorded,
    struct zone_version **v, uint64_t *dropped, struct zone_trouble *t);

/* Applies ONE net delta (SOA(old) del... SOA(new) add...) to the current
 * version. Deleting what is not there, adding what is, starting at another
 * serial: ERR_PEER_INCONSISTENT and *t says where; nothing is changed. */
MUST_CHECK enum err zonedb_patch(struct zonedb *db, uint32_t id,
    const uint8_t *delta, size_t len, struct zone_version **v,
    struct zone_trouble *t);

/* Makes ONE net delta of a chain of deltas, against the current version:
 * a record deleted and added again with the same case and TTL is no change.
 * Records outside the zone are dropped alike in both halves and counted.
 * ERR_PEER_INCONSISTENT as above. */
MUST_CHECK enum err zonedb_net_of_chain(struct zonedb *db, uint32_t id,
    const uint8_t *chain, size_t len, struct octets *net, uint64_t *dropped,
    struct zone_trouble *t);
/* The net delta from the current version to a built one (ixfr-from-axfr). */
MUST_CHECK enum err zonedb_net_of_versions(struct zonedb *db, uint32_t id,
    const struct zone_version *to, struct octets *net);

/* Makes v the zone's version; the former one's memory goes back to the store
 * as far as nothing of v uses it (the processes forked before keep theirs).
 * net: the delta that led here, for outgoing IXFR (copied); null: none
 * (clears the history). */
void zonedb_commit(struct zonedb *db, uint32_t id, struct zone_version *v,
    const uint8_t *net, size_t net_len, enum zonedb_history h);
/* Appends an older step at the end of the history (after a restart; newest
 * first). Fails when it does not join. */
MUST_CHECK enum err zonedb_add_step(struct zonedb *db, uint32_t id,
    const uint8_t *net, size_t net_len);
/* Gives up a built or patched version that is not current. */
void zonedb_discard(struct zonedb *db, struct zone_version *v);
/* The zone has no content any more. */
void zonedb_clear(struct zonedb *db, uint32_t id);

/* The whole region becomes read-only in this process (a worker's first act;
 * a candidate's after fork is zonedb_seal_inherited, which leaves room to
 * append). */
void zonedb_seal(struct zonedb *db);
void zonedb_seal_inherited(struct zonedb *db);
/* After zonedb_seal_inherited the versions of before stay readable: looks up
 * find this one again (null: no content). The zone may not be built or patched
 * in this process afterwards. */
void zonedb_show_inherited(struct zonedb *db, uint32_t id,
    const struct zone_version *v);
/* A test hook flips one octet of stored rdata; recomputed digests differ.
 * Returns the digest taken afresh over every record of a version. */
void zone_digest_recompute(const struct zonedb *db,
    const struct zone_version *v, struct zone_digest *d);

/* Memory for about so many octets of a zone, made on another core while they
 * are read and built (base/region.h). No fork and no second one before
 * zonedb_warm_end. */
void zonedb_warm_start(struct zonedb *db, size_t octets);
void zonedb_warm_end(struct zonedb *db);

/* The same digest as when it was made: every record is what it was. */
bool zone_is_as_recorded(const struct zonedb *db,
    const struct zone_version *v);

/* Housekeeping: rewrites zones whose dead octets pass a quarter of the live
 * ones, in slices of at most budget_us; true while there is more to do. Never
 * called while a version is built or patched. */
bool zonedb_tidy(struct zonedb *db, int64_t budget_us);

struct zonedb_stats {
	uint64_t zones, records, nodes;
	uint64_t region_octets;		/* chunks in use */
	uint64_t live_octets, dead_octets;
};
/* Of all versions, in chunks. */
uint64_t zonedb_octets(const struct zonedb *db);
void zonedb_stats(const struct zonedb *db, struct zonedb_stats *s);

#if NSDV_TEST_HOOKS
/* Alters one octet of stored rdata, perhaps of one that other versions have
 * too: then what is served is not what was verified. */
bool zonedb_test_flip(struct zonedb *db, const struct zone_version *v);
/* The same where a test has set this point (base/hook.h). */
void zonedb_test_alter(struct zonedb *db, const struct zone_version *v,
    const char *point, const char *zone);
#else
static inline void
zonedb_test_alter(struct zonedb *db, const struct zone_version *v,
    const char *point, const char *zone)
{
	(void)db;
	(void)v;
	(void)point;
	(void)zone;
}
#endif

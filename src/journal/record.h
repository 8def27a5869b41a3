/* record.h - the zone's record and the history, for the files of this
 * folder. Private to src/journal. */
#pragma once
#include "journal/data.h"

/* journal_zone with its base as a place: what DB_ZONE holds. */
struct zone_record {
	struct journal_zone zone;
	struct data_place base;
};
/* Within a read; ERR_NOT_FOUND: *r is an empty zone. */
MUST_CHECK enum err zone_read(struct journal *j, const uint8_t *apex,
    struct zone_record *r);
/* Within a put; makes base, base_file follow the place. */
MUST_CHECK enum err zone_write(struct journal *j, const uint8_t *apex,
    struct zone_record *r);

/* journal_delta with its data as a place: what DB_NET and DB_DELTA hold. */
struct delta_record {
	struct journal_delta delta;
	struct data_place place;
};
MUST_CHECK enum err delta_read(struct journal *j, enum db_table t,
    const struct db_key *k, struct delta_record *r);
/* Within a put: removes the record and what it owns. */
MUST_CHECK enum err delta_drop(struct journal *j, enum db_table t,
    const struct db_key *k);

/* Within a put: removes each record of a zone for which drop is called; it
 * removes the record itself. */
typedef enum err drop_fn(struct journal *j, enum db_table t,
    const struct db_key *k);
MUST_CHECK enum err drop_all(struct journal *j, enum db_table t,
    const uint8_t *apex, drop_fn *drop);
MUST_CHECK enum err update_record_drop(struct journal *j, enum db_table t,
    const struct db_key *k);

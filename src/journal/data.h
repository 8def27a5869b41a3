/* data.h - octets or a spool file, owned by exactly one record.
 * Private to src/journal. Octets stand in a table of their own, so that a
 * change of state or the way from net to history does not copy them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/spool.h"
#include "journal/db.h"

enum data_where { DATA_NONE, DATA_HERE, DATA_FILE };

struct data_place {
	enum data_where where;
	uint64_t len;
	uint64_t id;			/* DATA_HERE: key in DB_DATA */
	char file[SPOOL_NAME_MAX];	/* DATA_FILE */
};

/* Within a put: writes the octets, or counts one more use of the file. */
MUST_CHECK enum err data_store(struct journal *j,
    const struct journal_data *d, struct data_place *p);
/* Within a put: the record that owned it is gone. */
MUST_CHECK enum err data_release(struct journal *j,
    const struct data_place *p);
/* Within a read: points into the map and into the place. */
MUST_CHECK enum err data_view(struct journal *j, const struct data_place *p,
    struct journal_data *d);
/* Within a read: the octets themselves. */
MUST_CHECK enum err data_copy(struct journal *j, const struct data_place *p,
    struct octets *copy, struct journal_data *d);

/* Within a put: a file that no record took; reported as unused with the
 * commit unless one names it. */
MUST_CHECK enum err data_unwanted(struct journal *j,
    const struct journal_data *d);

void data_put_place(struct db_fields *f, const struct data_place *p);
bool data_take_place(struct buf *b, struct data_place *p);

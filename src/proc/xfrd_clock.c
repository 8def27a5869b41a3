/* xfrd_clock.c - the wall clock of xfrd, and what is done when it is set.
 * Runs in: xfrd. Timers are kept as wall clock times, because the journal and
 * the operator want them so. A clock that is set would stop them, or end all
 * leases at once: then they are moved along with it. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "proc/xfrd.h"

#define SET_S 3		/* less is drift */

static void
zone_moved(struct xzone *z, int64_t delta_s, int64_t now_s)
{
	update_clock_moved(&z->updates, delta_s);
	for (struct update *u = z->updates.first; u != NULL; u = u->next)
		if (u->data != NULL)
			((struct xbody *)u->data)->received_s += delta_s;
	z->published_s += delta_s;
	z->snapshot_s += delta_s;
	z->file_written_s += delta_s;
	if (z->refresh != NULL) {
		refresh_clock_moved(z->refresh, delta_s, now_s);
		z->is_timers_changed = true;
	}
	xzone_touch(z);
}

int64_t
xfrd_now_s(struct xfrd *x)
{
	int64_t now_s = clock_wall_s() + hook_number("clock-set-s", 0);
	int64_t booted_s = now_s - clock_boot_ms() / 1000;
	int64_t delta_s = booted_s - x->booted_s;
	if (x->booted_s == 0) {
		x->booted_s = booted_s;
	} else if (llabs(delta_s) >= SET_S) {
		x->booted_s = booted_s;
		ev_clock_set(delta_s > 0 ? "forward" : "back",
		    llabs(delta_s));
		for (uint32_t id = 0; id < x->zone_limit; id++)
			if (x->zones[id] != NULL)
				zone_moved(x->zones[id], delta_s, now_s);
	}
	return now_s;
}

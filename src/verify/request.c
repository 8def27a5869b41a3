/* request.c - what is to be verified, as candidate and supervisor say it.
 * Runs in: candidate, supervisor. Pure. */
#include "verify/request.h"

#include <string.h>

bool
verify_request_is_valid(const struct verify_request *r)
{
	return r->has_previous <= 1 && r->xfr <= VERIFY_XFR_FILE &&
	    r->attempt > 0 &&
	    memchr(r->primary, '\0', sizeof(r->primary)) != NULL;
}

const char *
verify_xfr_text(enum verify_xfr x)
{
	switch (x) {
	case VERIFY_XFR_AXFR:
		return "axfr";
	case VERIFY_XFR_IXFR:
		return "ixfr";
	case VERIFY_XFR_FILE:
		return "file";
	}
	return "unknown";
}

const char *
verify_feed_text(enum verify_feed f)
{
	switch (f) {
	case VERIFY_FEED_NONE:
		return "none";
	case VERIFY_FEED_ZONE:
		return "zone";
	case VERIFY_FEED_DELTA:
		return "delta";
	}
	return "unknown";
}

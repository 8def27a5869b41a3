/* log.h - every event that an operator can see, as a typed function.
 * The rows stand in tables/events.def; ev_NAME(...) writes one. The line is
 * NSD's: [YYYY-MM-DD hh:mm:ss.mmm] nsd-verify[PID]: PRIO: TEXT. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum log_prio { LOG_P_ERROR, LOG_P_WARNING, LOG_P_NOTICE, LOG_P_INFO };

enum log_time { LOG_TIME_ASCII, LOG_TIME_ISO, LOG_TIME_UNIX };

struct log_settings {
	const char *ident;	/* before [PID]; must stay valid */
	const char *file;	/* null or "": standard error */
	bool only_syslog;
	bool also_syslog;	/* NSD: when no file is given */
	enum log_time time;
	int verbosity;
};

/* May be called again (log_reopen, reconfig). On failure to open the file
 * (as place_open) the former target stays. */
MUST_CHECK enum err log_open(const struct log_settings *s);
MUST_CHECK enum err log_reopen(void);
/* The opened log file of another process takes the place of ours, if we have
 * one; the descriptor stays the caller's. */
void log_adopt(int fd);
/* While told so, errors that go to a file or to syslog alone stand on standard
 * error as well: whoever starts the daemon looks there. */
void log_echo_errors(void);
/* No more. in_background: standard error becomes what standard input is
 * (/dev/null), so that nobody waits for its end. */
void log_quiet(bool in_background);
void log_set_verbosity(int verbosity);
int log_verbosity(void);
/* The descriptor of the log file or -1: the one that a child keeps. */
int log_fd(void);
/* Its name, null if there is none. */
const char *log_file(void);

void log_event(const char *name, enum log_prio prio, int verbosity,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define EVENT_ARGS(...) __VA_ARGS__
#define EVENT(name, prio, verb, params, fmt, ...)                              \
	static inline void ev_##name params                                    \
	{                                                                      \
		log_event(#name, LOG_P_##prio, verb,                           \
		    fmt __VA_OPT__(, ) __VA_ARGS__);                           \
	}
#include "tables/events.def"
#undef EVENT

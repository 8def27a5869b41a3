/* log.c - one event, one line, one write: lines of several processes that
 * append to the same file do not mix. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/place.h"

#define LINE_MAX_OCTETS 4096

static struct log_settings settings = { .ident = "nsd-verify" };
static int log_file_fd = -1;
static bool is_echoing;

static const char *const prio_texts[] = { "error", "warning", "notice",
	"info" };
static const int prio_syslog[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE,
	LOG_INFO };

static bool
has_file(const struct log_settings *s)
{
	return !s->only_syslog && s->file != NULL && s->file[0] != '\0';
}

/* Not held up by a pipe without reader; whoever reads one is waited for. */
static enum err
open_file(const char *path, int *fd)
{
	enum err e = place_open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0644, fd);
	return e != OK || fcntl(*fd, F_SETFL, O_APPEND) != -1 ? e :
	    ERR_SYSTEM;
}

enum err
log_open(const struct log_settings *s)
{
	int fd = -1;
	enum err e = has_file(s) ? open_file(s->file, &fd) : OK;
	if (e != OK) {
		fd_close(&fd);
		return e;
	}
	if (log_file_fd != -1)
		close(log_file_fd);
	log_file_fd = fd;
	settings = *s;
	if (s->only_syslog || s->also_syslog)
		openlog(s->ident, LOG_NDELAY | LOG_PID, LOG_DAEMON);
	return OK;
}

enum err
log_reopen(void)
{
	struct log_settings s = settings;
	return log_open(&s);
}

/* Never a moment without a log: dup3 puts it in the place of the old one. */
void
log_adopt(int fd)
{
	if (log_file_fd != -1)
		(void)dup3(fd, log_file_fd, O_CLOEXEC);
}

void
log_echo_errors(void)
{
	is_echoing = true;
}

void
log_quiet(bool in_background)
{
	is_echoing = false;
	if (in_background)
		(void)dup2(STDIN_FILENO, STDERR_FILENO);
}

void
log_set_verbosity(int verbosity)
{
	settings.verbosity = verbosity;
}

int
log_verbosity(void)
{
	return settings.verbosity;
}

int
log_fd(void)
{
	return log_file_fd;
}

const char *
log_file(void)
{
	return log_file_fd == -1 ? NULL : settings.file;
}

static size_t
put_time(char *line, size_t room)
{
	int64_t ms = clock_wall_ms();
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char day[64];
	int n = 0;
	switch (settings.time) {
	case LOG_TIME_ASCII:
		localtime_r(&s, &tm);
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm);
		n = snprintf(line, room, "[%s.%03d] ", day, (int)(ms % 1000));
		break;
	case LOG_TIME_ISO:
		gmtime_r(&s, &tm);
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
		n = snprintf(line, room, "%s.%03dZ ", day, (int)(ms % 1000));
		break;
	case LOG_TIME_UNIX:
		n = snprintf(line, room, "[%lld] ", (long long)s);
		break;
	}
	return n > 0 ? (size_t)n : 0;
}

/* What a peer or a verifier wrote must not forge a line of its own. */
static void
make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') ||
		    text[i] == 0x7f)
			text[i] = '?';
}

void
log_event(const char *name, enum log_prio prio, int verbosity,
    const char *fmt, ...)
{
	(void)name;
	if (verbosity > settings.verbosity)
		return;
	int saved_errno = errno;
	char line[LINE_MAX_OCTETS];
	size_t at = put_time(line, sizeof(line));
	int n = snprintf(line + at, sizeof(line) - at, "%s[%d]: %s: ",
	    settings.ident, (int)getpid(), prio_texts[prio]);
	at += (size_t)n;
	va_list ap;
	va_start(ap, fmt);
	n = vsnprintf(line + at, sizeof(line) - at - 1, fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : (size_t)n;
	if (len > sizeof(line) - at - 2)
		len = sizeof(line) - at - 2;
	make_printable(line + at, len);
	line[at + len] = '\0';
	if (settings.only_syslog || settings.also_syslog)
		syslog(prio_syslog[prio], "%s: %s", prio_texts[prio],
		    line + at);
	line[at + len] = '\n';
	if (!settings.only_syslog) {
		int fd = log_file_fd != -1 ? log_file_fd : STDERR_FILENO;
		ssize_t w = write(fd, line, at + len + 1);
		(void)w;	/* a full disk must not stop a name server */
	}
	if (is_echoing && prio == LOG_P_ERROR &&
	    (settings.only_syslog || log_file_fd != -1))
		dprintf(STDERR_FILENO, "%s: error: %.*s\n", settings.ident,
		    (int)len, line + at);
	errno = saved_errno;
}

/* err.c - texts of the error numbers; the end of a broken promise. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

const char *
err_text(enum err e)
{
	switch (e) {
	case OK:
		return "no error";
#define X(name, number, text)                                                  \
	case name:                                                             \
		return text;
		ERR_TABLE(X)
#undef X
	}
	return "unknown error";
}

const char *
err_text_errno(enum err e)
{
	return e == ERR_SYSTEM ? strerror(errno) : err_text(e);
}

enum err
err_why(enum err e, char why[ERR_WHY_MAX], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, ERR_WHY_MAX, fmt, ap);
	va_end(ap);
	return e;
}

void
assert_failed(const char *claim, const char *file, int line)
{
	ev_assertion_failed(file, line, claim);
	abort();
}

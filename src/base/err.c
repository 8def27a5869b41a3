/* err.c - texts of the error numbers; the end of a broken promise. */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

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

void
assert_failed(const char *claim, const char *file, int line)
{
	ev_assertion_failed(file, line, claim);
	abort();
}

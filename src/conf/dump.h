/* dump.h - writing options as text. */
#pragma once
#include "conf/build.h"

struct dump {
	struct octets *out;
	bool is_failed;		/* memory was out */
	bool has_escapes;	/* for our own reader, see DUMP_HEADER */
	bool is_raw;		/* the bare value, as nsd-checkconf -o */
};

void dump_text(struct dump *d, const char *text);
void dump_word(struct dump *d, const char *text, bool is_quoted);
/* "\tNAME: VALUE\n", a line for each element of a list. */
void dump_option(struct dump *d, const struct conf_option *o,
    const void *object);
/* The value alone as nsd-checkconf -o prints it: a line for each element, an
 * empty one for a value that is unset. */
void dump_value(struct dump *d, const struct conf_option *o,
    const void *object);

/* dump.h - writing options as text. */
#pragma once
#include "conf/build.h"

struct dump {
	struct octets *out;
	bool is_failed;		/* memory was out */
	bool has_escapes;	/* for our own reader, see DUMP_HEADER */
};

void dump_text(struct dump *d, const char *text);
void dump_word(struct dump *d, const char *text, bool is_quoted);
/* "\tNAME: VALUE\n", a line for each element of a list. */
void dump_option(struct dump *d, const struct conf_option *o,
    const void *object);
/* The value alone, a line for each element; what is unset gives nothing. */
void dump_value(struct dump *d, const struct conf_option *o,
    const void *object);

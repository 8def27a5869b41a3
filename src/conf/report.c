/* report.c - messages about the configuration.
 * Always holds: a text is one printable line, whatever the file contained. */
#include "conf/report.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 400

/* Control characters would let a file write lines of its own into a log. */
static void
text_clean(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		if ((uint8_t)*p < ' ' || *p == 0x7f)
			*p = '?';
}

void
report_add(struct conf_report *r, bool is_error, const char *file,
    unsigned line, const char *fmt, va_list args)
{
	if (r->arena == NULL)
		r->arena = arena_create(0);
	ASSERT(r->arena != NULL);
	char text[TEXT_MAX];
	vsnprintf(text, sizeof(text), fmt, args);
	text_clean(text);
	struct conf_message *m = arena_new(r->arena, struct conf_message);
	*m = (struct conf_message){ .line = line, .is_error = is_error,
		.file = arena_strdup(r->arena, file),
		.text = arena_strdup(r->arena, text) };
	if (r->last == NULL)
		r->first = m;
	else
		r->last->next = m;
	r->last = m;
	if (is_error)
		r->errors++;
	else
		r->notices++;
}

void
report_error(struct conf_report *r, const char *file, unsigned line,
    const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report_add(r, true, file, line, fmt, args);
	va_end(args);
}

void
report_notice(struct conf_report *r, const char *file, unsigned line,
    const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report_add(r, false, file, line, fmt, args);
	va_end(args);
}

void
conf_report_end(struct conf_report *r)
{
	arena_destroy(&r->arena);
	*r = (struct conf_report){ 0 };
}

const char *
conf_message_text(const struct conf_message *m, char *text, size_t room)
{
	const char *kind = m->is_error ? "error" : "notice";
	if (m->line == 0)
		snprintf(text, room, "%s: %s: %s", m->file, kind, m->text);
	else
		snprintf(text, room, "%s:%u: %s: %s", m->file, m->line, kind,
		    m->text);
	return text;
}

/* report.h - adding messages about the configuration. */
#pragma once
#include <stdarg.h>

#include "conf/conf.h"

void report_add(struct conf_report *r, bool is_error, const char *file,
    unsigned line, const char *fmt, va_list args)
    __attribute__((format(printf, 5, 0)));
void report_error(struct conf_report *r, const char *file, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void report_notice(struct conf_report *r, const char *file, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

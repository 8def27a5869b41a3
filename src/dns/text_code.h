/* text_code.h - base64, base32hex, hex, numbers and times as text. Putting
 * functions return the place after the last character and write no final zero;
 * the caller has made room. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

char *text_put_u32(char *to, uint32_t v);
char *text_put_hex(char *to, const uint8_t *p, size_t n);
char *text_put_base64(char *to, const uint8_t *p, size_t n);
/* Without padding (RFC 5155 3.3). */
char *text_put_base32hex(char *to, const uint8_t *p, size_t n);
/* YYYYMMDDHHmmSS in UTC (RFC 4034 3.2). */
char *text_put_time(char *to, uint32_t time_s);

/* These read n characters and append octets to out, at most room; false when
 * malformed or too long. *len: octets put. */
bool text_read_hex(const char *s, size_t n, uint8_t *out, size_t room,
    size_t *len);
bool text_read_base64(const char *s, size_t n, uint8_t *out, size_t room,
    size_t *len);
bool text_read_base32hex(const char *s, size_t n, uint8_t *out, size_t room,
    size_t *len);
bool text_read_u32(const char *s, size_t n, uint32_t max, uint32_t *v);
/* Seconds, or with units: 1h30m, 2w. */
bool text_read_ttl(const char *s, size_t n, uint32_t *v);
/* YYYYMMDDHHmmSS, or seconds. */
bool text_read_time(const char *s, size_t n, uint32_t *v);

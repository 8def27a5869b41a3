/* text_code.c - base64, base32hex, hex, numbers and times as text.
 * Runs in: every role. Pure: no I/O, no allocation. */
#include "dns/text_code.h"

#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "0123456789abcdefghijklmnopqrstuv";
static const char hex_digits[] = "0123456789abcdef";

char *
text_put_u32(char *to, uint32_t v)
{
	char digits[10];
	unsigned n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (n > 0)
		*to++ = digits[--n];
	return to;
}

char *
text_put_hex(char *to, const uint8_t *p, size_t n)
{
	for (; n > 0; n--, p++) {
		*to++ = hex_digits[*p >> 4];
		*to++ = hex_digits[*p & 15];
	}
	return to;
}

char *
text_put_base64(char *to, const uint8_t *p, size_t n)
{
	for (; n >= 3; n -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*to++ = base64_digits[v >> 18];
		*to++ = base64_digits[v >> 12 & 63];
		*to++ = base64_digits[v >> 6 & 63];
		*to++ = base64_digits[v & 63];
	}
	if (n > 0) {
		uint32_t v = (uint32_t)p[0] << 16 |
		    (n > 1 ? (uint32_t)p[1] << 8 : 0);
		*to++ = base64_digits[v >> 18];
		*to++ = base64_digits[v >> 12 & 63];
		*to++ = n > 1 ? base64_digits[v >> 6 & 63] : '=';
		*to++ = '=';
	}
	return to;
}

char *
text_put_base32hex(char *to, const uint8_t *p, size_t n)
{
	uint32_t held = 0;
	unsigned bits = 0;
	for (; n > 0; n--) {
		held = (held & 31u) << 8 | *p++;
		for (bits += 8; bits >= 5; bits -= 5)
			*to++ = base32_digits[held >> (bits - 5) & 31];
	}
	if (bits > 0)
		*to++ = base32_digits[held << (5 - bits) & 31];
	return to;
}

static char *
put_two(char *to, unsigned v)
{
	*to++ = (char)('0' + v / 10);
	*to++ = (char)('0' + v % 10);
	return to;
}

/* The civil date of a day number since 1970-01-01, by eras of 400 years that
 * begin on March 1. */
static void
date_of_day(uint32_t day, unsigned *year, unsigned *month, unsigned *mday)
{
	uint32_t z = day + 719468;
	uint32_t era = z / 146097, doe = z % 146097;
	uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint32_t mp = (5 * doy + 2) / 153;
	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

static int64_t
day_of_date(unsigned year, unsigned month, unsigned mday)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = y / 400, yoe = y % 400;
	int64_t mp = (int64_t)(month > 2 ? month - 3 : month + 9);
	int64_t doy = (153 * mp + 2) / 5 + mday - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

char *
text_put_time(char *to, uint32_t time_s)
{
	unsigned year, month, mday, s = time_s % 86400;
	date_of_day(time_s / 86400, &year, &month, &mday);
	to = put_two(put_two(to, year / 100), year % 100);
	to = put_two(put_two(to, month), mday);
	return put_two(put_two(put_two(to, s / 3600), s / 60 % 60), s % 60);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
text_read_hex(const char *s, size_t n, uint8_t *out, size_t room, size_t *len)
{
	if (n % 2 != 0 || n / 2 > room)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_value(s[i]), low = hex_value(s[i + 1]);
		if (high < 0 || low < 0)
			return false;
		*out++ = (uint8_t)(high << 4 | low);
	}
	*len = n / 2;
	return true;
}

/* The value of each digit plus one, so that what is not written here is no
 * digit. */
static const uint8_t base64_values[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64,
	53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0, 0, 0, 0, 0, 0,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0,
	0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0,
};

static inline bool
base64_quad(const uint8_t *s, unsigned digits, uint32_t *v)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < digits; i++) {
		uint32_t digit = base64_values[s[i]];
		if (digit == 0)
			return false;
		sum |= (digit - 1) << (18 - 6 * i);
	}
	*v = sum;
	return true;
}

bool
text_read_base64(const char *text, size_t n, uint8_t *out, size_t room,
    size_t *len)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t pad = 0, put = 0, i = 0;
	uint32_t v;
	if (n % 4 != 0)
		return false;
	while (pad < 2 && n > pad && s[n - 1 - pad] == '=')
		pad++;
	if (n / 4 * 3 - pad > room)
		return false;
	for (; i + 4 <= n - pad; i += 4) {
		if (!base64_quad(s + i, 4, &v))
			return false;
		out[put++] = (uint8_t)(v >> 16);
		out[put++] = (uint8_t)(v >> 8);
		out[put++] = (uint8_t)v;
	}
	*len = put + (pad == 0 ? 0 : 3 - pad);
	if (pad == 0)
		return true;
	/* The bits that no octet holds must be zero, or the text would not
	 * come out again. */
	if (!base64_quad(s + i, 4 - (unsigned)pad, &v))
		return false;
	out[put++] = (uint8_t)(v >> 16);
	if (pad == 1)
		out[put++] = (uint8_t)(v >> 8);
	return (v & (pad == 1 ? 0xffu : 0xffffu)) == 0;
}

bool
text_read_base32hex(const char *s, size_t n, uint8_t *out, size_t room,
    size_t *len)
{
	uint32_t held = 0;
	unsigned bits = 0;
	size_t put = 0;
	for (; n > 0 && *s != '='; n--, s++) {
		char c = (char)(*s | 0x20);
		int v = *s >= '0' && *s <= '9' ? *s - '0' :
		    c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
		if (v < 0)
			return false;
		held = held << 5 | (uint32_t)v;
		bits += 5;
		if (bits < 8)
			continue;
		bits -= 8;
		if (put == room)
			return false;
		out[put++] = (uint8_t)(held >> bits);
		held &= (1u << bits) - 1;
	}
	for (; n > 0; n--, s++)
		if (*s != '=')
			return false;
	*len = put;
	return bits < 5 && held == 0;
}

bool
text_read_u32(const char *s, size_t n, uint32_t max, uint32_t *v)
{
	uint64_t sum = 0;
	if (n == 0)
		return false;
	for (; n > 0; n--, s++) {
		if (*s < '0' || *s > '9')
			return false;
		sum = sum * 10 + (uint64_t)(*s - '0');
		if (sum > max)
			return false;
	}
	*v = (uint32_t)sum;
	return true;
}

static uint32_t
unit_seconds(char c)
{
	switch (c | 0x20) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

bool
text_read_ttl(const char *s, size_t n, uint32_t *v)
{
	uint64_t sum = 0, number = 0;
	bool has_digits = false;
	if (n == 0)
		return false;
	for (; n > 0; n--, s++) {
		if (*s >= '0' && *s <= '9') {
			number = number * 10 + (uint64_t)(*s - '0');
			has_digits = true;
		} else {
			uint32_t unit = unit_seconds(*s);
			if (unit == 0 || !has_digits)
				return false;
			sum += number * unit;
			number = 0;
			has_digits = false;
		}
		if (number > UINT32_MAX || sum > UINT32_MAX)
			return false;
	}
	sum += number;
	*v = (uint32_t)sum;
	return sum <= UINT32_MAX;
}

static bool
digits_of(const char *s, size_t n, unsigned *v)
{
	uint32_t number;
	if (!text_read_u32(s, n, 9999, &number))
		return false;
	*v = number;
	return true;
}

bool
text_read_time(const char *s, size_t n, uint32_t *v)
{
	unsigned year, month, mday, hour, minute, second;
	if (n != 14)
		return text_read_u32(s, n, UINT32_MAX, v);
	if (!digits_of(s, 4, &year) || !digits_of(s + 4, 2, &month) ||
	    !digits_of(s + 6, 2, &mday) || !digits_of(s + 8, 2, &hour) ||
	    !digits_of(s + 10, 2, &minute) || !digits_of(s + 12, 2, &second))
		return false;
	if (year < 1970 || month < 1 || month > 12 || mday < 1 || mday > 31 ||
	    hour > 23 || minute > 59 || second > 60)
		return false;
	/* Serial arithmetic beyond 2106 (RFC 4034 3.1.5). */
	*v = (uint32_t)(day_of_date(year, month, mday) * 86400 +
	    hour * 3600 + minute * 60 + second);
	return true;
}

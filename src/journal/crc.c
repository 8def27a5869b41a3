/* crc.c - CRC-32C by tables of eight octets at a time.
 * Runs in: xfrd. */
#include "journal/crc.h"

#include <stdbool.h>

#define POLYNOMIAL 0x82f63b78u	/* reflected */

static uint32_t table[8][256];
static bool is_filled;

static void
fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (unsigned bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
		table[0][i] = c;
	}
	for (unsigned i = 0; i < 256; i++)
		for (unsigned t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^
			    table[0][table[t - 1][i] & 255];
	is_filled = true;
}

static uint32_t
eight(uint32_t c, const uint8_t *p)
{
	c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
	return table[7][c & 255] ^ table[6][c >> 8 & 255] ^
	    table[5][c >> 16 & 255] ^ table[4][c >> 24] ^ table[3][p[4]] ^
	    table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
}

uint32_t
crc32c(uint32_t crc, const void *octets, size_t n)
{
	const uint8_t *p = octets;
	if (!is_filled)
		fill();
	uint32_t c = ~crc;
	for (; n >= 8; n -= 8, p += 8)
		c = eight(c, p);
	for (; n > 0; n--, p++)
		c = c >> 8 ^ table[0][(c ^ *p) & 255];
	return ~c;
}

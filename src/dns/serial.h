/* serial.h - serial number arithmetic (RFC 1982), 32 bits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* a is newer than b. Undefined distance of 2^31: not newer. */
static inline bool
serial_newer(uint32_t a, uint32_t b)
{
	uint32_t d = a - b;
	return d != 0 && d < UINT32_C(0x80000000);
}

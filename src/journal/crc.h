/* crc.h - CRC-32C (Castagnoli): finds damaged records; no secret. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Goes on from an earlier value; starts at 0. */
uint32_t crc32c(uint32_t crc, const void *octets, size_t n);

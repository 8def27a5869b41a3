/* sum.h - a fast sum over octets: finds damage in files, spreads equal data
 * over tables. No defence against an adversary. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A running sum; the pieces in which octets are added do not matter. */
struct sum {
	uint64_t lane[4];
	uint64_t len;
	uint8_t tail[32];
};
void sum_start(struct sum *s);
void sum_add(struct sum *s, const void *octets, size_t n);
uint64_t sum_end(const struct sum *s);
/* All in one, for short runs. */
uint64_t sum_of(const void *octets, size_t n);

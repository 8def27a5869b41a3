/* clock.h - the time, real or set by a test. */
#pragma once
#include <stdint.h>

/* Milliseconds of the monotonic clock. */
int64_t clock_mono_ms(void);
/* Microseconds of the monotonic clock, for measuring. */
int64_t clock_mono_us(void);
/* Seconds of the wall clock (UNIX time). */
int64_t clock_wall_s(void);
/* Milliseconds of the wall clock. */
int64_t clock_wall_ms(void);
/* Milliseconds since the system booted, its sleep included. */
int64_t clock_boot_ms(void);
/* From now on the clock stands at these values until set again; for tests. */
void clock_fake(int64_t mono_ms, int64_t wall_s);
/* Back to the real clock. */
void clock_real(void);

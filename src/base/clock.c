/* clock.c - the real clock, and one that a test sets. */
#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

static bool is_fake;
static int64_t fake_mono_us, fake_wall_ms;

static int64_t
now_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_mono_us(void)
{
	return is_fake ? fake_mono_us : now_us(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_boot_ms(void)
{
#ifdef CLOCK_BOOTTIME
	return is_fake ? fake_mono_us / 1000 : now_us(CLOCK_BOOTTIME) / 1000;
#else
	return clock_mono_ms();
#endif
}

int64_t
clock_wall_ms(void)
{
	return is_fake ? fake_wall_ms : now_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_wall_s(void)
{
	return clock_wall_ms() / 1000;
}

void
clock_fake(int64_t mono_ms, int64_t wall_s)
{
	is_fake = true;
	fake_mono_us = mono_ms * 1000;
	fake_wall_ms = wall_s * 1000;
}

void
clock_real(void)
{
	is_fake = false;
}

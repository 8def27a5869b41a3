/* fuzz_guard.h - what a fuzzer demands, and how much is allocated while it
 * looks: counted only where the address sanitizer is there to tell. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static inline void
require(bool claim)
{
	if (!claim)
		abort();
}

/* volatile: the compiler knows what malloc cannot change. */
static volatile size_t guard_octets;
static volatile bool guard_is_counting;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD_CAN_COUNT 1
#endif
#endif

#ifdef GUARD_CAN_COUNT
int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *at, size_t octets),
    void (*on_free)(const volatile void *at));

static void
guard_on_malloc(const volatile void *at, size_t octets)
{
	(void)at;
	if (guard_is_counting)
		guard_octets += octets;
}

static void
guard_on_free(const volatile void *at)
{
	(void)at;
}
#endif

static inline void
guard_count(void)
{
	guard_octets = 0;
	guard_is_counting = true;
}

/* Octets allocated since guard_count. */
static inline size_t
guard_counted(void)
{
	guard_is_counting = false;
	return guard_octets;
}

/* Once; shows that it counts. */
static inline void
guard_start(void)
{
#ifdef GUARD_CAN_COUNT
	require(__sanitizer_install_malloc_and_free_hooks(guard_on_malloc,
	    guard_on_free) != 0);
	guard_count();
	void *volatile p = malloc(7);
	require(p != NULL && guard_counted() == 7);
	free(p);
#endif
}

/* test_base_region.c - chunks are zeroed, row by row, sealed and given back. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/region.h"

static void
test_take_and_give(void **state)
{
	struct region r;
	uint32_t a, b, c, n = 0;
	(void)state;
	assert_int_equal(region_reserve(&r, 9 * REGION_CHUNK_OCTETS), OK);
	assert_int_equal((uintptr_t)r.base % REGION_CHUNK_OCTETS, 0);
	assert_int_equal(r.chunks, 9);
	assert_int_equal(region_take(&r, 2, &a), OK);
	assert_int_equal(region_take(&r, 1, &b), OK);
	assert_int_equal(region_take(&r, 5, &c), OK);
	assert_true(a > 0 && b > 0 && c > 0);
	assert_int_equal(r.in_use, 8);
	assert_int_equal(region_take(&r, 1, &n), ERR_FULL);
	assert_int_equal(region_take(&r, 0, &n), ERR_FULL);
	uint8_t *at = region_at(&r, b * REGION_UNITS_PER_CHUNK);
	memset(at, 0xaa, REGION_CHUNK_OCTETS);
	region_give(&r, b, 1);
	region_give(&r, a, 2);
	assert_int_equal(region_take(&r, 4, &n), ERR_FULL);
	assert_int_equal(region_take(&r, 3, &n), OK);
	for (size_t i = 0; i < REGION_CHUNK_OCTETS; i += 4096)
		assert_int_equal(at[i], 0);
	assert_int_equal(region_chunk_of(n * REGION_UNITS_PER_CHUNK + 5), n);
	region_release(&r);
}

/* Does an access in a child end it? */
static bool
faults(volatile uint8_t *at, bool write)
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		if (write)
			*at = 1;
		_exit(*at > 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status != 0;
}

static size_t
resident(const void *at, size_t octets)
{
	unsigned char pages[REGION_CHUNK_OCTETS / 4096 * 3];
	size_t n = 0;
	assert_int_equal(mincore((void *)(uintptr_t)at, octets, pages), 0);
	for (size_t i = 0; i < octets / 4096; i++)
		n += pages[i] & 1;
	return n;
}

/* What was made ahead and not taken goes away; what was taken stays. */
static void
test_warm(void **state)
{
	struct region r;
	struct region_warmer w;
	uint32_t taken, more;
	(void)state;
	assert_int_equal(region_reserve(&r, 9 * REGION_CHUNK_OCTETS), OK);
	assert_int_equal(region_take(&r, 2, &taken), OK);
	region_warm_start(&w, &r, 3 * REGION_CHUNK_OCTETS + 4096);
	assert_true(w.is_running);
	assert_int_equal(w.n, 3);
	assert_int_equal(region_take(&r, 1, &more), OK);
	assert_int_equal(more, w.first);
	uint8_t *at = region_at(&r, more * REGION_UNITS_PER_CHUNK);
	memset(at, 0xaa, REGION_CHUNK_OCTETS);
	for (int i = 0; i < 2000 && resident(at, REGION_CHUNK_OCTETS * 3) <
	    REGION_CHUNK_OCTETS / 4096 * 3; i++)
		usleep(1000);
	assert_int_equal(resident(at, REGION_CHUNK_OCTETS * 3),
	    REGION_CHUNK_OCTETS / 4096 * 3);
	region_warm_end(&w);
	assert_int_equal(resident(at, REGION_CHUNK_OCTETS * 3),
	    REGION_CHUNK_OCTETS / 4096);
	assert_int_equal(at[4096], 0xaa);
	assert_true(faults(at + REGION_CHUNK_OCTETS, false));
	region_give(&r, more, 1);
	/* No more than there is. */
	region_warm_start(&w, &r, 100 * REGION_CHUNK_OCTETS);
	assert_int_equal(w.n, 6);
	region_warm_end(&w);
	region_warm_start(&w, &r, 4096);
	assert_false(w.is_running);
	region_warm_end(&w);
	region_release(&r);
}

static void
test_seal(void **state)
{
	struct region r;
	uint32_t a, b;
	(void)state;
	assert_int_equal(region_reserve(&r, 4 * REGION_CHUNK_OCTETS), OK);
	assert_int_equal(region_take(&r, 1, &a), OK);
	assert_int_equal(region_take(&r, 1, &b), OK);
	uint8_t *at = region_at(&r, a * REGION_UNITS_PER_CHUNK);
	uint8_t *next = region_at(&r, b * REGION_UNITS_PER_CHUNK);
	assert_false(faults(at, true));
	region_seal(&r, a, 1);
	assert_true(region_is_sealed(&r, a) && !region_is_sealed(&r, b));
	assert_true(faults(at, true));
	assert_false(faults(at, false));
	assert_false(faults(next, true));
	assert_true(region_unseal(&r, a, 1));
	assert_false(faults(at, true));
	region_seal_all(&r);
	assert_true(faults(at, true) && faults(next, true));
	region_give(&r, a, 1);
	assert_true(faults(at, false));
	/* Given out again it is open, whatever it was before. */
	assert_int_equal(region_take(&r, 1, &a), OK);
	assert_false(region_is_sealed(&r, a));
	assert_false(faults(region_at(&r, a * REGION_UNITS_PER_CHUNK), true));
	region_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_and_give),
		cmocka_unit_test(test_warm),
		cmocka_unit_test(test_seal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

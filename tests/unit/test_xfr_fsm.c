/* test_xfr_fsm.c - order of records in transfers, as a table.
 *
 * A sequence is words of xfr_kit.h. What the machine does with each is one
 * letter: H hold, Z zone, F from, D delete, T to, A add, - skip, C current,
 * . done, ! refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "xfr/ixfr_fsm.h"
#include "xfr_kit.h"

#define NOTHING -1

struct sequence {
	enum xfr_ask ask;
	int64_t ours;
	bool accept_any;
	const char *words, *acts;
	enum xfr_why why;
};

#define IXFR XFR_ASK_IXFR
#define AXFR XFR_ASK_AXFR
#define WHY(x) XFR_WHY_##x

static const struct sequence sequences[] = {
	/* IXFR: nothing to do */
	{ IXFR, 5, false, "S5", "C", 0 },
	{ IXFR, 5, false, "S4", "C", 0 },
	{ IXFR, 5, false, "S4294967295", "C", 0 },
	{ IXFR, 5, false, "S2147483653", "C", 0 },	/* distance 2^31 */
	{ IXFR, 5, true, "S4", "C", 0 },
	{ IXFR, 0, false, "S4294967295", "C", 0 },
	/* IXFR: one difference */
	{ IXFR, 1, false, "S3 S1 a S3 b S3", "HFDTA.", 0 },
	{ IXFR, 1, false, "S3 S1 S3 S3", "HFT.", 0 },
	{ IXFR, 1, false, "S3 S1 a b S3 S3", "HFDDT.", 0 },
	{ IXFR, 1, false, "S3 S1 S3 a b S3", "HFTAA.", 0 },
	{ IXFR, 1, false, "S2147483648 S1 S2147483648 S2147483648", "HFT.",
	    0 },
	/* IXFR: chains */
	{ IXFR, 1, false, "S3 S1 a S2 b S2 c_ S3 d S3", "HFDTAFDTA.", 0 },
	{ IXFR, 1, false, "S4 S1 S2 S2 S3 S3 S4 S4", "HFTFTFT.", 0 },
	{ IXFR, 1, false, "S9 S1 a S5 S5 S9 b S9", "HFDTFTA.", 0 },
	/* IXFR: across 2^32 */
	{ IXFR, 4294967295, false, "S0 S4294967295 a S0 b S0", "HFDTA.", 0 },
	{ IXFR, 4294967294, false,
	    "S1 S4294967294 S4294967295 S4294967295 S0 S0 S1 S1",
	    "HFTFTFT.", 0 },
	{ IXFR, 4294967290, false, "S10 S4294967290 a S10 b S10", "HFDTA.",
	    0 },
	{ IXFR, 4294967290, false, "S10 S4294967290 S11", "HF!",
	    WHY(OVERSHOOT) },
	{ IXFR, 4294967290, false, "S10 S4294967290 S4294967289", "HF!",
	    WHY(BACKWARDS) },
	/* IXFR: a whole zone */
	{ IXFR, 1, false, "S3 a b S3", "HZZ.", 0 },
	{ IXFR, 1, false, "S3 S3", "H.", 0 },
	{ IXFR, 4294967295, false, "S3 a S3", "HZ.", 0 },
	{ IXFR, 1, false, "S3 a S1", "HZ!", WHY(OTHER_SOA) },
	{ IXFR, 1, false, "S3 a S4", "HZ!", WHY(OTHER_SOA) },
	{ IXFR, 1, false, "S3 a T3", "HZ!", WHY(LAST_SOA) },
	{ IXFR, 1, false, "S3 a b", "HZZ", 0 },		/* not ended */
	/* IXFR: records outside, in both halves and between */
	{ IXFR, 1, false, "S3 S1 x a S3 x b x S3", "HF-DT-A-.", 0 },
	{ IXFR, 1, false, "S3 x S1 a S3 S3", "H-FDT.", 0 },
	{ IXFR, 1, false, "S3 x a p S3", "H-Z-.", 0 },
	{ IXFR, 1, false, "S3 S1 p S3 p S3", "HF-T-.", 0 },
	/* IXFR: refused */
	{ IXFR, 1, false, "a", "!", WHY(NO_SOA_FIRST) },
	{ IXFR, 1, false, "x", "!", WHY(NO_SOA_FIRST) },
	{ IXFR, 1, false, "p", "!", WHY(NO_SOA_FIRST) },
	{ IXFR, 1, false, "s3", "!", WHY(NO_SOA_FIRST) },
	{ IXFR, 1, false, "M", "!", WHY(SOA_FORMAT) },
	{ IXFR, 2, false, "S3 S1 a S3 S3", "H!", WHY(START) },
	{ IXFR, 1, false, "S5 S2 a S5 S5", "H!", WHY(START) },
	{ IXFR, 1, true, "S5 S2 a S5 S5", "H!", WHY(START) },
	{ IXFR, 1, false, "S3 T3", "H!", WHY(LAST_SOA) },
	{ IXFR, 1, false, "S3 S1 S1", "HF!", WHY(BACKWARDS) },
	{ IXFR, 1, false, "S3 S1 S0", "HF!", WHY(BACKWARDS) },
	{ IXFR, 1, false, "S3 S1 S4", "HF!", WHY(OVERSHOOT) },
	{ IXFR, 1, false, "S3 S1 T3", "HF!", WHY(LAST_SOA) },
	{ IXFR, 1, false, "S4 S1 S2 a S3", "HFTA!", WHY(GAP) },
	{ IXFR, 1, false, "S4 S1 S2 a S1", "HFTA!", WHY(GAP) },
	{ IXFR, 1, false, "S4 S1 S2 a S4", "HFTA!", WHY(GAP) },
	{ IXFR, 1, false, "S3 S1 S3 a S1", "HFTA!", WHY(GAP) },
	{ IXFR, 1, false, "S3 S1 S3 T3", "HFT!", WHY(LAST_SOA) },
	{ IXFR, 1, false, "S3 S1 S3 S3 a", "HFT.!", WHY(AFTER_END) },
	{ IXFR, 1, false, "S3 S1 S3 S3 S3", "HFT.!", WHY(AFTER_END) },
	{ IXFR, 1, false, "S3 S1 S3 S3 x", "HFT.!", WHY(AFTER_END) },
	{ IXFR, 5, false, "S5 a", "C!", WHY(AFTER_END) },
	{ IXFR, 1, false, "S3 S1 c S3", "HF!", WHY(CLASS) },
	{ IXFR, 1, false, "S3 S1 S3 c", "HFT!", WHY(CLASS) },
	{ IXFR, 1, false, "S3 S1 q", "HF!", WHY(META_TYPE) },
	{ IXFR, 1, false, "S3 S1 s2", "HF!", WHY(SOA_BELOW) },
	{ IXFR, 1, false, "S3 S1 M", "HF!", WHY(SOA_FORMAT) },
	{ IXFR, 1, false, "S3 M", "H!", WHY(SOA_FORMAT) },
	{ IXFR, 1, false, "S3 S1 S3 M", "HFT!", WHY(SOA_FORMAT) },
	{ IXFR, 1, false, "S3 S1 a S3", "HFDT", 0 },	/* not ended */
	/* AXFR */
	{ AXFR, NOTHING, false, "S3 a b S3", "HZZ.", 0 },
	{ AXFR, NOTHING, false, "S3 S3", "H.", 0 },
	{ AXFR, NOTHING, false, "S0 a S0", "HZ.", 0 },
	{ AXFR, 1, false, "S3 a S3", "HZ.", 0 },
	{ AXFR, 3, false, "S3 a S3", "C!", WHY(AFTER_END) },
	{ AXFR, 4, false, "S3", "C", 0 },
	{ AXFR, 4, true, "S3 a S3", "HZ.", 0 },
	{ AXFR, 3, true, "S3 a S3", "HZ.", 0 },
	{ AXFR, 4294967295, false, "S0 a S0", "HZ.", 0 },
	{ AXFR, 0, false, "S4294967295", "C", 0 },
	{ AXFR, 0, true, "S4294967295 a S4294967295", "HZ.", 0 },
	{ AXFR, 1, false, "S3 a S1 b S3", "HZ!", WHY(OTHER_SOA) },
	{ AXFR, 1, false, "S3 S1", "H!", WHY(OTHER_SOA) },
	{ AXFR, 1, false, "S3 a T3", "HZ!", WHY(LAST_SOA) },
	{ AXFR, 1, false, "S3 a S3 b", "HZ.!", WHY(AFTER_END) },
	{ AXFR, 1, false, "S3 a x x b S3", "HZ--Z.", 0 },
	{ AXFR, 1, false, "S3 a c", "HZ!", WHY(CLASS) },
	{ AXFR, 1, false, "S3 a q", "HZ!", WHY(META_TYPE) },
	{ AXFR, 1, false, "S3 a s3", "HZ!", WHY(SOA_BELOW) },
	{ AXFR, 1, false, "S3 a M", "HZ!", WHY(SOA_FORMAT) },
	{ AXFR, 1, false, "a", "!", WHY(NO_SOA_FIRST) },
	{ AXFR, 1, false, "c", "!", WHY(CLASS) },
};

static char
letter(enum xfr_act act)
{
	static const char letters[] = { [XFR_ACT_REFUSE] = '!',
		[XFR_ACT_HOLD] = 'H', [XFR_ACT_SKIP] = '-',
		[XFR_ACT_ZONE] = 'Z', [XFR_ACT_FROM] = 'F',
		[XFR_ACT_DELETE] = 'D', [XFR_ACT_TO] = 'T',
		[XFR_ACT_ADD] = 'A', [XFR_ACT_CURRENT] = 'C',
		[XFR_ACT_DONE] = '.' };
	return letters[act];
}

static void
run(const struct sequence *s)
{
	struct xfr_seq x;
	char words[256], acts[64] = "";
	size_t n = 0;
	xfr_seq_init(&x, apex, s->ask);
	x.has_ours = s->ours != NOTHING;
	x.ours = (uint32_t)s->ours;
	x.accept_any = s->accept_any;
	strcpy(words, s->words);
	for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " ")) {
		struct made m;
		make(&m, w);
		acts[n++] = letter(xfr_step(&x, &m.rr));
		if (acts[n - 1] == '!')
			break;
	}
	if (strcmp(acts, s->acts) != 0 || x.why != s->why)
		fail_msg("\"%s\": %s (%s), not %s (%s)", s->words, acts,
		    xfr_why_text(x.why), s->acts, xfr_why_text(s->why));
	assert_int_equal(x.records, n);
	bool whole = strchr(acts, '.') != NULL;
	if (whole && strchr(acts, '!') == NULL)
		assert_int_equal(x.is_zone, strchr(acts, 'F') == NULL);
}

static void
test_sequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
		run(&sequences[i]);
}

static void
test_first_soa_is_kept(void **state)
{
	struct xfr_seq x;
	struct made m;
	struct rr soa;
	uint32_t serial;
	(void)state;
	xfr_seq_init(&x, apex, XFR_ASK_AXFR);
	make(&m, "S77");
	assert_int_equal(xfr_step(&x, &m.rr), XFR_ACT_HOLD);
	memset(&m, 0xff, sizeof m);	/* it must not be looked at again */
	xfr_first_soa(&x, &soa);
	assert_true(rr_soa_serial(&soa, &serial));
	assert_int_equal(serial, 77);
	assert_int_equal(soa.ttl, 300);
}

static void
test_outside_is_counted(void **state)
{
	static const char *const words[] = { "S3", "x", "S1", "x", "S3", "p",
		"S3" };
	struct xfr_seq x;
	(void)state;
	xfr_seq_init(&x, apex, XFR_ASK_IXFR);
	x.has_ours = true;
	x.ours = 1;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct made m;
		make(&m, words[i]);
		assert_int_not_equal(xfr_step(&x, &m.rr), XFR_ACT_REFUSE);
	}
	assert_int_equal(x.outside, 3);
	assert_int_equal(x.state, XFR_STATE_END);
}

static void
test_every_reason_has_a_text(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= XFR_WHY_LOCAL; i++)
		assert_true(strlen(xfr_why_text(i)) > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_first_soa_is_kept),
		cmocka_unit_test(test_outside_is_counted),
		cmocka_unit_test(test_every_reason_has_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* world.h - one zone, its primaries and its verifier, played with a clock that
 * the script moves: the refresh policy and the exchanges are the real ones,
 * only sockets and time are not.
 *
 * A script is a list of commands, one a string. Primaries are a, b, c.
 *   policy WORD...       multi, nofallback, minretry=N, maxretry=N,
 *                        minrefresh=N, maxrefresh=N, minexpire=N, sumexpire
 *   primaries SPEC       "a", "ab", "aAbU": A after a letter AXFR only, U UDP
 *   start                begin, nothing published
 *   start N              begin, serial N published (read at the start)
 *   restart              the process ends and begins anew with its timers
 *   serve a N            the primary has serial N now (and knows the former)
 *   mode a WORD          normal, silent, refuse, noixfr, noixfr-empty,
 *                        baddelta, badaxfr, cut, axfrstyle, lone, noaa,
 *                        expire=N (an EDNS EXPIRE of N seconds)
 *   timers R R E         refresh, retry, expire of versions from now on
 *   bad N | good N       what the verifier says of serial N (good at first)
 *   unfit N | fit N      it does not apply (REFUSED by the candidate)
 *   slow | fast          verdicts come only on "verdict N" | at once
 *   verdict N            the verdict on N, staged before
 *   notify a N | notify a   also: notify x N, from no primary of ours
 *   transfer | force | forgive
 *   run N                N seconds pass
 *   expect TEXT          what happened since the last expect: TIME:EVENT ...
 *                        TIME since the start; events: a.soa5=VERDICT,
 *                        a.ixfr5=..., a.axfr=..., a.AXFR=... (any serial),
 *                        with u before the question over UDP; verdicts cur5,
 *                        new5, delta5, zone5, fail; P5 published, R5 rejected,
 *                        U5 unfit; N ignored notify
 *   state WORD           empty, fresh, stale, expired
 *   lease N              seconds left until the zone expires */
#pragma once

struct scenario {
	const char *title;
	const char *const *script;	/* ended by null */
};

/* Runs it as a part of a cmocka test. */
void world_run(const struct scenario *s);

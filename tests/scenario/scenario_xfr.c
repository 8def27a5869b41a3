/* scenario_xfr.c - what one zone does over hours and days: which primary is
 * asked when, for what, and what follows. The language is that of world.h.
 * Versions have refresh 3600, retry 600, expire 86400 unless a script says
 * otherwise; the random number is 0, which means no jitter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "world.h"

#define SCRIPT(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct scenario scenarios[] = {
	/* --- the first version --- */
	{ "an empty zone is fetched at once", SCRIPT(
	    "serve a 5", "start",
	    "expect 0:a.AXFR=zone5 0:P5", "state fresh", "lease 86400") },
	{ "an empty zone tries after 10 s, doubling", SCRIPT(
	    "start", "state empty", "run 200",
	    "expect 0:a.AXFR=fail 10:a.AXFR=fail 30:a.AXFR=fail "
	    "70:a.AXFR=fail 150:a.AXFR=fail",
	    "serve a 1", "run 200", "expect 310:a.AXFR=zone1 310:P1") },
	{ "the wait of an empty zone ends at a day", SCRIPT(
	    "start", "run 700000", "serve a 1", "run 68630", "expect "
	    "0:a.AXFR=fail 10:a.AXFR=fail 30:a.AXFR=fail 70:a.AXFR=fail "
	    "150:a.AXFR=fail 310:a.AXFR=fail 630:a.AXFR=fail "
	    "1270:a.AXFR=fail 2550:a.AXFR=fail 5110:a.AXFR=fail "
	    "10230:a.AXFR=fail 20470:a.AXFR=fail 40950:a.AXFR=fail "
	    "81910:a.AXFR=fail 163830:a.AXFR=fail 250230:a.AXFR=fail "
	    "336630:a.AXFR=fail 423030:a.AXFR=fail 509430:a.AXFR=fail "
	    "595830:a.AXFR=fail 682230:a.AXFR=fail 768630:a.AXFR=zone1 "
	    "768630:P1") },
	{ "max-retry-time bounds the wait of an empty zone", SCRIPT(
	    "policy maxretry=15", "start", "run 60",
	    "expect 0:a.AXFR=fail 10:a.AXFR=fail 25:a.AXFR=fail "
	    "40:a.AXFR=fail 55:a.AXFR=fail") },
	{ "a NOTIFY wakes an empty zone", SCRIPT(
	    "start", "run 1", "serve a 9", "notify a 9",
	    "expect 0:a.AXFR=fail 1:a.AXFR=zone9 1:P9") },
	{ "the first version is rejected: not fetched again at once", SCRIPT(
	    "serve a 5", "bad 5", "start", "state empty",
	    "expect 0:a.AXFR=zone5 0:R5", "notify a 5", "expect 0:N",
	    "run 9", "expect", "run 1", "expect 10:a.AXFR=zone5 10:R5",
	    "run 19", "expect", "good 5", "run 1",
	    "expect 30:a.AXFR=zone5 30:P5") },

	{ "nothing is fetched twice while the first version is verified",
	    SCRIPT("slow", "serve a 5", "start", "expect 0:a.AXFR=zone5",
	    "notify a 5", "expect 0:N", "run 600",
	    "expect 300:a.soa=new5 600:a.soa=new5", "serve a 6",
	    "notify a 6", "expect 600:a.AXFR=zone6", "serve a 7", "run 300",
	    "expect 900:a.soa=new7 900:a.AXFR=zone7", "verdict 5",
	    "verdict 7", "expect 900:P5 900:P7", "run 3600",
	    "expect 4500:a.ixfr7=cur7") },

	/* --- refresh and retry --- */
	{ "a zone read at the start is checked at once", SCRIPT(
	    "serve a 5", "start 5", "expect 0:a.ixfr5=cur5", "state fresh",
	    "lease 86400") },
	{ "refresh goes by the SOA, by IXFR without an SOA query", SCRIPT(
	    "serve a 5", "start 5", "run 3599",
	    "expect 0:a.ixfr5=cur5", "serve a 6", "run 1",
	    "expect 3600:a.ixfr5=delta6 3600:P6", "run 3600",
	    "expect 7200:a.ixfr6=cur6") },
	{ "retry doubles with each failed round", SCRIPT(
	    "serve a 5", "start 5", "mode a silent", "run 12000",
	    "expect 0:a.ixfr5=cur5 3600:a.ixfr5=fail 4200:a.ixfr5=fail "
	    "5400:a.ixfr5=fail 7800:a.ixfr5=fail", "state stale",
	    "mode a normal", "run 600", "expect 12600:a.ixfr5=cur5",
	    "state fresh", "run 3600", "expect 16200:a.ixfr5=cur5") },
	{ "bounds of refresh", SCRIPT(
	    "policy minrefresh=7200 maxrefresh=7200", "serve a 5", "start 5",
	    "run 7200", "expect 0:a.ixfr5=cur5 7200:a.ixfr5=cur5") },
	{ "max-refresh-time", SCRIPT(
	    "policy maxrefresh=100", "serve a 5", "start 5", "run 100",
	    "expect 0:a.ixfr5=cur5 100:a.ixfr5=cur5") },
	{ "bounds of retry hold after doubling", SCRIPT(
	    "policy minretry=900 maxretry=1000", "serve a 5", "start 5",
	    "mode a refuse", "run 6600",
	    "expect 0:a.ixfr5=cur5 3600:a.ixfr5=fail 4500:a.ixfr5=fail "
	    "5500:a.ixfr5=fail 6500:a.ixfr5=fail") },
	{ "timers of 0 do not make us ask without end", SCRIPT(
	    "timers 0 0 0", "serve a 5", "start 5", "run 2",
	    "expect 0:a.ixfr5=cur5 1:a.ixfr5=cur5 2:a.ixfr5=cur5",
	    "mode a silent", "run 2",
	    "expect 3:a.ixfr5=fail 4:a.soa=fail") },
	{ "no timer is longer than a day", SCRIPT(
	    "timers 4294967295 4294967295 4294967295", "serve a 5",
	    "start 5", "run 86400",
	    "expect 0:a.ixfr5=cur5 86400:a.ixfr5=cur5", "mode a silent",
	    "run 172800",
	    "expect 172800:a.ixfr5=fail 259200:a.ixfr5=fail") },

	/* --- NOTIFY --- */
	{ "NOTIFY of a newer serial: IXFR at once", SCRIPT(
	    "serve a 5", "start 5", "run 10", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 10:a.ixfr5=delta6 10:P6") },
	{ "NOTIFY of what we have, or older, is ignored", SCRIPT(
	    "serve a 5", "start 5", "expect 0:a.ixfr5=cur5", "notify a 5",
	    "notify a 4", "notify a 4294967295", "expect 0:N 0:N 0:N") },
	{ "NOTIFY across 2^32", SCRIPT(
	    "serve a 4294967295", "start 4294967295", "serve a 0",
	    "notify a 0", "expect 0:a.ixfr4294967295=cur4294967295 "
	    "0:a.ixfr4294967295=delta0 0:P0", "notify a 4294967295",
	    "expect 0:N") },
	{ "NOTIFY without a serial asks", SCRIPT(
	    "serve a 5", "start 5", "serve a 6", "notify a",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:P6", "notify a",
	    "expect 0:a.ixfr6=cur6") },
	{ "NOTIFY asks the primary that sent it", SCRIPT(
	    "primaries ab", "serve a 5", "serve b 5", "start 5",
	    "serve b 6", "notify b 6",
	    "expect 0:a.ixfr5=cur5 0:b.ixfr5=delta6 0:P6") },
	{ "NOTIFY of another host asks in turn until one has it", SCRIPT(
	    "primaries ab", "serve a 5", "serve b 5", "start 5",
	    "serve b 6", "notify x 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=cur5 0:b.ixfr5=delta6 0:P6") },
	{ "a notified serial that nobody has is forgotten", SCRIPT(
	    "serve a 5", "start 5", "notify a 9",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=cur5", "run 599", "expect",
	    "run 1", "expect 600:a.ixfr5=cur5", "run 3000",
	    "expect 1800:a.ixfr5=cur5") },
	{ "NOTIFY of what is being verified is ignored", SCRIPT(
	    "serve a 5", "start 5", "slow", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6", "notify a 6",
	    "expect 0:N", "verdict 6", "expect 0:P6") },
	{ "what arrives while a version is verified goes on top", SCRIPT(
	    "serve a 5", "start 5", "slow", "serve a 6", "notify a 6",
	    "run 5", "serve a 7", "notify a 7",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 5:a.ixfr6=delta7",
	    "verdict 6", "verdict 7", "expect 5:P6 5:P7", "notify a 7",
	    "expect 5:N") },

	/* --- several primaries --- */
	{ "the next primary is asked, one round, then retry", SCRIPT(
	    "primaries abc", "serve c 5", "start 5",
	    "expect 0:a.ixfr5=fail 0:b.ixfr5=fail 0:c.ixfr5=cur5",
	    "mode c silent", "run 4200",
	    "expect 3600:c.ixfr5=fail 3600:a.ixfr5=fail "
	    "3600:b.ixfr5=fail 4200:c.ixfr5=fail 4200:a.ixfr5=fail "
	    "4200:b.ixfr5=fail") },
	{ "REFUSED moves on", SCRIPT(
	    "primaries ab", "serve a 6", "mode a refuse", "serve b 6",
	    "start 5", "expect 0:a.ixfr5=fail 0:b.ixfr5=zone6 0:P6") },
	{ "a bad AXFR: the next primary", SCRIPT(
	    "primaries ab", "serve a 5", "mode a badaxfr", "serve b 5",
	    "start", "expect 0:a.AXFR=fail 0:b.AXFR=zone5 0:P5") },
	{ "bad AXFRs of all: retry", SCRIPT(
	    "primaries ab", "serve a 5", "mode a badaxfr", "serve b 5",
	    "mode b cut", "start", "run 10",
	    "expect 0:a.AXFR=fail 0:b.AXFR=fail 10:a.AXFR=fail "
	    "10:b.AXFR=fail") },
	{ "multi-primary-check takes the highest", SCRIPT(
	    "policy multi", "primaries abc", "serve a 5", "serve b 5",
	    "serve c 5", "start 5",
	    "expect 0:a.soa=cur5 0:b.soa=cur5 0:c.soa=cur5",
	    "serve a 6", "serve b 6", "serve b 7", "run 3600",
	    "expect 3600:c.soa=cur5 3600:a.soa=new6 3600:b.soa=new7 "
	    "3600:b.ixfr5=delta7 3600:P7") },
	{ "multi-primary-check: the highest fails, the next is taken", SCRIPT(
	    "policy multi", "primaries abc", "serve a 6", "serve b 5",
	    "serve b 7", "serve c 5", "mode b cut", "start 5",
	    "expect 0:a.soa=new6 0:b.soa=new7 0:c.soa=cur5 "
	    "0:b.ixfr5=fail 0:a.ixfr5=zone6 0:P6") },
	{ "multi-primary-check: the highest was rejected", SCRIPT(
	    "policy multi", "primaries ab", "serve a 5", "serve b 5",
	    "bad 7", "start 5", "expect 0:a.soa=cur5 0:b.soa=cur5",
	    "serve b 7", "notify b 7", "expect 0:b.soa=new7 0:a.soa=cur5 "
	    "0:b.ixfr5=delta7 0:R7 0:a.ixfr5=cur5", "serve a 6", "notify a",
	    "expect 0:a.soa=new6 0:b.soa=new7 0:a.ixfr5=delta6 0:P6") },
	{ "multi-primary-check: one does not answer", SCRIPT(
	    "policy multi", "primaries ab", "serve b 5", "start 5",
	    "expect 0:a.soa=fail 0:b.soa=cur5", "state fresh") },
	{ "multi-primary-check of an empty zone", SCRIPT(
	    "policy multi", "primaries ab", "serve a 6", "serve b 7",
	    "start", "expect 0:a.soa=new6 0:b.soa=new7 0:b.AXFR=zone7 "
	    "0:P7") },

	/* --- IXFR that does not work --- */
	{ "IXFR unknown there: AXFR at once, remembered for 48 h", SCRIPT(
	    "timers 100000 600 1000000", "serve a 5", "mode a noixfr",
	    "start 5", "run 1", "serve a 6",
	    "expect 0:a.ixfr5=fail 0:a.axfr=cur5", "notify a 6",
	    "expect 1:a.axfr=zone6 1:P6", "serve a 7", "run 86400",
	    "expect 86401:a.soa=new7 86401:a.axfr=zone7 86401:P7",
	    "mode a normal", "serve a 8", "run 86400",
	    "expect 172801:a.ixfr7=delta8 172801:P8") },
	{ "an empty answer to IXFR: likewise", SCRIPT(
	    "serve a 6", "mode a noixfr-empty", "start 5",
	    "expect 0:a.ixfr5=fail 0:a.axfr=zone6 0:P6") },
	{ "allow-axfr-fallback no: IXFR or nothing", SCRIPT(
	    "policy nofallback", "serve a 6", "mode a noixfr", "start 5",
	    "run 600", "expect 0:a.ixfr5=fail 600:a.ixfr5=fail") },
	{ "allow-axfr-fallback no: an empty zone is fetched whole", SCRIPT(
	    "policy nofallback", "serve a 6", "start",
	    "expect 0:a.AXFR=zone6 0:P6") },
	{ "an IXFR out of order: AXFR at once", SCRIPT(
	    "serve a 5", "start 5", "serve a 6", "mode a baddelta",
	    "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=fail 0:a.axfr=zone6 0:P6") },
	{ "a lone newer SOA over TCP: AXFR", SCRIPT(
	    "serve a 6", "mode a lone", "start 5",
	    "expect 0:a.ixfr5=fail 0:a.axfr=zone6 0:P6") },
	{ "an AXFR in answer to IXFR is taken", SCRIPT(
	    "serve a 6", "mode a axfrstyle", "start 5",
	    "expect 0:a.ixfr5=zone6 0:P6") },
	{ "UDP: IXFR by UDP, whole zones by TCP", SCRIPT(
	    "primaries aU", "serve a 5", "start",
	    "expect 0:a.AXFR=zone5 0:P5", "serve a 6", "notify a 6",
	    "expect 0:a.uixfr5=delta6 0:P6", "serve a 7", "mode a cut",
	    "notify a 7", "expect 0:a.uixfr6=fail") },
	{ "AXFR only: the serial is asked first unless notified", SCRIPT(
	    "primaries aA", "serve a 5", "start 5", "expect 0:a.soa=cur5",
	    "serve a 6", "notify a 6", "expect 0:a.axfr=zone6 0:P6",
	    "serve a 7", "run 3600",
	    "expect 3600:a.soa=new7 3600:a.axfr=zone7 3600:P7") },

	/* --- rejected --- */
	{ "after a rejection: from what is published, then a later good one",
	    SCRIPT("serve a 5", "start 5", "bad 6", "serve a 6",
	    "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6", "run 60",
	    "serve a 7", "notify a 7", "expect 60:a.ixfr5=delta7 60:P7",
	    "lease 86400", "run 3600", "expect 3660:a.ixfr7=cur7") },
	{ "a rejected serial comes once per retry, doubled, NOTIFY or not",
	    SCRIPT("serve a 5", "start 5", "bad 6", "serve a 6",
	    "notify a 6", "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6",
	    "run 599", "notify a 6", "notify x 6", "expect 599:N 599:N",
	    "run 1", "expect 600:a.ixfr5=delta6 600:R6", "run 1199",
	    "notify a 6", "expect 1799:N", "run 1",
	    "expect 1800:a.ixfr5=delta6 1800:R6", "run 2399", "expect",
	    "good 6", "run 1", "expect 4200:a.ixfr5=delta6 4200:P6") },
	{ "refresh while held back: the serial only", SCRIPT(
	    "timers 1000 5000 86400", "serve a 5", "start 5", "bad 6",
	    "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6", "run 1000",
	    "expect 1000:a.soa=new6", "state fresh", "lease 86400",
	    "notify a", "expect 1000:a.soa=new6", "serve a 7",
	    "notify a", "expect 1000:a.soa=new7 1000:a.ixfr5=delta7 "
	    "1000:P7") },
	{ "once at once from each other primary", SCRIPT(
	    "primaries abc", "serve a 5", "serve b 5", "serve c 5",
	    "start 5", "expect 0:a.ixfr5=cur5", "bad 6", "serve a 6",
	    "serve b 6", "notify a 6",
	    "expect 0:a.ixfr5=delta6 0:R6 0:b.ixfr5=delta6 0:R6 "
	    "0:c.ixfr5=cur5", "notify a 6", "notify b 6",
	    "expect 0:N 0:N", "serve c 6", "notify c 6",
	    "expect 0:c.ixfr5=delta6 0:R6", "notify c 6", "expect 0:N",
	    "run 599", "expect", "run 1",
	    "expect 600:c.ixfr5=delta6 600:R6") },
	{ "another primary has a good one of another serial", SCRIPT(
	    "primaries ab", "serve a 5", "serve b 5", "start 5",
	    "expect 0:a.ixfr5=cur5", "bad 6", "serve a 6", "serve b 7",
	    "notify a 6", "expect 0:a.ixfr5=delta6 0:R6 0:b.ixfr5=delta7 "
	    "0:P7") },
	{ "silence of the others changes no timer", SCRIPT(
	    "primaries ab", "serve a 5", "start 5", "expect 0:a.ixfr5=cur5",
	    "bad 6", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=delta6 0:R6 0:b.ixfr5=fail", "state fresh",
	    "run 599", "expect") },
	{ "what was staged on top of it is asked for again at once", SCRIPT(
	    "serve a 5", "start 5", "slow", "serve a 6", "notify a 6",
	    "bad 6", "serve a 7", "notify a 7", "expect 0:a.ixfr5=cur5 "
	    "0:a.ixfr5=delta6 0:a.ixfr6=delta7", "verdict 6",
	    "expect 0:R6 0:a.ixfr5=delta7", "verdict 7",
	    "expect 0:P7") },
	{ "a rejection is not an outage: the lease goes on", SCRIPT(
	    "timers 3600 600 7000", "serve a 5", "start 5", "bad 6",
	    "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6", "run 3700",
	    "expect 600:a.ixfr5=delta6 600:R6 1800:a.ixfr5=delta6 1800:R6",
	    "lease 5100", "run 100000", "state fresh",
	    "expect 4200:a.ixfr5=delta6 4200:R6 7800:a.soa=new6 "
	    "9000:a.ixfr5=delta6 9000:R6 12600:a.soa=new6 "
	    "16200:a.soa=new6 18600:a.ixfr5=delta6 18600:R6 "
	    "22200:a.soa=new6 25800:a.soa=new6 29400:a.soa=new6 "
	    "33000:a.soa=new6 36600:a.soa=new6 37800:a.ixfr5=delta6 "
	    "37800:R6 41400:a.soa=new6 45000:a.soa=new6 "
	    "48600:a.soa=new6 52200:a.soa=new6 55800:a.soa=new6 "
	    "59400:a.soa=new6 63000:a.soa=new6 66600:a.soa=new6 "
	    "70200:a.soa=new6 73800:a.soa=new6 76200:a.ixfr5=delta6 "
	    "76200:R6 79800:a.soa=new6 83400:a.soa=new6 "
	    "87000:a.soa=new6 90600:a.soa=new6 94200:a.soa=new6 "
	    "97800:a.soa=new6 101400:a.soa=new6") },
	{ "transfer fetches what was rejected", SCRIPT(
	    "serve a 5", "start 5", "bad 6", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6", "good 6",
	    "transfer", "expect 0:a.ixfr5=delta6 0:P6") },
	{ "forgiven: a NOTIFY brings it again", SCRIPT(
	    "serve a 5", "start 5", "bad 6", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6", "good 6",
	    "forgive", "notify a 6", "expect 0:a.ixfr5=delta6 0:P6") },
	{ "the primary is silent when the rejected one is due", SCRIPT(
	    "serve a 5", "start 5", "bad 6", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6",
	    "mode a silent", "run 1800", "expect 600:a.ixfr5=fail "
	    "1200:a.ixfr5=fail") },

	/* --- refused by the candidate --- */
	{ "a delta that does not apply: AXFR at once", SCRIPT(
	    "serve a 5", "start 5", "slow", "serve a 6", "unfit 6",
	    "notify a 6", "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6",
	    "verdict 6", "expect 0:U6 0:a.axfr=zone6", "fit 6",
	    "verdict 6", "expect 0:P6") },
	{ "a full zone that is none: the next primary, then held", SCRIPT(
	    "primaries ab", "serve a 5", "serve b 5", "start 5",
	    "expect 0:a.ixfr5=cur5", "unfit 6", "serve a 6", "serve b 6",
	    "notify a 6", "expect 0:a.ixfr5=delta6 0:U6 0:a.axfr=zone6 "
	    "0:U6 0:b.ixfr5=delta6 0:U6 0:b.axfr=zone6 0:U6",
	    "notify a 6", "notify b 6", "expect 0:N 0:N", "run 599",
	    "expect", "fit 6", "run 1",
	    "expect 600:b.ixfr5=delta6 600:P6") },

	/* --- expiry --- */
	{ "silence: the zone expires on time", SCRIPT(
	    "timers 3600 600 7200", "serve a 5", "start 5", "run 100",
	    "expect 0:a.ixfr5=cur5", "lease 7100", "mode a silent",
	    "run 7099", "state stale", "run 1", "state expired",
	    "expect 3600:a.ixfr5=fail 4200:a.ixfr5=fail "
	    "5400:a.ixfr5=fail", "mode a normal", "run 600",
	    "expect 7800:a.ixfr5=cur5", "state fresh", "lease 7200") },
	{ "error answers do not keep it alive", SCRIPT(
	    "timers 3600 600 4000", "serve a 5", "start 5",
	    "mode a refuse", "run 4000", "state expired",
	    "expect 0:a.ixfr5=cur5 3600:a.ixfr5=fail") },
	{ "expired: after one failed round any serial is taken", SCRIPT(
	    "timers 3600 600 3600", "serve a 9", "start 9",
	    "mode a silent", "run 4200", "state expired",
	    "expect 0:a.ixfr9=cur9 3600:a.ixfr9=fail 4200:a.soa=fail",
	    "mode a normal", "serve a 3", "run 1200",
	    "expect 5400:a.soa=cur3 5400:a.AXFR=zone3 5400:P3",
	    "state fresh") },
	{ "expired: an older serial at the first try", SCRIPT(
	    "timers 3600 600 3600", "serve a 9", "start 9",
	    "expect 0:a.ixfr9=cur9", "serve a 3", "run 3600",
	    "expect 3600:a.ixfr9=cur3 3600:a.AXFR=zone3 3600:P3") },
	{ "not expired: an older serial is not taken, but counts", SCRIPT(
	    "serve a 9", "start 9", "serve a 3", "run 3600",
	    "expect 0:a.ixfr9=cur9 3600:a.ixfr9=cur3", "lease 86400") },
	{ "expired, and the same serial is back: nothing is fetched", SCRIPT(
	    "timers 3600 600 3600", "serve a 9", "start 9",
	    "mode a silent", "run 4200", "mode a normal", "run 1200",
	    "expect 0:a.ixfr9=cur9 3600:a.ixfr9=fail 4200:a.soa=fail "
	    "5400:a.soa=cur9", "state fresh") },
	{ "min-expire-time", SCRIPT(
	    "policy minexpire=90000", "serve a 5", "start 5",
	    "expect 0:a.ixfr5=cur5", "lease 90000") },
	{ "min-expire-time refresh+retry+1", SCRIPT(
	    "policy sumexpire", "timers 100 50 20", "serve a 5", "start 5",
	    "expect 0:a.ixfr5=cur5", "lease 151") },
	{ "EDNS EXPIRE: the larger of its value and what is left", SCRIPT(
	    "serve a 5", "mode a expire=1000", "start 5",
	    "expect 0:a.ixfr5=cur5", "lease 86400", "run 3600",
	    "expect 3600:a.ixfr5=cur5", "lease 82800",
	    "mode a expire=84000", "run 3600",
	    "expect 7200:a.ixfr5=cur5", "lease 84000") },
	{ "EDNS EXPIRE is never longer than the SOA's", SCRIPT(
	    "serve a 5", "mode a expire=4000000", "start 5",
	    "expect 0:a.ixfr5=cur5", "lease 86400") },
	{ "EDNS EXPIRE of a transfer is for the version published", SCRIPT(
	    "serve a 5", "mode a expire=1000", "start",
	    "expect 0:a.AXFR=zone5 0:P5", "lease 1000") },
	{ "EDNS EXPIRE of a transfer counts from when it came", SCRIPT(
	    "serve a 5", "start 5", "expect 0:a.ixfr5=cur5", "slow",
	    "serve a 6", "mode a expire=5000", "notify a 6", "run 100",
	    "expect 0:a.ixfr5=delta6", "lease 86300", "verdict 6",
	    "expect 100:P6", "lease 4900") },
	{ "a long verification does not eat the lease", SCRIPT(
	    "serve a 5", "start 5", "slow", "serve a 6", "notify a 6",
	    "run 7200", "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 "
	    "3600:a.ixfr6=cur6 7200:a.ixfr6=cur6", "verdict 6",
	    "expect 7200:P6", "lease 86400") },
	{ "a lame primary (no AA) is no serial check", SCRIPT(
	    "primaries aA", "timers 3600 600 4000", "serve a 5", "start 5",
	    "mode a noaa", "run 4000", "state expired",
	    "expect 0:a.soa=cur5 3600:a.soa=fail") },

	/* --- restart --- */
	{ "timers survive a restart", SCRIPT(
	    "serve a 5", "start 5", "run 100", "expect 0:a.ixfr5=cur5",
	    "restart", "expect", "lease 86300", "run 3499", "expect",
	    "run 1", "expect 3600:a.ixfr5=cur5") },
	{ "an overdue check is made at the restart", SCRIPT(
	    "serve a 5", "start 5", "expect 0:a.ixfr5=cur5",
	    "mode a silent", "run 3600", "expect 3600:a.ixfr5=fail",
	    "restart", "expect", "mode a normal", "run 600",
	    "expect 4200:a.ixfr5=cur5") },
	{ "the wait of a rejected serial survives a restart", SCRIPT(
	    "serve a 5", "start 5", "bad 6", "serve a 6", "notify a 6",
	    "expect 0:a.ixfr5=cur5 0:a.ixfr5=delta6 0:R6", "run 10",
	    "restart", "expect", "run 589", "expect", "run 1",
	    "expect 600:a.ixfr5=delta6 600:R6", "run 1199", "expect") },

	/* --- the operator --- */
	{ "transfer asks now", SCRIPT(
	    "serve a 5", "start 5", "run 10", "transfer",
	    "expect 0:a.ixfr5=cur5 10:a.ixfr5=cur5") },
	{ "force_transfer takes any serial", SCRIPT(
	    "serve a 5", "start 5", "serve a 4", "force",
	    "expect 0:a.ixfr5=cur5 0:a.AXFR=zone4 0:P4", "serve a 5",
	    "notify a 5", "expect 0:a.ixfr4=delta5 0:P5") },
	{ "force_transfer goes through the primaries", SCRIPT(
	    "primaries ab", "serve b 5", "start 5", "force",
	    "expect 0:a.ixfr5=fail 0:b.ixfr5=cur5 0:b.AXFR=zone5 0:P5") },
};

static void
play(void **state)
{
	world_run(*state);
}

int
main(void)
{
	enum { N = sizeof scenarios / sizeof *scenarios };
	struct CMUnitTest tests[N];
	for (unsigned i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = scenarios[i].title,
			.test_func = play,
			.initial_state = (void *)(uintptr_t)&scenarios[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

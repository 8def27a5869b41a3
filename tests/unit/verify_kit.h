/* verify_kit.h - a supervisor of the tests' own: starts what a run asks for,
 * and tells the run how it ended. */
#pragma once
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/spawn.h"
#include "dns/name.h"
#include "dns/rr.h"
#include "dns/rrtype.h"

#define KIT_CHILDREN 16
#define KIT_FAR_OFF_S 20

static char *const kit_env[] = { "PATH=/usr/bin:/bin", NULL };

struct kit_child {
	uint64_t run;
	pid_t pid;
	bool is_cancelled;
};

static struct event_base *kit_loop;
static char kit_log_path[] = "/tmp/verify-kit-XXXXXX";
static struct kit_child kit_children[KIT_CHILDREN];
static unsigned kit_child_count;

static inline int
kit_set_up(void **state)
{
	(void)state;
	int fd = mkstemp(kit_log_path);
	if (fd == -1)
		return -1;
	close(fd);
	struct log_settings s = { .ident = "test", .file = kit_log_path };
	kit_loop = event_base_new();
	return kit_loop == NULL || log_open(&s) != OK;
}

static inline int
kit_tear_down(void **state)
{
	(void)state;
	struct log_settings s = { .ident = "test" };
	if (log_open(&s) != OK)
		return -1;
	event_base_free(kit_loop);
	return unlink(kit_log_path);
}

/* How often a text stands in the log; the log is emptied by kit_log_clear. */
static inline unsigned
kit_log_count(const char *text)
{
	static char log[4u << 20];
	int fd = open(kit_log_path, O_RDONLY | O_CLOEXEC);
	assert_true(fd != -1);
	ssize_t n = read(fd, log, sizeof(log) - 1);
	close(fd);
	assert_true(n >= 0);
	log[n] = '\0';
	unsigned count = 0;
	for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static inline void
kit_log_clear(void)
{
	assert_int_equal(truncate(kit_log_path, 0), 0);
}

/* Starts a shell script with these descriptors, which stay the caller's. */
static inline bool
kit_spawn(const char *script, uint64_t run, const int fds[3], pid_t *pid,
    struct spawn_failure *f)
{
	char *argv[] = { "sh", "-c", (char *)(uintptr_t)script, NULL };
	char *missing[] = { "/no/such/verifier", NULL };
	struct spawn_spec s = { .argv = script != NULL ? argv : missing,
		.env = kit_env, .fds = { fds[0], fds[1], fds[2] } };
	int report;
	bool is_started = spawn_start(&s, pid, &report, f) == OK;
	if (is_started && !spawn_report(&report, f)) {
		waitpid(*pid, NULL, 0);
		is_started = false;
	}
	if (is_started) {
		assert_true(kit_child_count < KIT_CHILDREN);
		kit_children[kit_child_count++] = (struct kit_child){
			.run = run, .pid = *pid };
	}
	return is_started;
}

/* One that has ended, if any: taken out of the list. */
static inline bool
kit_take_ended(struct kit_child *c, int *status)
{
	for (unsigned i = 0; i < kit_child_count; i++) {
		if (waitpid(kit_children[i].pid, status, WNOHANG) <= 0)
			continue;
		*c = kit_children[i];
		kit_children[i] = kit_children[--kit_child_count];
		return true;
	}
	return false;
}

static inline void
kit_kill(uint64_t run)
{
	for (unsigned i = 0; i < kit_child_count; i++)
		if (kit_children[i].run == run) {
			kit_children[i].is_cancelled = true;
			kill(-kit_children[i].pid, SIGKILL);
		}
}

/* One turn of the loop, at most 5 ms. */
static inline void
kit_turn(void)
{
	const struct timeval t = { 0, 5000 };
	event_base_loopexit(kit_loop, &t);
	event_base_loop(kit_loop, EVLOOP_ONCE);
}

static inline void
kit_add_rr(struct octets *o, const char *owner, uint16_t type,
    const void *rdata, uint16_t len)
{
	struct name n;
	assert_true(name_from_text(owner, &n));
	struct rr rr = { .owner = n.octets, .type = type, .class = 1,
		.ttl = 3600, .rdata = rdata, .rdata_len = len };
	assert_true(rr_add(o, &rr));
}

static inline void
kit_add_soa(struct octets *o, const char *apex, uint32_t serial)
{
	/* mname "m.", rname "r.", then the five numbers. */
	uint8_t rdata[26] = { 1, 'm', 0, 1, 'r', 0 };
	octets_set_u32(rdata + 6, serial);
	octets_set_u32(rdata + 10, 3600);
	octets_set_u32(rdata + 14, 900);
	octets_set_u32(rdata + 18, 604800);
	octets_set_u32(rdata + 22, 300);
	kit_add_rr(o, apex, TYPE_SOA, rdata, sizeof(rdata));
}

static inline void
kit_add_a(struct octets *o, const char *owner, uint32_t address)
{
	uint8_t rdata[4];
	octets_set_u32(rdata, address);
	kit_add_rr(o, owner, TYPE_A, rdata, 4);
}

/* roles.h - where each role begins, right after its fork. fd: the channel to
 * the supervisor. */
#pragma once
#include <stdint.h>

#include "proc/daemon.h"
#include "proc/messages.h"

struct zonedb;
struct zone_version;

_Noreturn void xfrd_main(struct daemon *d, int fd);
_Noreturn void store_main(struct daemon *d, int fd);
_Noreturn void gate_main(struct daemon *d, int fd);

struct worker_start {
	struct daemon *d;
	struct zonedb *db;
	uint32_t generation, number;
	int fd;
};
_Noreturn void worker_main(const struct worker_start *w);

/* What the store gives a candidate: the zones of its window. */
struct candidate_zone {
	struct candidate_zone *next;
	struct msg_cand_zone order;
	const uint8_t *octets;	/* chain of deltas, or a base file */
	size_t len;
};
struct candidate_start {
	struct daemon *d;
	struct zonedb *db;
	uint32_t number;
	int to_supervisor, to_xfrd, to_gate, data;
	pid_t store;		/* it ends with this process */
	struct candidate_zone *zones;
};
_Noreturn void candidate_main(const struct candidate_start *c);

struct cworker_zone {
	uint32_t id;
	const struct zone_version *before;	/* published; null: none */
};
/* The candidate's worker; data: where the gate speaks; candidate: where the
 * candidate does, until both end. */
struct cworker_start {
	struct daemon *d;
	struct zonedb *db;
	uint32_t number;
	int data, candidate;
	const struct cworker_zone *zones;	/* under verification */
	unsigned zone_count;
};
_Noreturn void cworker_main(const struct cworker_start *c);

/* One-shot: exit status 0 when each fd holds a base file of its zone. One that
 * could not be read, of which the log has been told, is a single octet. */
#define LOADER_FAILED_OCTETS 1
struct loader_start {
	struct daemon *d;
	const uint32_t *zones;
	const int *fds;
	unsigned count;
};
_Noreturn void loader_main(const struct loader_start *l);

/* messages.h - bodies of the messages in tables/messages.def.
 * Both ends are the same program, so bodies are plain structs; what is longer
 * or has no fixed length is the payload behind the body. */
#pragma once
#include <stdint.h>

#include "base/sock.h"
#include "serve/tls.h"
#include "verify/request.h"
#include "zone/zone.h"

/* A new channel: descriptor 0 leads to the role with this number. */
struct msg_channel {
	uint32_t role, number;
};

/* Descriptor 0: the sealed configuration (sup_conf.c). */
struct msg_conf {
	uint32_t number;
};

/* REOPEN: descriptor 0 is the log file opened anew, which a child that is not
 * root, or in a chroot, could not. QUIET: the start is over, standard error is
 * nobody's any more if the daemon is in the background. */
enum log_order { LOG_ORDER_REOPEN, LOG_ORDER_VERBOSITY, LOG_ORDER_QUIET };
struct msg_log {
	uint32_t order;
	int32_t verbosity;
	uint8_t in_background;
};

struct msg_worker_log {
	struct msg_log log;
};

/* A candidate or the store is gone. zone: the one it was patching, or
 * ZONE_NONE. */
#define ZONE_NONE UINT32_MAX
struct msg_lost {
	uint32_t role, number, zone;
	uint8_t by_us;		/* ended in order, through no fault of its
				 * zones */
};

/* The supervisor's answer to an order of the control socket. */
struct msg_answer {
	uint32_t id;
	uint32_t is_ok;
	char text[512];
};

/* Fork these workers; descriptors: one channel each. */
struct msg_generation {
	uint32_t generation;
	uint32_t first, count;	/* numbers first .. first + count - 1 */
};

struct msg_serving {
	uint32_t generation;
};

/* Descriptors: to the supervisor, to xfrd, to the gate, and the end on which
 * the candidate's worker hears the gate. */
struct msg_candidate {
	uint32_t number;
};

struct msg_go {
	uint32_t generation;
};
/* Key, certificate and OCSP response come along: new connections with TLS are
 * made with them. */
struct msg_tls {
	uint8_t ticket_key[TLS_TICKET_KEY_OCTETS];
};
/* Descriptor: where its connections go, if nobody has its number any more. */
struct msg_retire {
	uint32_t generation;
};
struct msg_log_stats {
	uint32_t reserved;
};

struct msg_verifier_started {
	uint64_t run;
	int32_t pid;
	uint32_t timeout_s;	/* 0: never */
};
enum verifier_end { VERIFIER_ENDED, VERIFIER_NOT_STARTED, VERIFIER_LOST,
	VERIFIER_STALE_CONF };
struct msg_verifier_ended {
	uint64_t run;
	uint32_t end;		/* enum verifier_end */
	int32_t status;		/* VERIFIER_ENDED: as wait gives it */
	uint8_t is_timed_out;
	char why[128];		/* VERIFIER_NOT_STARTED */
};

struct msg_ready {
	uint32_t generation, number;
};
struct msg_stopped {
	uint32_t generation, number;
};
struct msg_want_generation {
	uint32_t reserved;
};
struct msg_want_candidate {
	uint32_t number;
};

/* Descriptors: the verifier's 0 (absent for the feed none), 1 and 2. */
struct msg_verifier_start {
	struct verify_request request;
};
struct msg_verifier_stop {
	uint64_t run;
};

/* First message on a new channel; the store makes its digests with the key. */
struct msg_hello {
	uint8_t digest_key[16];
};

enum order { ORDER_STOP, ORDER_RECONFIG, ORDER_LOG_REOPEN,
	ORDER_VERBOSITY };
struct msg_order {
	uint32_t id;		/* comes back in the answer */
	uint32_t order;
	int32_t value;
};

/* Read the files of these zones, each into its descriptor as a base file.
 * Payload: uint32_t zone ids. The answer is good if all of them could be read;
 * else what became of each stands in its descriptor (roles.h). */
#define LOAD_ZONES_MAX 32
struct msg_load_file {
	uint32_t id;
};

/* What the store has; sent for every zone when xfrd is new. */
struct msg_zone_state {
	uint32_t zone, serial;
	uint8_t has_version;
	struct zone_digest digest;
	uint64_t wire_octets, records;
};
struct msg_state_end {
	uint32_t reserved;
};

/* Payload: a base file, or zone octets when is_plain. */
struct msg_load {
	uint32_t zone, serial;
	struct zone_digest digest;
	uint8_t is_plain;
	uint64_t blob_len;
};
/* Payload: a net delta. is_history: an older step behind those given. */
struct msg_load_step {
	uint32_t zone;
	uint8_t is_history;
	uint64_t blob_len;
};
struct msg_load_commit {
	uint32_t zone, serial;
	struct zone_digest digest;
};
struct msg_load_end {
	uint32_t reserved;
};
struct msg_loaded {
	uint32_t zone, serial;
	uint8_t is_ok;
	struct zone_digest digest;
	uint64_t wire_octets, records;
	char why[160];
};

#define CAND_KNOWN_MAX 8
/* What was loaded is answered to the public from now on. */
struct msg_serves {
	uint32_t generation;
};

/* One zone of a window; payload: a chain of deltas, or a base file. */
struct msg_cand_zone {
	uint32_t number;	/* of the candidate */
	uint32_t zone;
	uint64_t update;
	uint32_t from, to;
	uint32_t attempt;
	uint8_t is_chain, is_published;
	uint8_t is_plain;	/* whole: zone octets, not a base file */
	uint8_t xfr;		/* enum verify_xfr */
	uint8_t known_count;	/* digests that were rejected before */
	struct zone_digest known[CAND_KNOWN_MAX];
	uint64_t blob_len;
	char primary[ADDR_TEXT_MAX];	/* "": a file */
};
struct msg_cand_start {
	uint32_t number;
};

/* is_whole: payload is a base file; else a net delta. */
struct msg_publish {
	uint32_t zone, serial;
	uint64_t update;
	struct zone_digest digest;
	uint8_t is_whole, clears_history;
	uint8_t is_plain;	/* whole: zone octets, not a base file */
	uint64_t blob_len;
};
struct msg_published {
	uint32_t zone, serial, generation;
	uint64_t update;
	uint64_t wire_octets, records;
	struct zone_digest digest;
};
struct msg_publish_failed {
	uint32_t zone, serial;
	uint64_t update;
	char why[200];
};

/* Descriptor 0: where to write. as_text: a zone file, else a base file. */
struct msg_write_zone {
	uint32_t zone, id;
	uint8_t as_text;
};
struct msg_wrote_zone {
	uint32_t zone, id, serial;
	uint8_t is_ok;
	struct zone_digest digest;
};

struct msg_cand_refused {
	uint32_t number, zone, to;
	uint64_t update;
	char why[240];
};
/* A version that applies, as it would be published. Descriptor 0: the net
 * delta, unless is_whole (publish from what was staged). */
struct msg_net {
	uint32_t conf_number;	/* under which it was judged */
	uint32_t from, to;
	struct zone_digest digest;
	uint8_t is_whole;
	uint64_t net_len;
};

/* It applies and its verifiers start. With a net delta only when it is let out
 * at once (verify-mode: report). */
struct msg_verifying {
	uint32_t number, zone;
	uint64_t update;
	struct msg_net net;
	uint8_t has_net;
};

/* Payload: output of the verifier. The net delta comes along unless the
 * verdict is a rejection. */
struct msg_verdict {
	uint32_t number, zone;
	uint64_t update;
	struct msg_net net;
	uint8_t verdict;	/* enum verdict */
	uint8_t is_known;	/* its digest is a rejected one */
	uint8_t is_same;	/* it is what is published; no verifier ran */
	uint8_t is_stale_conf;	/* no judgement, not counted */
	uint8_t is_timed_out;
	uint8_t cause;		/* enum verdict_cause */
	uint8_t verifiers_run;
	int32_t exit_code, signal;
	uint32_t duration_ms;
	char verifier[64];	/* the one that decided, "" for none */
	char reason[160];
};

/* These zones are under verification here. Payload: uint32_t zone ids. */
struct msg_gate_zones {
	uint32_t number;
};
/* A zone has its verdict; the gate tells the candidate's worker. is_let_out:
 * what was verified is what is published from now on. */
struct msg_gate_release {
	uint32_t number, zone;
	uint8_t is_let_out;
};
/* These zones are (or are no longer) under verification in another candidate.
 * Payload: uint32_t zone ids. */
struct msg_gate_elsewhere {
	uint8_t is_elsewhere;
};
/* Payload: the datagram. */
struct msg_gate_datagram {
	uint32_t socket;
	struct addr peer;
};
/* Payload: octets read and not answered. */
struct msg_gate_connection {
	struct addr peer;
};
struct msg_gate_return {
	struct addr peer;
};

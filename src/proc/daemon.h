/* daemon.h - what every process of the daemon inherits from the supervisor:
 * the configuration in force, the sockets, the shared pages. Filled before the
 * first fork; later configurations replace conf and zones in each role. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include "base/sock.h"
#include "base/spawn.h"
#include "conf/conf.h"
#include "proc/role.h"
#include "serve/cookie.h"
#include "serve/rrl.h"
#include "serve/serve.h"

#define MAX_WORKERS 64		/* server-count is cut to this */
#define MAX_ZONES (1u << 20)	/* rows of the shared page */
#define MAX_CANDIDATES 64	/* rows of the progress page */
#define MAX_SOCKETS 192		/* of each kind */

/* What store, candidates and xfrd are at: read by the supervisor when one of
 * them dies or stands still. Row 0 is the store's, the last xfrd's. */
struct progress {
	_Atomic uint32_t zone;	/* ZONE_NONE: none in particular */
	_Atomic uint64_t update;
	_Atomic int64_t since_ms;	/* 0: at rest, whatever time passes */
	/* Of a candidate's worker; watched by the candidate. */
	_Atomic int64_t worker_since_ms;
};

/* Made by the supervisor, the same for all processes and generations. */
struct shared_secrets {
	uint8_t rrl_key[SIPHASH_KEY_OCTETS];
	/* For cookies when nobody gave one. */
	uint8_t cookie[COOKIE_SECRET_OCTETS];
	struct cookie_jar cookies;	/* what holds; xfrd puts */
};

struct stats_page;

struct shared {
	struct serve_zone_state *zones;		/* MAX_ZONES rows */
	struct stats_page *stats;		/* stats.h */
	int zone_counters;			/* a memory file, or -1 */
	struct progress *progress;		/* 2 + MAX_CANDIDATES rows */
	struct shared_secrets *secrets;
	struct rrl_bucket *rrl;			/* rrl_tables of rrl_size */
	size_t rrl_size;
	unsigned rrl_tables;
};

/* False with errno. Rate limiting gets a table of that many buckets for each
 * of so many workers, which take no memory before they are used: so it can be
 * turned on later. */
bool shared_create(struct shared *s, size_t rrl_size, unsigned workers);
/* For the store, and so for all that it forks: to be read only. */
void shared_seal_secrets(const struct shared *s);
/* Workers beyond those that were there at the start share tables. */
struct rrl_bucket *shared_rrl(const struct shared *s, uint32_t worker);
uint64_t *shared_counters(const struct shared *s, uint32_t worker);
struct progress *shared_progress(const struct shared *s, uint32_t candidate);
struct progress *shared_progress_of_xfrd(const struct shared *s);
void progress_begin(struct progress *p, uint32_t zone, uint64_t update);
/* It is at no zone, and alive: to be said again every progress_beat. */
void progress_goes_on(struct progress *p);
void progress_end(struct progress *p);
/* Nothing was said for so long that nothing will be said any more. since_ms:
 * since_ms or worker_since_ms of a row. */
bool progress_stands_still(int64_t since_ms);
/* How often life is to be shown, and looked for. */
struct timeval progress_beat(void);

#define READ_BY_ALL 255
struct sockets {
	int fds[MAX_SOCKETS];
	uint8_t reader[MAX_SOCKETS];	/* the worker's number (reuseport) */
	struct addr addrs[MAX_SOCKETS];
	unsigned count;
};

struct listening {
	struct sockets udp, tcp;	/* public */
	struct sockets tls;		/* public, TCP with TLS */
	struct sockets verify_udp, verify_tcp;
	struct sockets control;		/* addrs: AF_UNSPEC for unix sockets */
};

/* Of the command line: they hold over every configuration read. */
struct overrides {
	const char *log, *pid, *user;	/* null: not given */
	int verbosity;			/* -1: not given */
	int port, tcp_count, server_count;	/* 0: not given */
	bool only_ip4, only_ip6;
};

struct daemon {
	const char *conf_path;
	struct conf *conf;
	uint32_t conf_number;
	/* By zone id; null where there is none. */
	const struct conf_zone **zones;
	uint32_t zone_limit;
	uint32_t *ids;			/* by index of conf->zones */
	struct shared shared;
	struct listening listening;
	int tls_parts;		/* memory file for tls_service_create; -1 */
	int notify_pair[2];		/* workers write 0, xfrd reads 1 */
	int handover[MAX_WORKERS][2];	/* retiring write 0, serving read 1 */
	bool has_user;
	struct spawn_user user;
	char **environment;		/* as the daemon was started with */
	bool is_foreground;
	int starter;		/* the process that waits in front: a
				 * octet when we serve; -1 */
	struct overrides overrides;
	int64_t booted_s;
	pid_t supervisor;
};

/* The daemon's zones from its configuration and ids. */
void daemon_index_zones(struct daemon *d);
/* Log settings of the configuration; as log_open. */
enum err daemon_open_log(const struct daemon *d);
/* A path of the configuration as it is called inside the chroot. */
const char *daemon_inside(const struct daemon *d, const char *path);
/* Into the chroot and zonesdir, if there is one (else the supervisor stands in
 * zonesdir already), and the user. False with errno. */
MUST_CHECK bool daemon_enter(const struct daemon *d);
unsigned daemon_worker_count(const struct daemon *d);
/* A configuration from the supervisor (sup_conf.c): replaces d->conf, zones and
 * ids. The former one goes to *old, to be compared and destroyed by the caller;
 * with null it is destroyed here, and every pointer into it is void. False:
 * nothing was changed. */
MUST_CHECK bool conf_share_apply(struct daemon *d, int fd, uint32_t number,
    struct conf **old);

/* What a worker tells xfrd of a NOTIFY: one datagram on notify_pair. */
struct notify_note {
	uint32_t zone, serial;
	bool has_serial;
	struct addr from;
	char key[64];		/* presentation format, cut; "": unsigned */
};

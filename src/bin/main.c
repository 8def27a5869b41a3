/* main.c - nsd-verify: command line, configuration, then the supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

#include "base/log.h"
#include "base/statedir.h"
#include "conf/conf.h"
#include "proc/supervisor.h"

extern char **environ;

static void
usage(FILE *to)
{
	fprintf(to,
	    "Usage: nsd-verify [options]\n"
	    "Zone-transfer verification proxy: publishes a zone only when its "
	    "verifiers say yes.\n"
	    "  -c FILE   configuration [" NSDV_CONFDIR "/nsd-verify.conf]\n"
	    "  -d        stay in the foreground\n"
	    "  -t        check the configuration and exit\n"
	    "  -l FILE   log file\n"
	    "  -P FILE   pid file\n"
	    "  -p PORT   port of the addresses that name none\n"
	    "  -4, -6    only IPv4, only IPv6\n"
	    "  -N COUNT  server-count\n"
	    "  -n COUNT  tcp-count\n"
	    "  -u USER   user to run as\n"
	    "  -V LEVEL  verbosity of the log\n"
	    "  -v        version\n"
	    "  -h        this text\n");
}

static void
version(void)
{
	printf("nsd-verify version " NSDV_VERSION "\n"
	    "Zone-transfer verification proxy; reads nsd.conf.\n");
}

struct arguments {
	const char *file;
	struct overrides over;
	bool is_foreground, checks_only;
};

/* A number from least to most; else it is said what is wrong. */
static bool
take_number(int option, const char *text, long least, long most, int *value)
{
	char *end;
	errno = 0;
	long v = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || v < least ||
	    v > most) {
		fprintf(stderr, "nsd-verify: error: option -%c: %s is not a "
		    "number from %ld to %ld\n", option, text, least, most);
		return false;
	}
	*value = (int)v;
	return true;
}

/* One option: 0, or the exit status plus 1. What is kept is copied: the titles
 * of processes take the place of the arguments. */
static int
take_option(int c, struct arguments *o)
{
	struct overrides *over = &o->over;
	switch (c) {
	case '4':
		over->only_ip4 = true;
		return 0;
	case '6':
		over->only_ip6 = true;
		return 0;
	case 'c':
		o->file = optarg;
		return 0;
	case 'd':
		o->is_foreground = true;
		return 0;
	case 't':
		o->checks_only = true;
		return 0;
	case 'l':
		over->log = strdup(optarg);
		return 0;
	case 'n':
		return take_number(c, optarg, 1, 1000000, &over->tcp_count) ?
		    0 : 2;
	case 'N':
		return take_number(c, optarg, 1, MAX_WORKERS,
		    &over->server_count) ? 0 : 2;
	case 'P':
		over->pid = strdup(optarg);
		return 0;
	case 'p':
		return take_number(c, optarg, 1, 65535, &over->port) ? 0 : 2;
	case 'u':
		over->user = strdup(optarg);
		return 0;
	case 'V':
		return take_number(c, optarg, 0, 1000, &over->verbosity) ?
		    0 : 2;
	case 'v':
		version();
		return 1;
	case 'h':
		usage(stdout);
		return 1;
	default:
		usage(stderr);
		return 2;
	}
}

static int
parse_arguments(int argc, char **argv, struct arguments *o)
{
	int c, end;
	while ((c = getopt(argc, argv, "46c:dtl:n:N:P:p:u:V:vh")) != -1)
		if ((end = take_option(c, o)) != 0)
			return end;
	if (optind == argc)
		return 0;
	fprintf(stderr, "nsd-verify: unexpected argument %s\n", argv[optind]);
	usage(stderr);
	return 2;
}

/* One line for who starts us. Returns false. */
static bool
trouble(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "nsd-verify: error: %s: %s: %s\n", option, value,
	    why);
	return false;
}

static bool
find_user(struct daemon *d)
{
	const char *name = d->conf->server.username;
	if (name == NULL || name[0] == '\0')
		return true;
	if (geteuid() != 0)
		return true;
	if (spawn_user_find(name, &d->user) != OK) {
		fprintf(stderr, "nsd-verify: error: username: there is no "
		    "user %s\n", name);
		return false;
	}
	d->has_user = true;
	return true;
}

/* Paths of the configuration are relative to zonesdir. The roles enter the
 * chroot later, each for itself. */
static bool
enter_directories(const struct daemon *d)
{
	const struct conf_server *s = &d->conf->server;
	struct stat st;
	if (s->chroot != NULL && s->chroot[0] != '\0') {
		if (geteuid() != 0)
			return trouble("chroot", s->chroot,
			    "only root can do that");
		if (stat(s->chroot, &st) == -1)
			return trouble("chroot", s->chroot, strerror(errno));
		if (!S_ISDIR(st.st_mode))
			return trouble("chroot", s->chroot,
			    strerror(ENOTDIR));
		tzset();
	}
	if (s->zonesdir != NULL && s->zonesdir[0] != '\0' &&
	    chdir(s->zonesdir) == -1)
		return trouble("zonesdir", s->zonesdir, strerror(errno));
	return true;
}

/* xfrd opens it again for good; what is wrong with it is said before anything
 * is started. */
static bool
check_state(const struct daemon *d)
{
	struct statedir *s = NULL;
	char why[ERR_WHY_MAX];
	bool is_good = statedir_open(d->conf->server.state_dir,
	    d->has_user ? d->user.uid : geteuid(),
	    d->has_user ? d->user.gid : getegid(), &s, why) == OK &&
	    statedir_lock(s, 1500, why) == OK;
	statedir_close(&s);
	if (!is_good)
		fprintf(stderr, "nsd-verify: error: %s\n", why);
	return is_good;
}

/* With -t. Who is not root may not be who starts the daemon and learns nothing
 * of a directory that is the daemon's alone. */
static bool
is_state_usable(struct daemon *d)
{
	char why[ERR_WHY_MAX];
	if (geteuid() != 0)
		return true;
	if (!find_user(d) || !enter_directories(d))
		return false;
	if (statedir_check(d->conf->server.state_dir,
	    d->has_user ? d->user.uid : geteuid(), why) == OK)
		return true;
	fprintf(stderr, "nsd-verify: error: %s\n", why);
	return false;
}

/* The process in front ends when the daemon serves, or has failed to. */
static _Noreturn void
wait_for_service(int fd)
{
	char octet;
	ssize_t n;
	while ((n = read(fd, &octet, 1)) == -1 && errno == EINTR)
		;
	_exit(n == 1 ? 0 : 1);
}

static bool
daemonize(struct daemon *d)
{
	int pair[2];
	if (pipe2(pair, O_CLOEXEC) == -1)
		return false;
	pid_t pid = fork();
	if (pid == -1)
		return false;
	if (pid > 0) {
		close(pair[1]);
		wait_for_service(pair[0]);
	}
	close(pair[0]);
	d->starter = pair[1];
	if (setsid() == -1)
		return false;
	int null = open("/dev/null", O_RDWR);
	if (null == -1)
		return false;
	/* Standard error stays until we serve (LOG_ORDER_QUIET). */
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > 2)
		close(null);
	return true;
}

static char *
absolute(const char *path)
{
	char *full = realpath(path, NULL);
	return full != NULL ? full : strdup(path);
}

int
main(int argc, char **argv)
{
	static struct daemon d;
	struct arguments o = { .file = NSDV_CONFDIR "/nsd-verify.conf",
		.over.verbosity = -1 };
	int end = parse_arguments(argc, argv, &o);
	if (end != 0)
		return end - 1;
	role_init(argc, argv);
	d.environment = environ;
	d.starter = -1;
	d.conf_path = absolute(o.file);
	d.overrides = o.over;
	int fd = sup_conf_read(&d, o.file);
	if (fd == -1 || !sup_conf_apply(&d, fd))
		return 1;
	close(fd);
	if (!sup_tls_start(&d))
		return 1;
	if (o.checks_only)
		return is_state_usable(&d) ? 0 : 1;
	d.is_foreground = o.is_foreground || d.conf->server.debug_mode;
	if (!find_user(&d) || !enter_directories(&d) || !check_state(&d))
		return 1;
	enum err e = daemon_open_log(&d);
	if (e != OK) {
		trouble("logfile", d.conf->server.logfile, err_text_errno(e));
		return 1;
	}
	log_echo_errors();
	if (!d.is_foreground && !daemonize(&d)) {
		ev_system_trouble("going to the background", strerror(errno));
		return 1;
	}
	return supervisor_main(&d);
}

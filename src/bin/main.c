/* main.c - nsd-verify: command line, configuration, then the supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* 0: go on; else the exit status plus 1. What is kept is copied: the titles of
 * processes take the place of the arguments. */
static int
parse_arguments(int argc, char **argv, struct arguments *o)
{
	int c;
	while ((c = getopt(argc, argv, "c:dtl:P:u:V:vh")) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case 'd':
			o->is_foreground = true;
			break;
		case 't':
			o->checks_only = true;
			break;
		case 'l':
			o->over.log = strdup(optarg);
			break;
		case 'P':
			o->over.pid = strdup(optarg);
			break;
		case 'u':
			o->over.user = strdup(optarg);
			break;
		case 'V':
			o->over.verbosity = atoi(optarg);
			break;
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
	if (optind == argc)
		return 0;
	fprintf(stderr, "nsd-verify: unexpected argument %s\n", argv[optind]);
	usage(stderr);
	return 2;
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

static bool
enter_directories(const struct daemon *d)
{
	const struct conf_server *s = &d->conf->server;
	const char *chroot_dir = s->chroot;
	if (chroot_dir != NULL && chroot_dir[0] != '\0' &&
	    (chroot(chroot_dir) == -1 || chdir("/") == -1)) {
		fprintf(stderr, "nsd-verify: error: chroot: %s: %s\n",
		    chroot_dir, strerror(errno));
		return false;
	}
	if (s->zonesdir != NULL && s->zonesdir[0] != '\0' &&
	    chdir(s->zonesdir) == -1) {
		fprintf(stderr, "nsd-verify: error: zonesdir: %s: %s\n",
		    s->zonesdir, strerror(errno));
		return false;
	}
	return true;
}

/* xfrd opens it again for good; what is wrong with it is said before anything
 * is started. */
static bool
check_state(const struct daemon *d)
{
	struct statedir *s = NULL;
	char why[STATEDIR_WHY_MAX];
	bool is_good = statedir_open(d->conf->server.state_dir,
	    d->has_user ? d->user.uid : geteuid(),
	    d->has_user ? d->user.gid : getegid(), &s, why) == OK &&
	    statedir_lock(s, 1500, why) == OK;
	statedir_close(&s);
	if (!is_good)
		fprintf(stderr, "nsd-verify: error: %s\n", why);
	return is_good;
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
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
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
	if (o.checks_only)
		return 0;
	d.is_foreground = o.is_foreground || d.conf->server.debug_mode;
	if (!find_user(&d) || !check_state(&d))
		return 1;
	if (!daemon_open_log(&d)) {
		fprintf(stderr, "nsd-verify: error: logfile: %s: %s\n",
		    d.conf->server.logfile, strerror(errno));
		return 1;
	}
	if (!enter_directories(&d))
		return 1;
	if (!d.is_foreground && !daemonize(&d)) {
		ev_system_trouble("going to the background", strerror(errno));
		return 1;
	}
	return supervisor_main(&d);
}

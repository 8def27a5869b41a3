/* control.c - nsd-verify-control: one command to the daemon, by nsd-control's
 * protocol over the unix socket of the configuration. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"

#include "base/fd.h"
#include "base/sock.h"
#include "conf/conf.h"

static const struct {
	const char *name, *synopsis, *help;
} commands[] = {
#define COMMAND(name, least, most, synopsis, help) { #name, synopsis, help },
#include "tables/commands.def"
#undef COMMAND
};

static void
usage(FILE *to)
{
	fprintf(to, "Usage: nsd-verify-control [-c FILE] [-s SOCKET] "
	    "COMMAND [ARGUMENT...]\n"
	    "  -c FILE    configuration [" NSDV_CONFDIR "/nsd-verify.conf]\n"
	    "  -s SOCKET  path of the control socket\n"
	    "Commands:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-15s %-8s %s\n", commands[i].name,
		    commands[i].synopsis, commands[i].help);
}

/* The first unix socket of control-interface. */
static char *
socket_of(const char *file)
{
	struct conf_report r = { 0 };
	struct conf *c = NULL;
	char text[1024], *path = NULL;
	if (conf_load_file(file, &r, &c) != OK) {
		for (const struct conf_message *m = r.first; m != NULL;
		    m = m->next)
			if (m->is_error)
				fprintf(stderr, "%s\n", conf_message_text(m,
				    text, sizeof(text)));
		return NULL;
	}
	for (size_t i = 0; i < c->remote.control_interface.n; i++)
		if (c->remote.control_interface.at[i].path != NULL &&
		    path == NULL)
			path = strdup(c->remote.control_interface.at[i].path);
	if (!c->remote.control_enable) {
		fprintf(stderr, "nsd-verify-control: error: %s has "
		    "control-enable: no\n", file);
		free(path);
		path = NULL;
	} else if (path == NULL) {
		fprintf(stderr, "nsd-verify-control: error: %s names no unix "
		    "socket in control-interface\n", file);
	}
	conf_destroy(&c);
	conf_report_end(&r);
	return path;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un un;
	if (!sock_unix_addr(path, &un))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&un, sizeof(un)) ==
	    -1)
		fd_close(&fd);
	return fd;
}

static bool
send_command(int fd, char **words, int count)
{
	char line[4096];
	size_t n = (size_t)snprintf(line, sizeof(line), "NSDCT1 ");
	for (int i = 0; i < count && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " %s",
		    words[i]);
	if (n + 2 > sizeof(line))
		return false;
	line[n++] = '\n';
	return fd_write_all(fd, line, n);
}

/* 1 if the reply begins with "error". */
static int
print_reply(int fd)
{
	char octets[8192], first[6] = "";
	size_t seen = 0;
	ssize_t n;
	while ((n = read(fd, octets, sizeof(octets))) > 0) {
		for (ssize_t i = 0; i < n && seen < 5; i++)
			first[seen++] = octets[i];
		fwrite(octets, 1, (size_t)n, stdout);
	}
	return strcmp(first, "error") == 0;
}

int
main(int argc, char **argv)
{
	const char *file = NSDV_CONFDIR "/nsd-verify.conf";
	char *path = NULL;
	int c;
	while ((c = getopt(argc, argv, "+c:s:hV")) != -1) {
		if (c == 'c')
			file = optarg;
		else if (c == 's')
			path = strdup(optarg);
		else {
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 1;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return 1;
	}
	if (path == NULL && (path = socket_of(file)) == NULL)
		return 1;
	int fd = connect_to(path);
	if (fd == -1) {
		bool is_down = errno == ECONNREFUSED || errno == ENOENT;
		fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
		if (strcmp(argv[optind], "status") == 0 && is_down)
			printf("nsd-verify is not running\n");
		return is_down && strcmp(argv[optind], "status") == 0 ? 3 : 1;
	}
	if (!send_command(fd, argv + optind, argc - optind)) {
		fprintf(stderr, "error: the command could not be sent\n");
		return 1;
	}
	int end = print_reply(fd);
	close(fd);
	free(path);
	return end;
}

/* fuzz_tcp.c - any octets on a TCP connection, in pieces of any length, read by
 * a peer that is slow or that goes away (libFuzzer). An octet says what comes
 * next: 0 to 0xdf that many octets of the stream, then 0xe0 to 0xff what the
 * peer does. What it reads must be whole messages that our own reader takes,
 * and the connection must end when it has closed. */
#include "fuzz_world.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/tcp.h"

/* The kernel delivers at once, unless it has others to serve: then it is waited
 * for, ten seconds. */
#define TURNS_QUICK 1000
#define TURNS_MAX 11000
#define DO_READ 0xe0	/* some octets of the answers */
#define DO_TURN 0xf0	/* nothing, but time passes */

#define HERE "127.0.0.1"

static struct event_base *loop;
static struct addr where;
static struct serve_tcp *tcp;

/* What the peer has read. */
static struct octets answers;

static void
turn(void)
{
	require(event_base_loop(loop, EVLOOP_NONBLOCK) != -1);
}

/* For something that must come. */
static void
turn_for(unsigned *turns)
{
	require(*turns < TURNS_MAX);
	if ((*turns)++ > TURNS_QUICK)
		usleep(1000);
	turn();
}

static void
start(void)
{
	struct serve_tcp_limits limits = { .count = 4, .query_count = 40,
		.timeout_s = 60 };
	socklen_t len = sizeof(where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	fuzz_world(HERE, ACL_NOKEY);
	fuzz_configure(0);
	loop = event_base_new();
	require(addr_parse(HERE, 0, &where) && loop != NULL && fd != -1 &&
	    bind(fd, &where.sa, addr_len(&where)) == 0 &&
	    listen(fd, 16) == 0 && getsockname(fd, &where.sa, &len) == 0);
	require(serve_tcp_create(loop, &kit->serve, &limits, NULL, &tcp) ==
	    OK && serve_tcp_listen(tcp, fd) == OK);
}

/* It goes away without a trace: there are not so many ports. */
static int
peer_connect(void)
{
	struct linger at_once = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(fd != -1 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof(at_once)) == 0 &&
	    connect(fd, &where.sa, addr_len(&where)) == 0);
	for (unsigned turns = 0; serve_tcp_count(tcp) == 0; )
		turn_for(&turns);
	return fd;
}

/* False: there will be no more. */
static bool
take(int fd, size_t most)
{
	uint8_t octets[65536];
	ssize_t n = recv(fd, octets, most < sizeof(octets) ? most :
	    sizeof(octets), MSG_DONTWAIT);
	if (n > 0)
		require(octets_add(&answers, octets, (size_t)n));
	return n > 0 || (n == -1 && errno == EAGAIN);
}

static void
play(int fd, const uint8_t *script, size_t len)
{
	for (size_t at = 0; at < len; ) {
		uint8_t what = script[at++];
		size_t n = what < len - at ? what : len - at;
		if (what >= DO_READ && what < DO_TURN)
			(void)take(fd, (size_t)1 << (what - DO_READ));
		if (what < DO_READ) {
			/* What does not go is lost: a stream like any other. */
			(void)!send(fd, script + at, n,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
			at += n;
		}
		turn();
	}
}

static void
check_answers(bool is_cut)
{
	size_t at = 0;
	while (answers.len - at >= 2) {
		size_t n = octets_u16(answers.at + at);
		if (answers.len - at - 2 < n)
			break;
		fuzz_check_message(answers.at + at + 2, n);
		at += 2 + n;
	}
	require(is_cut || at == answers.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *script, size_t len)
{
	unsigned turns = 0;
	bool is_open = true;
	if (kit == NULL)
		start();
	int fd = peer_connect();
	answers.len = 0;
	play(fd, script, len);
	bool is_cut = len > 0 && (script[len - 1] & 1) != 0;
	if (!is_cut && shutdown(fd, SHUT_WR) == 0)
		while (is_open) {
			turn_for(&turns);
			is_open = take(fd, 65536);
		}
	close(fd);
	for (turns = 0; serve_tcp_count(tcp) > 0; )
		turn_for(&turns);
	check_answers(is_cut);
	return 0;
}

/* test_proc_ipc.c - a channel between processes: what is not in the table, not
 * from this role, or not whole ends its sender and leaves nothing open. */
#include <dirent.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "proc/ipc.h"

struct end {
	unsigned messages, gone, breaches;
	uint32_t number;
};

static void
on_message(void *arg, struct ipc *c, struct ipc_msg *m)
{
	struct end *e = arg;
	(void)c;
	e->messages++;
	if (m->type == MSG_want_candidate)
		e->number = ((const struct msg_want_candidate *)m->body)->
		    number;
}

static struct ipc *channel;

static void
on_gone(void *arg, struct ipc *c, bool is_breach)
{
	struct end *e = arg;
	assert_ptr_equal(c, channel);
	e->gone++;
	e->breaches += is_breach;
	ipc_close(&channel);
}

static unsigned
open_descriptors(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");
	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* What the supervisor's end makes of these octets from the store. */
static struct end
receive(const void *octets, size_t len, const int *fds, unsigned n_fds)
{
	struct end e = { 0 };
	struct ipc_user user = { on_message, on_gone, &e };
	struct event_base *loop = event_base_new();
	int pair[2];
	assert_true(ipc_pair(pair));
	channel = ipc_open(loop, pair[0], ROLE_SUPERVISOR, ROLE_STORE, 0,
	    &user);
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int) * 128)];
	} control = { .octets = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)octets, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (n_fds > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * n_fds);
	}
	assert_int_equal(sendmsg(pair[1], &m, 0), len);
	event_base_loop(loop, EVLOOP_NONBLOCK);
	ipc_close(&channel);
	close(pair[1]);
	event_base_free(loop);
	return e;
}

static size_t
message(uint8_t *at, uint32_t type, uint32_t body_len, size_t payload)
{
	memset(at, 0, 8 + body_len + payload);
	memcpy(at, &type, 4);
	memcpy(at + 4, &body_len, 4);
	if (body_len >= 4)
		at[8] = 7;
	return 8 + body_len + payload;
}

static void
test_good(void **state)
{
	uint8_t m[64];
	(void)state;
	struct end e = receive(m, message(m, MSG_want_candidate,
	    sizeof(struct msg_want_candidate), 0), NULL, 0);
	assert_int_equal(e.messages, 1);
	assert_int_equal(e.number, 7);
	assert_int_equal(e.gone, 0);
}

static void
is_breach(const uint8_t *m, size_t len, const int *fds, unsigned n)
{
	unsigned before = open_descriptors();
	struct end e = receive(m, len, fds, n);
	assert_int_equal(e.messages, 0);
	assert_int_equal(e.breaches, 1);
	assert_int_equal(open_descriptors(), before);
}

static void
test_breaches(void **state)
{
	static uint8_t m[IPC_MAX_OCTETS + 64];
	int fds[100];
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		fds[i] = 2;
	/* No such type; not of this role; a body too short or too long; none
	 * at all. */
	is_breach(m, message(m, MSG_TYPES, 4, 0), NULL, 0);
	is_breach(m, message(m, UINT32_MAX, 4, 0), NULL, 0);
	is_breach(m, message(m, MSG_order, sizeof(struct msg_order), 0), NULL,
	    0);
	is_breach(m, message(m, MSG_want_candidate, 0, 0), NULL, 0);
	is_breach(m, message(m, MSG_want_candidate, 8, 0), NULL, 0);
	is_breach(m, 3, NULL, 0);
	/* Descriptors where none belong, more than any message has, and a
	 * message longer than any may be. */
	size_t len = message(m, MSG_want_candidate,
	    sizeof(struct msg_want_candidate), 0);
	is_breach(m, len, fds, 1);
	is_breach(m, len, fds, 100);
	len = message(m, MSG_want_candidate, sizeof(struct msg_want_candidate),
	    IPC_MAX_OCTETS);
	is_breach(m, len, NULL, 0);
}

/* An end of file that brings descriptors along. */
static void
test_empty(void **state)
{
	int fds[2] = { 2, 2 };
	(void)state;
	unsigned before = open_descriptors();
	struct end e = receive("", 0, fds, 2);
	assert_int_equal(e.messages, 0);
	assert_int_equal(e.gone, 1);
	assert_int_equal(open_descriptors(), before);
}

static void
test_sealed(void **state)
{
	char path[] = "/tmp/ipcXXXXXX";
	int fd = fd_memfile("net", "abc", 3);
	(void)state;
	assert_true(fd_is_sealed(fd));
	close(fd);
	fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	unlink(path);
	assert_false(fd_is_sealed(fd));
	close(fd);
	assert_false(fd_is_sealed(-1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_breaches),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

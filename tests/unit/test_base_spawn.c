/* test_base_spawn.c - a command inherits what is named, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/reap.h"
#include "base/spawn.h"

static char *const plain_env[] = { "PATH=/usr/bin:/bin", "ONE=1", NULL };

/* What the command wrote to its standard output; returns its wait status. */
static int
run_spec(struct spawn_spec *s, char *out, size_t room)
{
	int ends[2], report, status;
	pid_t pid;
	struct spawn_failure f;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s->fds[1] = ends[1];
	assert_int_equal(spawn_start(s, &pid, &report, &f), OK);
	close(ends[1]);
	assert_true(spawn_report(&report, &f));
	assert_int_equal(report, -1);
	size_t at = 0;
	ssize_t n;
	while (at < room - 1 && (n = read(ends[0], out + at,
	    room - 1 - at)) > 0)
		at += (size_t)n;
	out[at] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
run_shell(const char *script, char *out, size_t room)
{
	char *argv[] = { "sh", "-c", (char *)(uintptr_t)script, NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 } };
	return run_spec(&s, out, room);
}

static struct spawn_failure
fail_spec(const struct spawn_spec *s, int *status)
{
	int report;
	pid_t pid;
	struct spawn_failure f;
	assert_int_equal(spawn_start(s, &pid, &report, &f), OK);
	assert_false(spawn_report(&report, &f));
	assert_int_equal(waitpid(pid, status, 0), pid);
	return f;
}

static void
test_output_and_exit(void **state)
{
	(void)state;
	char out[100];
	int st = run_shell("echo hello; exit 7", out, sizeof(out));
	assert_string_equal(out, "hello\n");
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 7);
}

static void
test_environment_is_exact(void **state)
{
	(void)state;
	char out[1000];
	setenv("NOT_FOR_YOU", "x", 1);
	char *argv[] = { "env", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 } };
	assert_int_equal(run_spec(&s, out, sizeof(out)), 0);
	assert_string_equal(out, "PATH=/usr/bin:/bin\nONE=1\n");
}

static void
test_no_descriptor_leaks(void **state)
{
	(void)state;
	char out[1000];
	int high[3];
	/* Neither marked close-on-exec. */
	high[0] = open("/dev/null", O_RDWR);
	high[1] = fcntl(high[0], F_DUPFD, 200);
	high[2] = fcntl(high[0], F_DUPFD, 900);
	assert_true(high[2] >= 900);
	/* ls has its own descriptor 3 for the directory. */
	int st = run_shell("ls /proc/self/fd | tr '\\n' ' '", out,
	    sizeof(out));
	assert_int_equal(st, 0);
	assert_string_equal(out, "0 1 2 3 ");
	for (int i = 0; i < 3; i++)
		close(high[i]);
}

static void
test_descriptors_may_be_swapped(void **state)
{
	(void)state;
	int a[2], b[2];
	char text[10];
	/* Far ends that stand on low numbers, crosswise. */
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	char *argv[] = { "sh", "-c", "printf out; printf err >&2", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, b[1], a[1] } };
	pid_t pid;
	int report, status;
	struct spawn_failure f;
	int saved = dup(2);
	assert_int_equal(dup2(b[1], 2), 2);	/* output will be our 2 */
	s.fds[1] = 2;
	enum err e = spawn_start(&s, &pid, &report, &f);
	dup2(saved, 2);
	close(saved);
	assert_int_equal(e, OK);
	assert_true(spawn_report(&report, &f));
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(read(b[0], text, sizeof(text)), 3);
	assert_memory_equal(text, "out", 3);
	assert_int_equal(read(a[0], text, sizeof(text)), 3);
	assert_memory_equal(text, "err", 3);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

static void
test_null_input(void **state)
{
	(void)state;
	char out[100];
	assert_int_equal(run_shell("cat; readlink /proc/self/fd/0", out,
	    sizeof(out)), 0);
	assert_string_equal(out, "/dev/null\n");
}

static void
test_not_found(void **state)
{
	(void)state;
	char *argv[] = { "no-such-command-here", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, -1 } };
	int st;
	char text[SPAWN_FAILURE_TEXT_MAX];
	struct spawn_failure f = fail_spec(&s, &st);
	assert_int_equal(f.step, SPAWN_EXEC);
	assert_int_equal(f.error, ENOENT);
	assert_int_equal(spawn_exit_code(&f), 127);
	assert_int_equal(WEXITSTATUS(st), 127);
	assert_string_equal(spawn_failure_text(&f, text),
	    "No such file or directory");
}

static void
test_not_executable(void **state)
{
	(void)state;
	char path[] = "/tmp/spawn-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd != -1);
	close(fd);
	char *argv[] = { path, NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, -1 } };
	int st;
	struct spawn_failure f = fail_spec(&s, &st);
	unlink(path);
	assert_int_equal(f.step, SPAWN_EXEC);
	assert_int_equal(f.error, EACCES);
	assert_int_equal(spawn_exit_code(&f), 126);
	assert_int_equal(WEXITSTATUS(st), 126);
}

/* execvp: a script without "#!" runs as one of the shell. */
static void
test_script_without_interpreter(void **state)
{
	(void)state;
	char path[] = "/tmp/spawn-test-XXXXXX", out[100];
	int fd = mkstemp(path);
	assert_true(fd_write_all(fd, "echo plain script\n", 18));
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	char *argv[] = { path, NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 } };
	int st = run_spec(&s, out, sizeof(out));
	unlink(path);
	assert_int_equal(st, 0);
	assert_string_equal(out, "plain script\n");
}

static void
test_path_is_the_commands(void **state)
{
	(void)state;
	char *argv[] = { "ls", NULL };
	char *env[] = { "PATH=/nonexistent", NULL };
	struct spawn_spec s = { .argv = argv, .env = env,
		.fds = { -1, -1, -1 } };
	int st;
	struct spawn_failure f = fail_spec(&s, &st);
	assert_int_equal(f.error, ENOENT);
}

static void
test_bad_directory_is_named(void **state)
{
	(void)state;
	char *argv[] = { "true", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, -1 }, .directory = "/no/such/directory" };
	int st;
	char text[SPAWN_FAILURE_TEXT_MAX];
	struct spawn_failure f = fail_spec(&s, &st);
	assert_int_equal(f.step, SPAWN_DIRECTORY);
	assert_int_equal(spawn_exit_code(&f), 126);
	assert_string_equal(spawn_failure_text(&f, text),
	    "working directory: No such file or directory");
}

static void
test_directory(void **state)
{
	(void)state;
	char out[100];
	char *argv[] = { "pwd", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 }, .directory = "/usr" };
	assert_int_equal(run_spec(&s, out, sizeof(out)), 0);
	assert_string_equal(out, "/usr\n");
}

static void
test_signals_are_default(void **state)
{
	(void)state;
	char out[400];
	sigset_t usr, before;
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr, &before);
	void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
	char *argv[] = { "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status",
		NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 } };
	int st = run_spec(&s, out, sizeof(out));
	signal(SIGPIPE, pipe_before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(st, 0);
	assert_string_equal(out, "SigBlk:\t0000000000000000\n"
	    "SigIgn:\t0000000000000000\n");
}

static void
test_session_of_its_own(void **state)
{
	(void)state;
	char out[100];
	/* pid, process group and session are one number. */
	assert_int_equal(run_shell("set -- $(cat /proc/$$/stat); "
	    "test $1 = $5 && test $1 = $6 && echo own", out, sizeof(out)), 0);
	assert_string_equal(out, "own\n");
}

static void
test_limits(void **state)
{
	(void)state;
	char out[100];
	char *argv[] = { "sh", "-c", "ulimit -v; ulimit -t", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 }, .memory_octets = 512u << 20,
		.cpu_s = 33 };
	assert_int_equal(run_spec(&s, out, sizeof(out)), 0);
	assert_string_equal(out, "524288\n33\n");
}

static void
test_user(void **state)
{
	(void)state;
	struct spawn_user u;
	char out[200];
	assert_int_equal(spawn_user_find("no-such-user-here", &u),
	    ERR_NOT_FOUND);
	assert_int_equal(spawn_user_find("4294967295.4294967295", &u),
	    ERR_NOT_FOUND);
	assert_int_equal(spawn_user_find("12.34", &u), OK);
	assert_int_equal(u.uid, 12);
	assert_int_equal(u.gid, 34);
	assert_int_equal(u.group_count, 1);
	assert_int_equal(spawn_user_find("nobody", &u), OK);
	if (geteuid() != 0)
		skip();
	char *argv[] = { "sh", "-c", "id -un; id -G | wc -w", NULL };
	struct spawn_spec s = { .argv = argv, .env = plain_env,
		.fds = { -1, -1, 2 }, .user = &u };
	assert_int_equal(run_spec(&s, out, sizeof(out)), 0);
	assert_string_equal(out, "nobody\n1\n");
}

/* One who is not root cannot become another: the step fails, nothing runs. */
static void
test_user_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct spawn_user nobody, other = { .uid = 1, .gid = 1 };
	assert_int_equal(spawn_user_find("nobody", &nobody), OK);
	pid_t pid = fork();
	if (pid == 0) {
		bool is_nobody = spawn_user_become(&nobody);
		bool is_other = spawn_user_become(&other);
		_exit(is_nobody && !is_other && getuid() == nobody.uid ? 0 :
		    1);
	}
	int st;
	waitpid(pid, &st, 0);
	assert_int_equal(st, 0);
}

static void
test_killed_early_counts_as_started(void **state)
{
	(void)state;
	char out[10];
	int st = run_shell("kill -9 $$", out, sizeof(out));
	assert_true(WIFSIGNALED(st));
	assert_int_equal(WTERMSIG(st), SIGKILL);
}

/* A child of a child in a session of its own comes to us and is ended; the one
 * that is spared lives. */
static void
test_reap_signal_all(void **state)
{
	(void)state;
	if (!reap_adopt_orphans())
		skip();
	char out[100];
	int st = run_shell("f=$(mktemp); setsid sh -c 'sleep 100 & sleep 101 & "
	    "echo up > \"$0\"; wait' \"$f\" > /dev/null 2>&1 & "
	    "while [ ! -s \"$f\" ]; do sleep 0.01; done; rm \"$f\"; echo gone",
	    out, sizeof(out));
	assert_int_equal(st, 0);
	pid_t spared = fork();
	if (spared == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* if the test fails */
		pause();
		_exit(0);
	}
	unsigned ended = 0;
	for (int round = 0; round < 200; round++) {
		pid_t pid;
		reap_signal_all(SIGKILL, &spared, 1);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
			assert_int_not_equal(pid, spared);
			ended++;
		}
		if (ended >= 3)
			break;
		usleep(5000);
	}
	assert_int_equal(ended, 3);
	assert_int_equal(reap_signal_all(0, &spared, 1), 0);
	assert_int_equal(kill(spared, SIGKILL), 0);
	assert_int_equal(waitpid(spared, &st, 0), spared);
}

/* The number in it is not enough: it must be a child of that parent. */
static void
test_reap_pidfd(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int parents = (int)syscall(SYS_pidfd_open, getppid(), 0);
	assert_true(reap_pidfd_is_child(fd, getpid()));
	assert_false(reap_pidfd_is_child(fd, getppid()));
	assert_false(reap_pidfd_is_child(parents, getpid()));
	assert_false(reap_pidfd_is_child(0, getpid()));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(reap_pidfd_is_child(fd, getpid()));
	close(fd);
	close(parents);
}

int
main(void)
{
	alarm(100);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_exit),
		cmocka_unit_test(test_environment_is_exact),
		cmocka_unit_test(test_no_descriptor_leaks),
		cmocka_unit_test(test_descriptors_may_be_swapped),
		cmocka_unit_test(test_null_input),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_not_executable),
		cmocka_unit_test(test_script_without_interpreter),
		cmocka_unit_test(test_path_is_the_commands),
		cmocka_unit_test(test_bad_directory_is_named),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_signals_are_default),
		cmocka_unit_test(test_session_of_its_own),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_refused),
		cmocka_unit_test(test_killed_early_counts_as_started),
		cmocka_unit_test(test_reap_signal_all),
		cmocka_unit_test(test_reap_pidfd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

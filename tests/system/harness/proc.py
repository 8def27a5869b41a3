"""A server process: started in a session of its own, ended by pid, its logs and
sanitizer reports kept in its directory.

All that belongs to it is found again by a mark in the environment (verifiers
and what they leave behind inherit it), by its session, or by the working
directory: a process that sets its title overwrites its environment, one that
daemonizes leaves the session."""
import os
import re
import signal
import subprocess
import time
import uuid

from .net import SLOW, wait_until

MARK = 'NSDV_TEST_PROCESS'


def sanitizer_environment(directory):
    common = 'log_path=%s/sanitizer:exitcode=99:' % directory
    return {
        # 2: the program, which sets all signals to their defaults after each
        # fork, does not get them.
        'ASAN_OPTIONS': common + 'detect_leaks=0:abort_on_error=0:'
                        'handle_segv=2:handle_sigbus=2:handle_abort=2:'
                        'handle_sigill=2:handle_sigfpe=2',
        'UBSAN_OPTIONS': common + 'print_stacktrace=1:halt_on_error=1',
    }


class Process:
    def __init__(self, directory):
        self.dir = directory
        self.mark = uuid.uuid4().hex
        self.child = None
        self.argv = None

    def start(self, argv, cwd=None, env=None):
        environment = dict(os.environ)
        environment.pop('NOTIFY_SOCKET', None)
        environment.update(sanitizer_environment(self.dir))
        environment[MARK] = self.mark
        environment.update(env or {})
        self.argv = [str(a) for a in argv]
        with open(self.dir / 'stderr', 'ab') as out:
            self.child = subprocess.Popen(
                self.argv, cwd=cwd or self.dir, env=environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def family(self):
        """Every living process that is ours: {pid: name}."""
        found = {}
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                if self._is_ours(int(entry)):
                    found[int(entry)] = process_name(int(entry))
            except OSError:
                continue
        return found

    def _is_ours(self, pid):
        state, session = status_of(pid)
        if state in 'ZX' or pid == os.getpid():
            return False
        if self.child is not None and session == self.child.pid:
            return True
        if os.path.realpath('/proc/%d/cwd' % pid) == str(self.dir):
            return True
        with open('/proc/%d/environ' % pid, 'rb') as f:
            return ('%s=%s' % (MARK, self.mark)).encode() in \
                f.read().split(b'\0')

    def stop(self, timeout=5.0):
        """TERM, then KILL; afterwards nothing of it is left. Returns the exit
        status, or None if it had to be killed."""
        status = None
        if self.is_running():
            self.child.terminate()
            try:
                status = self.child.wait(timeout * SLOW)
            except subprocess.TimeoutExpired:
                pass
        elif self.child is not None:
            status = self.child.returncode
        self.kill_all()
        return status

    def kill_all(self):
        for _ in range(50):
            left = self.family()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if self.child is not None:
                try:
                    self.child.wait(0.05)
                except subprocess.TimeoutExpired:
                    pass
            if not left:
                return
            time.sleep(0.01)

    def wait_exit(self, timeout):
        wait_until(lambda: not self.is_running(), timeout,
                   '%s ends' % self.argv[0])
        return self.child.returncode

    def sanitizer_reports(self):
        reports = ''
        for path in sorted(self.dir.glob('sanitizer.*')):
            reports += '%s:\n%s\n' % (path, path.read_text(errors='replace'))
        err = self.dir / 'stderr'
        if err.exists():
            text = err.read_text(errors='replace')
            if re.search('AddressSanitizer|runtime error:', text):
                reports += text
        return reports


def status_of(pid):
    """(state, session id)"""
    with open('/proc/%d/stat' % pid) as f:
        words = f.read().rsplit(')', 1)[1].split()
    return words[0], int(words[3])


def process_state(pid):
    return status_of(pid)[0]


def process_name(pid):
    with open('/proc/%d/comm' % pid) as f:
        return f.read().strip()


def is_alive(pid):
    try:
        return process_state(pid) not in 'ZX'
    except OSError:
        return False

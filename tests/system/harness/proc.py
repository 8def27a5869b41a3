"""A server process: started in a session of its own, found again by a mark in
its environment (verifiers and what they leave behind inherit it), ended by
pid, its logs and sanitizer reports kept in its directory."""
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
        'ASAN_OPTIONS': common + 'detect_leaks=0:abort_on_error=0:'
                        'detect_stack_use_after_return=0',
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
        """Every living process that carries our mark: {pid: name}."""
        wanted = ('%s=%s' % (MARK, self.mark)).encode()
        found = {}
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                with open('/proc/%s/environ' % entry, 'rb') as f:
                    if wanted not in f.read().split(b'\0'):
                        continue
                if process_state(int(entry)) in 'ZX':
                    continue
                found[int(entry)] = process_name(int(entry))
            except OSError:
                continue
        return found

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


def process_state(pid):
    with open('/proc/%d/stat' % pid) as f:
        return f.read().rsplit(')', 1)[1].split()[0]


def process_name(pid):
    with open('/proc/%d/comm' % pid) as f:
        return f.read().strip()


def parent_of(pid):
    with open('/proc/%d/stat' % pid) as f:
        return int(f.read().rsplit(')', 1)[1].split()[1])


def is_alive(pid):
    try:
        return process_state(pid) not in 'ZX'
    except OSError:
        return False

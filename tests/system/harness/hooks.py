"""The named points of a build with test hooks (src/base/hook.h): a process
stops there, is killed there, or hangs there."""
import os
import re

import pytest

from .net import wait_until
from .nsd import build_dir, is_ours


def build_has_hooks():
    try:
        text = (build_dir() / 'config.h').read_text()
    except OSError:
        return False
    return is_ours() and re.search(r'NSDV_TEST_HOOKS 1', text) is not None


class Hooks:
    """NAME or NAME@ZONE as in the source; zones as in the configuration."""

    def __init__(self, directory, monkeypatch):
        if not build_has_hooks():
            pytest.skip('needs a build with -Dtest_hooks=true')
        self.dir = directory / 'hooks'
        self.dir.mkdir()
        self.dir.chmod(0o777)
        monkeypatch.setenv('NSDV_HOOK_DIR', str(self.dir))

    def set(self, name, what='stop'):
        """In one step: a process never reads half of it."""
        fresh = self.dir / 'fresh'
        fresh.write_text(what)
        os.replace(fresh, self.dir / name)

    def clear(self, name):
        (self.dir / name).unlink(missing_ok=True)

    def stopped(self, name, timeout=5.0):
        """The process that has come to this point and waits there."""
        def look():
            for path in self.dir.glob(name.split('@')[0] + '.*'):
                return int(path.name.rsplit('.', 1)[1])
            return None
        return wait_until(look, timeout, 'a process is at %s' % name)

    def go_on(self, name):
        for path in self.dir.glob(name.split('@')[0] + '.*'):
            path.unlink(missing_ok=True)

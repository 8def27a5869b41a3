#!/usr/bin/python3 -B
"""The rules of the house that a machine can check.

usage: tests/lint/lint.py [ROOT] [--junit FILE]

Prints each finding as FILE:LINE: text; exit 1 if there is one. Sizes above the
aim but below the limit are no findings (-v lists them).
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

# A file includes its own folder and lower ranks, never a sibling.
RANK = {'tables': 0, 'base': 1, 'dns': 2, 'conf': 3, 'zone': 3, 'journal': 3,
        'xfr': 4, 'verify': 4, 'serve': 4, 'proc': 5, 'bin': 6}
FUNCTION_AIM, FUNCTION_LIMIT = 60, 80
FILE_AIM, FILE_LIMIT = 500, 700
WIDTH = 80
UNSAFE = {
    'strcpy', 'strcat', 'sprintf', 'vsprintf', 'gets', 'strtok',
    'atoi', 'atol', 'atoll', 'alloca', 'system', 'popen', 'mktemp',
    'tmpnam', 'tempnam', 'rand', 'srand', 'gethostbyname', 'inet_ntoa',
    'inet_addr', 'localtime', 'gmtime', 'ctime', 'asctime', 'strncpy',
    'setjmp', 'longjmp', 'select',
}
# Where one of them is right after all, and why.
ALLOWED = {
    ('src/base/sock.c', 'strcpy'): 'a constant that is shorter than any room',
    ('src/bin/control.c', 'strcpy'): 'the length is checked just before',
    ('src/proc/listen.c', 'strcpy'): 'the length is checked just before',
}
CONDITIONAL_FOLDERS = {'base', 'tables'}
CONDITIONAL_FILES = {'proc/role.c'}
# What the build decides may be asked for anywhere, around whole functions.
CONDITIONS = re.compile(r'\s*#\s*if (HAVE_\w+|NSDV_TEST_HOOKS)$')
LEFTOVER = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')
FOREIGN = re.compile(r'(?<![\w.-])/(work|root|home/\w+)/[\w.]')


class Lint:
    def __init__(self, root):
        self.root = root
        self.findings = []
        self.notes = []

    def find(self, path, line, rule, text):
        self.findings.append((path.relative_to(self.root), line, rule, text))

    def note(self, path, line, text):
        self.notes.append((path.relative_to(self.root), line, text))

    # ------------------------------------------------------------- C files
    def c_file(self, path):
        text = path.read_text()
        lines = text.split('\n')
        bare = without_comments(text).split('\n')
        self.banner(path, lines)
        self.sizes(path, bare)
        self.whitespace(path, lines)
        self.calls(path, bare)
        self.macros(path, bare)
        for number, line in enumerate(lines, 1):
            if LEFTOVER.search(line):
                self.find(path, number, 'leftover', line.strip())
        if path.suffix == '.h' and '#pragma once' not in lines:
            self.find(path, 1, 'pragma-once', 'no #pragma once')

    def banner(self, path, lines):
        if not re.match(r'/\* %s - \S' % re.escape(path.name), lines[0]):
            self.find(path, 1, 'banner',
                      'the first line is not "/* %s - ..."' % path.name)

    def sizes(self, path, bare):
        count = len(bare) - 1
        if count > FILE_LIMIT:
            self.find(path, FILE_LIMIT, 'file-length',
                      '%d lines (limit %d)' % (count, FILE_LIMIT))
        elif count > FILE_AIM:
            self.note(path, FILE_AIM, '%d lines' % count)
        for name, start, length in functions(bare):
            if length > FUNCTION_LIMIT:
                self.find(path, start, 'function-length',
                          '%s has %d lines (limit %d)' % (
                              name, length, FUNCTION_LIMIT))
            elif length > FUNCTION_AIM:
                self.note(path, start, '%s has %d lines' % (name, length))

    def whitespace(self, path, lines):
        if lines[-1] != '':
            self.find(path, len(lines), 'newline', 'no newline at the end')
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                self.find(path, number, 'whitespace', 'trailing blanks')
            if re.match(r'\t* +\t', line) or re.match(r' {8}', line):
                self.find(path, number, 'indent', 'blanks where tabs belong')
            if len(line.expandtabs(8)) > WIDTH and not line.startswith(
                    '#include') and ' ' in line.strip():
                self.find(path, number, 'width', '%d columns' % len(
                    line.expandtabs(8)))

    def calls(self, path, bare):
        for number, line in enumerate(bare, 1):
            line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
            for name in re.findall(r'(?<![\w.>])(\w+)\s*\(', line):
                place = str(path.relative_to(self.root))
                if name in UNSAFE and (place, name) not in ALLOWED:
                    self.find(path, number, 'unsafe', name)

    def macros(self, path, bare):
        """None hides control flow."""
        number = 0
        while number < len(bare):
            start = number
            whole = bare[number]
            while whole.endswith('\\') and number + 1 < len(bare):
                number += 1
                whole = whole[:-1] + bare[number]
            number += 1
            if re.match(r'\s*#\s*define\b', whole) and \
                    re.search(r'\bgoto\b', whole):
                self.find(path, start + 1, 'macro', 'hides a goto')

    # ------------------------------------------------------------ includes
    def includes(self, path, source):
        folder = path.relative_to(source).parts[0]
        name = '/'.join(path.relative_to(source).parts)
        for number, line in enumerate(path.read_text().split('\n'), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if found:
                self.include(path, number, folder, found.group(1))
            if re.match(r'\s*#\s*(if|ifdef|ifndef|elif)\b', line) and \
                    folder not in CONDITIONAL_FOLDERS and \
                    name not in CONDITIONAL_FILES and \
                    path.suffix != '.def' and not CONDITIONS.match(line):
                self.find(path, number, 'conditional',
                          '#if belongs into base/ or proc/role.c')

    def include(self, path, number, folder, target):
        if target == 'config.h':
            return
        there = target.split('/')[0]
        if '/' not in target or there not in RANK:
            self.find(path, number, 'include',
                      '"%s" does not name its folder' % target)
        elif there != folder and RANK[there] >= RANK.get(folder, 99):
            self.find(path, number, 'include', '%s must not include %s' % (
                folder, there))
        elif not (self.root / 'src' / target).is_file():
            self.find(path, number, 'include', '"%s" is not there' % target)

    # -------------------------------------------------------------- tables
    def events(self, source):
        table = source / 'tables' / 'events.def'
        text = without_comments(table.read_text())
        used = set()
        for path in source.rglob('*.[ch]'):
            used |= set(re.findall(r'\bev_(\w+)\b', path.read_text()))
        seen = {}
        for found in re.finditer(r'^EVENT\(\s*(\w+)', text, re.M):
            name = found.group(1)
            line = text[:found.start()].count('\n') + 1
            if name in seen:
                self.find(table, line, 'event', '%s stands twice' % name)
            seen[name] = line
            if name not in used:
                self.find(table, line, 'event', '%s is never written' % name)

    # ------------------------------------------------------------- scripts
    def script(self, path):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            return              # a fuzzer's seed
        if path.suffix == '.py' or text.startswith('#!/usr/bin/python'):
            try:
                compile(text, str(path), 'exec')
            except SyntaxError as e:
                self.find(path, e.lineno or 1, 'syntax', e.msg)
        elif path.suffix == '.sh' or re.match('#!/bin/(ba)?sh', text):
            shell = 'bash' if text.startswith('#!/bin/bash') else 'sh'
            done = subprocess.run([shell, '-n', path], capture_output=True,
                                  text=True)
            if done.returncode:
                self.find(path, 1, 'syntax', done.stderr.strip())

    def anywhere(self, path):
        """The repository speaks of the project alone."""
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            return
        for number, line in enumerate(text.split('\n'), 1):
            if FOREIGN.search(line) and path != Path(__file__).resolve():
                self.find(path, number, 'machine', line.strip()[:70])

    def run(self):
        source = self.root / 'src'
        for path in sorted(source.rglob('*')):
            if path.suffix in ('.c', '.h'):
                self.c_file(path)
            if path.suffix in ('.c', '.h', '.def'):
                self.includes(path, source)
        self.events(source)
        for folder in ('tests', 'contrib', '.ci'):
            for path in sorted((self.root / folder).rglob('*')):
                if path.is_file() and '__pycache__' not in path.parts and \
                        path.suffix not in ('.c', '.h', '.pyc'):
                    self.script(path)
        for path in tracked(self.root):
            self.anywhere(path)


def tracked(root):
    try:
        listed = subprocess.run(['git', '-C', root, 'ls-files'],
                                capture_output=True, text=True).stdout
    except FileNotFoundError:
        listed = ''
    paths = [root / p for p in listed.splitlines()] or \
        [p for p in root.rglob('*')
         if not {'.git', 'build'} & set(p.relative_to(root).parts)]
    return [p for p in paths if p.is_file()]


def without_comments(text):
    """Comments become blanks, lines stay where they are."""
    def blank(found):
        part = found.group(0)
        if part.startswith('/'):
            return re.sub(r'[^\n]', ' ', part)
        return part
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                  r"'(?:\\.|[^'\\\n])+'", blank, text, flags=re.S)


def functions(bare):
    """(name, first line, lines) of each definition in our layout: the name
    stands at the start of a line, the braces of the body too."""
    name = start = None
    is_open = False
    for number, line in enumerate(bare, 1):
        found = re.match(r'(\w+)\(', line)
        if found and not is_open and not line.rstrip().endswith(';'):
            name, start = found.group(1), number
        elif line.startswith('{') and name:
            is_open = True
        elif line.startswith('}'):
            if is_open and name:
                yield name, start, number - start + 1
            name, is_open = None, False


def write_junit(path, lint):
    rules = ['banner', 'file-length', 'function-length', 'newline',
             'whitespace', 'indent', 'width', 'unsafe', 'macro',
             'pragma-once', 'leftover', 'include', 'conditional', 'event',
             'syntax', 'machine']
    cases, failures = '', 0
    for rule in rules:
        found = ['%s:%d: %s' % (p, n, t) for p, n, r, t in lint.findings
                 if r == rule]
        failures += bool(found)
        inner = '<failure message=%s/>' % quoteattr(
            '\n'.join(found)) if found else ''
        cases += '<testcase classname="lint" name="%s">%s</testcase>\n' % (
            rule, inner)
    path.write_text('<testsuite name="lint" tests="%d" failures="%d">\n%s'
                    '</testsuite>\n' % (len(rules), failures, cases))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('root', nargs='?', type=Path,
                        default=Path(__file__).resolve().parents[2])
    parser.add_argument('--junit', type=Path)
    parser.add_argument('-v', action='store_true')
    arguments = parser.parse_args()
    lint = Lint(arguments.root.resolve())
    lint.run()
    for path, line, rule, text in lint.findings:
        print('%s:%d: %s: %s' % (path, line, rule, text))
    if arguments.v:
        for path, line, text in lint.notes:
            print('%s:%d: note: %s' % (path, line, text))
    if arguments.junit:
        write_junit(arguments.junit, lint)
    return 1 if lint.findings else 0


if __name__ == '__main__':
    sys.exit(main())

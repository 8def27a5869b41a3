#!/usr/bin/python3 -B
"""Sums up JUnit files: the one line that tests/run.sh ends with.

usage: tests/count.py FILE...           prints "N passed, N failed"
       tests/count.py --join OUT FILE...  writes one file from several

A file that is missing or empty of tests counts as one failure: a stage that
did not get so far as to test anything is no success.
"""
import sys
import xml.etree.ElementTree as xml


def cases(path):
    return list(xml.parse(path).getroot().iter('testcase'))


def has(case, *tags):
    return any(case.find(tag) is not None for tag in tags)


def name_of(case):
    return '%s.%s' % (case.get('classname', ''), case.get('name', ''))


def count(paths):
    passed = failed = 0
    for path in paths:
        try:
            found = cases(path)
        except (OSError, xml.ParseError) as e:
            found = []
            print('no result: %s: %s' % (path, e))
        if not found:
            failed += 1
            print('nothing ran: %s' % path)
        for case in found:
            if has(case, 'failure', 'error'):
                failed += 1
                print('failed: %s' % name_of(case))
            elif not has(case, 'skipped'):
                passed += 1
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed or not passed else 0


def join(out, paths):
    suite = xml.Element('testsuite')
    for path in paths:
        suite.extend(cases(path))
    xml.ElementTree(suite).write(out)
    return 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['--join']:
        sys.exit(join(sys.argv[2], sys.argv[3:]))
    sys.exit(count(sys.argv[1:]))

#!/usr/bin/python3 -B
"""Sums up JUnit files: the one line that tests/run.sh ends with.

usage: tests/count.py FILE...           prints "N passed, N failed"
       tests/count.py --join OUT FILE...  writes one file from several; of a test
                                        that stands in two the later holds
       tests/count.py --again FILE        tests worth a second run by themselves

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
    last = {name_of(c): c for path in paths for c in cases(path)}
    suite.extend(last.values())
    xml.ElementTree(suite).write(out)
    return 0


AGAIN_MAX = 5
NEVER_AGAIN = ('anitizer', 'runtime error', 'crashes:', 'goes back',
               'unverified')


def again(path):
    """A machine that is busy with other tests makes one too slow now and
    then. A crash, a sanitizer's report or a broken promise is no matter of
    speed, and many failures are no accident."""
    failed = [c for c in cases(path) if has(c, 'failure', 'error')]
    texts = [''.join(c.itertext()) + str([t.attrib for t in c])
             for c in failed]
    if len(failed) > AGAIN_MAX or any(w in t for w in NEVER_AGAIN
                                      for t in texts):
        return 1
    for case in failed:
        print('%s.py::%s' % (case.get('classname').split('.')[-1],
                             case.get('name')))
    return 0 if failed else 1


if __name__ == '__main__':
    if sys.argv[1:2] == ['--join']:
        sys.exit(join(sys.argv[2], sys.argv[3:]))
    if sys.argv[1:2] == ['--again']:
        sys.exit(again(sys.argv[2]))
    sys.exit(count(sys.argv[1:]))

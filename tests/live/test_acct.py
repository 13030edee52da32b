#!/usr/bin/python3
"""What this kernel's acct(2) writes, imported and held against the GNU accounting utilities.

Accounting is per pid namespace: it is switched on in one of the test's own, and ends with it
whatever happens, so that no other accounting on this host is disturbed. DAYBOOK is the program under
test.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'reference'))
import pacct  # pylint: disable=wrong-import-position

DAYBOOK = os.environ['DAYBOOK']

WORKLOAD = '''
/bin/true
/bin/false
sh -c 'exit 3'
sh -c 'kill -9 $$'
(exit 5)
sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'
ln -s /bin/true "$1/name-of-exactly-more-than-fifteen"
"$1/name-of-exactly-more-than-fifteen"
setpriv --reuid 4000000000 --clear-groups true
for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done
'''


def record(folder):
    """Runs the workload under accounting; gives the file, or None where the kernel refuses."""
    path = folder / 'pacct'
    path.touch(mode=0o600)
    script = f'accton "$1/pacct" >&2 || exit 99\n{WORKLOAD}\nwait\naccton off >&2'
    done = subprocess.run(['unshare', '--pid', '--fork', '--kill-child', 'bash', '-c', script,
                           'workload', str(folder)], env=pacct.ENVIRONMENT, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode == 0 and path.stat().st_size != 0:
        return path
    return None


class AcctTest(unittest.TestCase):
    """One recording, seen by all."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.path = record(self.folder)
        if self.path is None:
            self.assertFalse(os.environ.get('CI'), 'CI must run this, but acct(2) is refused')
            self.skipTest('acct(2) is refused')
        self.log = str(self.folder / 'log')
        pacct.run(DAYBOOK, 'import', str(self.path), '-o', self.log)

    def test_gnu_sees_the_same(self):
        """Ours from the log, theirs from the file; a uid above 2^31 is negative in theirs."""
        ours = pacct.run(DAYBOOK, 'list', '--style', 'lastcomm', '--log', self.log)
        theirs = pacct.run('lastcomm', '-f', str(self.path))
        self.assertEqual(ours.split(b'\n'),
                         theirs.replace(b' -2949672 ', b' 40000000 ').split(b'\n'))
        ours = pacct.run(DAYBOOK, 'summary', '--style', 'sa', '--log', self.log)
        self.assertEqual(sorted(ours.split(b'\n')),
                         sorted(pacct.run('sa', '-i', str(self.path)).split(b'\n')))
        exported = pacct.run(DAYBOOK, 'export', '--format', 'pacct', '--log', self.log)
        self.assertEqual(exported, self.path.read_bytes())

    def test_what_was_done_is_there(self):
        """By what the workload did, whatever GNU's utilities say."""
        output = pacct.run(DAYBOOK, 'list', '--log', self.log, '--output', 'jsonl')
        lives = [json.loads(line) for line in output.splitlines()]
        ends = [(life['comm'], life['exit_code'], life['signal']) for life in lives]
        for end in (('true', 0, None), ('false', 1, None), ('sh', 3, None), ('sh', None, 9),
                    ('bash', 5, None), ('name-of-exactly', 0, None)):
            self.assertIn(end, ends)
        self.assertEqual([life['comm'] for life in lives if life['uid'] == 4000000000], ['true'])
        self.assertEqual(ends.count(('true', 0, None)), 12)
        pacct.run(DAYBOOK, 'verify', '--log', self.log)


if __name__ == '__main__':
    unittest.main()

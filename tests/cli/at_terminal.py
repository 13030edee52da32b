"""at_terminal.py COLUMNS COMMAND...: runs the command at a terminal of that width, as a person would.

What it shows there goes to standard output; the exit status is that of the command.
"""

import fcntl
import os
import pty
import struct
import sys
import termios

columns = int(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
try:
    while part := os.read(terminal, 65536):
        seen += part
except OSError:  # how Linux ends it
    pass
sys.stdout.buffer.write(seen.replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

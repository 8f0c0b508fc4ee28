"""Become a tool server: this process turns into the command it is given, and dies with the call.

Run as a script, never imported: a call that is killed cannot stop what it started.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CANNOT_RUN = 127  # as a shell says


def main(call_pid: int, command: list[str]) -> None:
    """Does not return."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != call_pid:
        sys.exit()  # it died before it could be watched
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold what people said
    try:
        os.execvp(command[0], command)  # noqa: S606 - what runs is the operator's to say
    except OSError:
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

"""Become an engine: this process turns into the command it is given, and dies with the server.

Run as a script, not imported: between fork and exec of a threaded server nothing may be done.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
OOM_SCORE = "500"  # when memory runs out the kernel takes the engine, which is brought again
CANNOT_RUN = 127  # as a shell says


def main(server_pid: int, command: list[str]) -> None:
    """Does not return."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write(OOM_SCORE)
    if os.getppid() != server_pid:
        sys.exit()  # it died before it could be watched
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold what people said
    try:
        os.execv(command[0], command)  # noqa: S606 - what runs is the caller's to say
    except OSError as exc:
        sys.stderr.write(f"E {command[0]} cannot be run: {exc.strerror}\n")
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

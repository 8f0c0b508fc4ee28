"""`python -m inference.cuda_driver 580.65 inference.stt`: run the module if the driver will do.

For images with CUDA in them: each CUDA works with drivers from a version on, and what an older one
makes of it is an error deep within, minutes later.
"""

import os
import sys

import pynvml

from chassis.settings import exit_bad_settings

Version = tuple[int, ...]


def main(needed: str, module: str) -> None:
    """Becomes `python -m module`, or exits EXIT_BAD_SETTINGS saying what is wrong."""
    if (problem := problem_of(driver_version(), needed)) is not None:
        exit_bad_settings([problem])
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - this very Python


def driver_version() -> str | None:
    """Of the NVIDIA driver; None where there is none, or it answers nothing."""
    try:
        pynvml.nvmlInit()
        version = pynvml.nvmlSystemGetDriverVersion()
    except pynvml.NVMLError:
        return None
    return version.decode() if isinstance(version, bytes) else str(version)


def problem_of(found: str | None, needed: str) -> str | None:
    """Why an image made for drivers from `needed` on cannot use the GPU; None: it can."""
    way_out = "or start Parley without docker-compose.gpu.yml"
    if found is None:
        return (
            "no NVIDIA driver answers in this container: install the NVIDIA Container Toolkit "
            f"(docker run --rm --gpus all debian:bookworm-slim nvidia-smi must work), {way_out}"
        )
    if _parts(found) < _parts(needed):
        return (
            f"the NVIDIA driver is {found}, this image needs {needed} or newer: "
            f"update the driver, {way_out}"
        )
    return None


def _parts(version: str) -> Version:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

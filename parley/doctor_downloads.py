"""Models on their way to the services: how far each is, and why one is not."""

from chassis.coming import Coming
from parley.doctor_check import FIXES, Check, fine, warning
from parley.models import size_text


class Download(Coming):
    """One of the backend's list, which is in the order in which they come."""

    service: str


def download_check(service: str, coming: Coming) -> Check:
    """Nothing of it is wrong: the embedded engine answers meanwhile."""
    name = f"{service} download"
    if coming.phase == "offline":
        return fine(name, f"{coming.model}: {coming.reason or 'offline: not fetched'}")
    said = f"{coming.model} is {coming.phase}: {_how_far(coming)}"
    if coming.phase != "failed":
        return warning(name, said, "model_loading")
    known = coming.code if coming.code in FIXES else "model_failed"
    again = f"; again at {coming.again_at:%H:%M:%S} UTC" if coming.again_at else ""
    return warning(name, f"{said}; {coming.reason or 'no reason told'}{again}", known or "")


def _how_far(coming: Coming) -> str:
    total = size_text(coming.bytes_total) if coming.bytes_total else "?"
    speed = f", {size_text(coming.bytes_per_s)}/s" if coming.bytes_per_s else ""
    return f"{size_text(coming.bytes_done)} of {total}{speed}"

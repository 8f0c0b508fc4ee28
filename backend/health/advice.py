"""Which advice fits what the backend sees of its dependencies."""

from chassis.advice import FIXES, Watched
from chassis.health import Dependency

OWN = {
    "database": "database_unavailable",
    "limits": "limits_unreachable",
    "images": "images_unreachable",
}


def code_of(dependency: Dependency, watched: Watched | None) -> str | None:
    """None while it is ready, or was not looked at yet."""
    if dependency.state != "unready":
        return None
    if watched is not None:
        return watched.code or "service_silent"
    error = dependency.last_error or ""
    if dependency.name == "database" and ("migrate" in error):
        return "database_not_migrated"
    return OWN.get(dependency.name, "service_silent")


def fix_of(code: str | None) -> str | None:
    """One sentence for an operator."""
    return FIXES.get(code) if code is not None else None

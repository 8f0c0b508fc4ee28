"""Models on their way to the services: how far each is, and which comes next."""

from collections.abc import Iterable

from backend.health.advice import fix_of
from chassis.coming import Coming, ComingPhase

# As they follow each other: one downloads, the others wait for their turn in the order they take.
TURNS = ("stt", "tts", "llm")
PHASES: tuple[ComingPhase, ...] = (
    *("warming", "loading", "downloading", "waiting", "failed", "offline"),
)


class ServiceComing(Coming):
    """`reason` and `fix` are for those who are signed in."""

    fix: str | None


class Download(ServiceComing):
    """One of the list of all; the first is the one that comes now."""

    service: str


def told(coming: Coming | None, *, in_full: bool) -> ServiceComing | None:
    """What anybody, or who is signed in, is told of it."""
    if coming is None:
        return None
    known = coming.model_dump() | {"fix": fix_of(coming.code)}
    return ServiceComing.model_validate(known if in_full else known | {"reason": None, "fix": None})


def in_order(coming: Iterable[tuple[str, ServiceComing | None]]) -> list[Download]:
    """By service: what comes now, what is next, then what cannot be had."""
    found = [Download(service=name, **dict(one)) for name, one in coming if one]
    return sorted(found, key=lambda one: (PHASES.index(one.phase), _turn(one.service)))


def _turn(service: str) -> int:
    return TURNS.index(service) if service in TURNS else len(TURNS)

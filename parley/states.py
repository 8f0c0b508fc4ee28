"""Decisions about a service, pure: the state an answer means, the wait before a restart."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ValidationError

# How the dependency ends that a model server reports its engine under, and the standby each of its.
ENGINE = "engine"
ERROR_CHARS = 160  # of one error, in a line that people read


class State(StrEnum):
    STARTING = "starting"
    LOADING = "loading"
    WAITING = "waiting"
    READY = "ready"
    NOT_ANSWERING = "not answering"
    RESTARTING = "restarting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A service's state and, when it is not ready, why."""

    state: State
    detail: str = ""
    waits_for: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        if self.waits_for:
            return f"waiting for {', '.join(self.waits_for)}"
        return str(self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Restart at once, then ever more slowly; a service that stayed up starts afresh."""

    first_s: float = 0.2
    most_s: float = 10.0
    steady_s: float = 30.0

    def next_delay(self, previous_s: float | None, up_s: float) -> float:
        if previous_s is None or up_s >= self.steady_s:
            return self.first_s
        return min(previous_s * 2, self.most_s)


class _Dependency(BaseModel):
    name: str
    state: str
    required: bool = True
    last_error: str | None = None


class _Readiness(BaseModel):
    dependencies: list[_Dependency] = []


def condition_of_answer(status: int, body: bytes) -> Condition:
    """What an answer to a readiness request means."""
    try:
        report = _Readiness.model_validate_json(body)
    except ValidationError:  # the SFU answers in plain text
        report = _Readiness()
    lacking = [d for d in report.dependencies if d.state != "ready"]
    if status == 200:
        without = ", ".join(d.name for d in lacking)
        return Condition(state=State.READY, detail=f"without {without}" if without else "")
    detail = "; ".join(f"{d.name}: {d.last_error[:ERROR_CHARS]}" for d in lacking if d.last_error)
    required = tuple(d.name for d in lacking if d.required)
    if any(name.endswith(ENGINE) for name in required):
        return Condition(state=State.LOADING, detail=detail)
    return Condition(
        state=State.WAITING, detail=detail or f"it answered {status}", waits_for=required
    )


def condition_of_silence(reason: str, *, was_up: bool) -> Condition:
    """What no answer means: normal while a service starts, not after it has answered once."""
    state = State.NOT_ANSWERING if was_up else State.STARTING
    return Condition(state=state, detail=reason if was_up else "")

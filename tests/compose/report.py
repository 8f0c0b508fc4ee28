"""What the tests measured, printed when they end."""

_ROWS: list[tuple[str, str]] = []


def note(what: str, seconds: float) -> None:
    say(what, f"{seconds:.1f} s")


def say(what: str, value: str) -> None:
    _ROWS.append((what, value))


def seconds(what: str) -> float:
    """The last noted under that name."""
    return next(float(value.split()[0]) for name, value in reversed(_ROWS) if name == what)


def table() -> str:
    width = max((len(what) for what, _ in _ROWS), default=0)
    return "\n".join(f"{what:<{width}}  {value}" for what, value in _ROWS)

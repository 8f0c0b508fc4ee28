"""What livekit-sip writes to its log."""

# The SFU names a STUN server that does not answer, lest clients ask one on the internet
# (livekit.yaml); livekit-sip would write of each call that it asked in vain. Other words of ICE
# come with a call that fails, which is told elsewhere.
QUIET = {"pion.ice": "error"}


def logging_of(level: str) -> dict[str, object]:
    """The part `logging` of its configuration."""
    return {"level": level, "json": True, "component_levels": QUIET}

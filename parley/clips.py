"""Render the agent's fixed lines ahead of time: what it still says when every voice is down."""

import asyncio
import hashlib
import sys

from parley.build_step import Say, SetupFailed, alone, run_step
from parley.environment import CLIPS_DIR, ROOT, StackSettings

SOURCES = (ROOT / "livekit_agent" / "lines.py", ROOT / "inference" / "tts" / "render_lines.py")
BUILT = CLIPS_DIR / ".built-from"  # digest of the sources rendered


async def render_if_stale(stack: StackSettings, say: Say) -> None:
    """Make the folder of clips match the lines. The stack runs without, so a failure is told."""
    if is_built():
        return
    async with alone(CLIPS_DIR.with_suffix(".lock"), "rendering the agent's lines", say):
        if is_built():  # whoever held the lock may have rendered them
            return
        try:
            await _render(stack, say)
        except SetupFailed as exc:
            say(f"{exc}\nUntil `parley setup` succeeds, a chime stands for what cannot be said.")


def is_built() -> bool:
    return BUILT.is_file() and BUILT.read_text() == _sources_digest()


async def _render(stack: StackSettings, say: Say) -> None:
    digest = _sources_digest()
    CLIPS_DIR.mkdir(parents=True, exist_ok=True)
    python = stack.tts_python.absolute() if stack.tts_python else sys.executable
    pipe = '"$1" -m livekit_agent.lines | "$2" -m inference.tts.render_lines --out "$3"'
    await run_step(
        "Rendering the agent's lines",
        ["/bin/sh", "-c", pipe, "sh", sys.executable, str(python), str(CLIPS_DIR)],
        log=stack.logs_dir / "clips.log",
        say=say,
        cwd=ROOT,
    )
    await asyncio.to_thread(BUILT.write_text, digest)


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(path.read_bytes())
    return digest.hexdigest()

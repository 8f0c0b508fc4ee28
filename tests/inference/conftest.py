"""Decoder processes for the tests of sound files: started once, as a server does."""

from collections.abc import AsyncIterator

import pytest_asyncio

from inference.sound_files import SoundFiles


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sound_files() -> AsyncIterator[SoundFiles]:
    async with SoundFiles() as files:
        yield files

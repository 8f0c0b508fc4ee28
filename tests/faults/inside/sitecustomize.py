"""On the PYTHONPATH of the rig's worker: the interpreter imports it at its start."""

from tests.faults.breakage import install

install()

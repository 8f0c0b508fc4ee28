"""The tools a persona can be given are those of docs/tools.md, which the agent's tests hold to."""

import re

from chassis.tools import TOOLS
from tests.processes import ROOT


def test_every_documented_tool_can_be_given_and_no_other() -> None:
    ours = (ROOT / "docs" / "tools.md").read_text().partition("## Tools of others")[0]
    documented = re.findall(r"^\| `(\w+)` \|", ours, re.MULTILINE)
    assert list(TOOLS) == documented

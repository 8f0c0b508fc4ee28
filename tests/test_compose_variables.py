"""Every variable of the compose files is a setting, or told of in `.env.example`."""

import re

from chassis.compose import COMPOSE_VARIABLES
from deploy.compose_variables import ROOT, used
from deploy.env_example import render


def test_every_variable_of_the_compose_files_is_in_the_example() -> None:
    named = {line.removeprefix("# ").partition("=")[0] for line in render().splitlines()}
    assert used().keys() <= named, "list it in chassis/compose.py"


def test_no_variable_is_told_of_that_no_compose_file_uses() -> None:
    assert COMPOSE_VARIABLES.keys() <= used().keys()


def test_every_volume_of_the_first_boot_is_a_folder_it_may_write_in() -> None:
    mounted = set(re.findall(r":/(volumes/[a-z-]+)", (ROOT / "docker-compose.yml").read_text()))
    made = re.findall(r"volumes/[a-z-]+", (ROOT / "backend" / "Dockerfile").read_text())
    assert mounted <= set(made), "a new volume belongs to root, unless backend/Dockerfile has it"

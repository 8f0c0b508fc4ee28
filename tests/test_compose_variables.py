"""Every variable of the compose files is a setting, or told of in `.env.example`."""

from chassis.compose import COMPOSE_VARIABLES
from deploy.compose_variables import used
from deploy.env_example import render


def test_every_variable_of_the_compose_files_is_in_the_example() -> None:
    named = {line.removeprefix("# ").partition("=")[0] for line in render().splitlines()}
    assert used().keys() <= named, "list it in chassis/compose.py"


def test_no_variable_is_told_of_that_no_compose_file_uses() -> None:
    assert COMPOSE_VARIABLES.keys() <= used().keys()

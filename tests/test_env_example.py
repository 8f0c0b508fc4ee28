from pathlib import Path

from deploy.env_example import render


def test_the_example_lists_every_setting_as_it_is() -> None:
    committed = (Path(__file__).parent.parent / ".env.example").read_text()
    assert committed == render(), "run: make env-example"

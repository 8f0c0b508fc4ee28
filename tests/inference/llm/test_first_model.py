"""Which chat model a machine fetches by itself."""

import pytest

from chassis.weights.catalogue import find_model
from inference.llm.first_model import LADDER, ON_GPU, best_to_fetch

GB = 10**9


@pytest.mark.parametrize(
    ("budgets", "chosen"),
    [
        ([64 * GB], "qwen3-4b-instruct-2507"),  # a CPU does not keep up with more
        ([4 * GB], "qwen3-4b-instruct-2507"),
        ([3 * GB], "qwen3-1.7b"),
        ([2 * GB], "qwen3-0.6b"),
        ([1 * GB], None),
        ([24 * GB, 88 * GB], ON_GPU),
        ([8 * GB, 72 * GB], "qwen3-4b-instruct-2507"),
        ([1 * GB, 65 * GB], "qwen3-4b-instruct-2507"),  # layers spill over
    ],
)
def test_the_largest_that_fits_is_fetched(budgets: list[int], chosen: str | None) -> None:
    found = best_to_fetch(budgets)
    assert (found and found.id) == chosen


def test_each_is_of_the_catalogue_with_its_size() -> None:
    assert all(find_model(id_).size_bytes for id_ in (ON_GPU, *LADDER))

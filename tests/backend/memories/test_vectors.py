import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.memories.vectors import Vectors


def vector(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(numbers, np.float32)


def test_the_nearest_comes_first_and_the_far_not_at_all() -> None:
    vectors = Vectors()
    vectors.put("east", vector(2, 0))
    vectors.put("north", vector(0, 3))
    vectors.put("north-east", vector(1, 1))
    assert vectors.nearest(vector(1, 0.1), 0.3) == ["east", "north-east"]
    assert vectors.nearest(vector(0, 0), 0.3) == []
    assert vectors.nearest(vector(1, 0, 0), 0.3) == []


@pytest.mark.parametrize("bad", [(0, 0), (float("nan"), 1), (float("inf"), 1), (1, 2, 3)])
def test_a_vector_that_is_none_is_left_out(bad: tuple[float, ...]) -> None:
    vectors = Vectors()
    vectors.put("good", vector(1, 0))
    vectors.put("other", vector(1, 0.5))
    vectors.put("other", vector(*bad))
    assert vectors.nearest(vector(1, 0), 0) == ["good"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 3)), max_size=200))
def test_after_any_changes_the_same_is_found_as_when_begun_anew(
    changes: list[tuple[bool, int, int]],
) -> None:
    vectors = Vectors()
    expected: dict[str, int] = {}
    for put, id_, direction in changes:
        if put:
            vectors.put(str(id_), np.eye(4, dtype=np.float32)[direction])
            expected[str(id_)] = direction
        else:
            vectors.drop(str(id_))
            expected.pop(str(id_), None)
    for direction in range(4):
        found = vectors.nearest(np.eye(4, dtype=np.float32)[direction], 0.5)
        assert set(found) == {id_ for id_, known in expected.items() if known == direction}

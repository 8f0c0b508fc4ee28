"""Who is in the next batch, and how much of files fits beside live sound."""

import pytest

from inference.stt.batch_order import FILES_EVERY, BatchOrder, Priority


def waiting(*, live: int = 0, files: int = 0, max_batch: int = 16) -> BatchOrder[str]:
    order: BatchOrder[str] = BatchOrder(max_batch)
    for number in range(files):
        order.add(Priority.FILE, f"file {number}")
    for number in range(live):
        order.add(Priority.LIVE, f"live {number}")
    return order


def test_live_sound_goes_first_and_in_the_order_it_came() -> None:
    assert waiting(live=3, files=3).take(beside_live=True) == ["live 0", "live 1", "live 2"]


def test_files_fill_a_batch_where_no_live_stream_is_open() -> None:
    assert len(waiting(files=20).take(beside_live=False)) == 16


def test_files_go_one_by_one_until_steps_are_known_to_be_short() -> None:
    assert waiting(files=8).take(beside_live=True) == ["file 0"]


def test_short_steps_let_one_more_in_each_time() -> None:
    order = waiting(files=10)
    sizes = []
    while order:
        taken = order.take(beside_live=True)
        sizes.append(len(taken))
        order.learn(streams=len(taken), share=0.1)
    assert sizes == [1, 2, 3, 4]


def test_a_long_step_halves_what_fits_and_leaves_room_for_one() -> None:
    order = waiting(files=20)
    order.learn(streams=8, share=0.1)
    assert len(order.take(beside_live=True)) == 9
    order.learn(streams=9, share=0.5)
    assert len(order.take(beside_live=True)) == 4
    for _ in range(5):
        order.learn(streams=1, share=0.5)
    assert len(order.take(beside_live=True)) == 1


@pytest.mark.parametrize("max_batch", [1, 4])
def test_a_file_is_never_held_back_for_long(max_batch: int) -> None:
    order = waiting(live=100, files=1, max_batch=max_batch)
    batches = [order.take(beside_live=True) for _ in range(FILES_EVERY)]
    assert batches[-1][-1] == "file 0"
    assert all(len(batch) == max_batch for batch in batches)


def test_what_is_taken_back_is_in_no_batch() -> None:
    order = waiting(live=2, files=2)
    for item in ("live 0", "file 1", "file 1"):
        order.remove(item)
    assert len(order) == 2
    assert order.take(beside_live=False) == ["live 1", "file 0"]

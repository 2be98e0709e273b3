"""Work is spread over the cores, comes back in order and leaves torch as it was."""

import threading

import pytest
import torch

from model_core.networks.cores import on_cores


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_items_are_worked_on_at_once_and_come_back_in_order() -> None:
    together = threading.Barrier(3, timeout=20)

    def work(item: int) -> tuple[int, int]:
        together.wait()
        return item, torch.get_num_threads()

    assert on_cores(work, [5, 6, 7]) == [(5, 1), (6, 1), (7, 1)]
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
def test_a_failure_comes_through_and_the_threads_are_given_back() -> None:
    with pytest.raises(ZeroDivisionError):
        on_cores(lambda item: 1 / item, [1, 0])  # type: ignore[arg-type]
    assert torch.get_num_threads() == 3


def test_a_single_item_has_all_cores() -> None:
    before = torch.get_num_threads()
    assert on_cores(lambda item: torch.get_num_threads(), [1]) == [before]
    assert on_cores(lambda item: item, []) == []

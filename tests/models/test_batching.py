from hypothesis import given
from hypothesis import strategies as st

from stance.models.batching import length_batches

LENGTHS = st.lists(st.integers(1, 200), max_size=80)
BUDGETS = st.integers(1, 1000)


@given(LENGTHS, BUDGETS)
def test_every_row_comes_once(lengths: list[int], budget: int) -> None:
    batches = list(length_batches(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(batches)


@given(LENGTHS, BUDGETS)
def test_a_padded_batch_keeps_to_the_budget_unless_one_row_alone_is_over_it(lengths: list[int], budget: int) -> None:
    for batch in length_batches(lengths, budget):
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget


@given(LENGTHS, BUDGETS)
def test_the_longest_rows_come_first_so_that_too_small_a_memory_shows_at_once(lengths: list[int], budget: int) -> None:
    order = [lengths[i] for batch in length_batches(lengths, budget) for i in batch]
    assert order == sorted(lengths, reverse=True)


def test_little_is_padding() -> None:
    lengths = [1 + (i * 37) % 64 for i in range(500)]
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in length_batches(lengths, 1024))
    assert padded < 1.15 * sum(lengths)

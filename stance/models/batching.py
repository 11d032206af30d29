"""Batches by token budget over sorted lengths, so that little padding is computed."""

from collections.abc import Iterator, Sequence


def length_batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Yield lists of row indices, longest rows first, each batch's rows x longest <= `token_budget`.

    A row longer than the budget is a batch of its own. Every index comes exactly once.
    """
    batch: list[int] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * longest > token_budget:
            yield batch
            batch = []
        if not batch:
            longest = lengths[index]
        batch.append(index)
    if batch:
        yield batch

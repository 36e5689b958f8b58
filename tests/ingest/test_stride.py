"""How many rows a batch has: few while little comes, more while there is much, fewer where they take long."""

from narrowgate_ingest.stride import Stride


def test_full_batches_that_are_quick_are_followed_by_longer_ones() -> None:
    """A core that is behind takes strides twice as long, up to what it may."""
    stride = Stride(4096)
    seen = []
    for _ in range(4):
        seen.append(stride.rows)
        stride.took(stride.rows, stride.rows // 2, 0.01)

    assert seen == [1024, 2048, 4096, 4096]


def test_batches_that_are_not_full_change_nothing() -> None:
    """Where little comes there is no need for more."""
    stride = Stride(4096)
    stride.took(10, 10, 0.001)

    assert stride.rows == 1024


def test_batches_that_take_long_are_followed_by_shorter_ones() -> None:
    """What came behind a batch is not kept waiting for long; there is a least."""
    stride = Stride(4096)
    stride.took(1024, 0, 0.01)
    stride.took(2048, 0, 5.0)
    stride.took(1024, 0, 5.0)

    assert stride.rows == 1024


def test_a_bound_below_the_least_holds() -> None:
    """Where a batch may have few rows, it never has more."""
    stride = Stride(7)
    stride.took(7, 0, 0.0)

    assert stride.rows == 7


def test_frames_that_tell_much_are_taken_by_fewer() -> None:
    """As many readings as a batch may have rows are aimed at: memory is bounded, whatever a frame tells."""
    stride = Stride(32_768)
    stride.took(1024, 24 * 1024, 0.01)
    after_a_full_one = stride.rows
    stride.took(1024, 64 * 1024, 0.01)

    assert (after_a_full_one, stride.rows) == (1024, 512)

"""Many values in one IN (…), a part at a time: both databases limit the parameters of a statement."""

from collections.abc import Collection, Iterator

MOST = 500


def in_batches(values: Collection[str], most: int = MOST) -> Iterator[list[str]]:
    """The different values, sorted, in lists of at most `most`; nothing for no values."""
    wanted = sorted(set(values))
    return (wanted[first : first + most] for first in range(0, len(wanted), most))

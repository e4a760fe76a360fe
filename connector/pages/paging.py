"""One page of a long list: which one is asked for, and how many there are. Pure."""

from typing import NamedTuple

ON_A_PAGE = 50
MOST_PAGES = 10_000


class Paging(NamedTuple):
    """Page `page` of `pages`, counted from 1. `first` is how many rows stand before it."""

    page: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        return (self.page - 1) * ON_A_PAGE


def asked(page: int) -> int:
    """The page asked for, within what an address may ask."""
    return min(max(page, 1), MOST_PAGES)


def paging(page: int, total: int) -> Paging:
    """The page of a list of `total` rows; the last one where more is asked for than there is."""
    pages = max(1, -(-total // ON_A_PAGE))
    return Paging(min(asked(page), pages), pages, total)

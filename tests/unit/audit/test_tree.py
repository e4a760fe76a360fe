"""The tree against pymerkle: roots, inclusion and consistency proofs."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from connector.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

MOST = 130
CONTENTS = [f"entry {number}".encode() for number in range(1025)]
LEAVES = [leaf_hash(content) for content in CONTENTS]


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for content in CONTENTS:
        tree.append_entry(content)
    return tree


@pytest.mark.req("J2")
def test_append_every_size_to_1025_gives_the_oracles_root(oracle: InmemoryTree) -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == sha256(b"").digest()
    for size, leaf in enumerate(LEAVES, start=1):
        frontier.append(leaf)
        assert frontier.root() == oracle.get_root(size)
        assert Frontier.from_bytes(size, frontier.to_bytes()).root() == frontier.root()


@pytest.mark.req("J2")
def test_prove_inclusion_every_leaf_of_every_size_is_accepted_and_equals_the_oracles(oracle: InmemoryTree) -> None:
    for size in range(1, MOST + 1, 3):
        root = oracle.get_root(size)
        for index in range(size):
            proof = inclusion_proof(LEAVES[:size], index)
            assert proof == oracle_path(oracle, index, size)
            assert is_included(LEAVES[index], index, size, proof, root)


@pytest.mark.req("J2")
def test_prove_inclusion_of_something_else_is_refused() -> None:
    for size in (1, 2, 7, 64, 100):
        leaves, root = LEAVES[:size], root_of(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert not is_included(LEAVES[1000], index, size, proof, root)
            assert not is_included(leaves[index], index, size, [*proof, root], root)
            assert not is_included(leaves[index], size, size, proof, root)
            assert not is_included(leaves[index], index, size, proof, LEAVES[0] if size > 1 else LEAVES[1])
            if proof:
                assert not is_included(leaves[index], index, size, proof[:-1], root)
                assert not is_included(leaves[index], index ^ 1, size, proof, root)


@pytest.mark.req("J2")
def test_prove_consistency_every_pair_of_sizes_is_accepted(oracle: InmemoryTree) -> None:
    roots = [EMPTY_ROOT] + [oracle.get_root(size) for size in range(1, MOST + 1)]
    for new in range(0, MOST + 1, 5):
        for old in range(new + 1):
            proof = consistency_proof(LEAVES[:new], old)
            assert is_consistent(old, roots[old], new, roots[new], proof), (old, new)


@pytest.mark.req("J2")
def test_prove_consistency_with_another_history_is_refused() -> None:
    other = [leaf_hash(b"forged"), *LEAVES[1:MOST]]
    for new in (2, 3, 8, 21, MOST):
        for old in range(1, new):
            forged, true = root_of(other, 0, old), root_of(LEAVES, 0, old)
            proof = consistency_proof(LEAVES[:new], old)
            assert not is_consistent(old, forged, new, root_of(LEAVES, 0, new), proof)
            assert not is_consistent(old, true, new, root_of(other, 0, new), consistency_proof(other[:new], old))
            assert not is_consistent(old, true, new, root_of(LEAVES, 0, new), proof[:-1])
    assert not is_consistent(5, LEAVES[0], 5, LEAVES[1], [])
    assert not is_consistent(6, LEAVES[0], 5, LEAVES[0], [])


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=8), st.integers(0, 40), st.integers(0, 40))
def test_verify_random_proofs_is_never_accepted_and_never_raises(proof: list[bytes], first: int, second: int) -> None:
    assert not is_included(b"\1" * 32, first, second, proof, b"\2" * 32)
    assert not is_consistent(first, b"\1" * 32, second, b"\2" * 32, proof)


@pytest.mark.parametrize(("size", "packed"), [(3, b"\0" * 32), (1, b"\0" * 31), (-1, b"")])
def test_read_frontier_of_wrong_length_is_refused(size: int, packed: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.from_bytes(size, packed)


def oracle_path(oracle: InmemoryTree, index: int, size: int) -> list[bytes]:
    return list(oracle.prove_inclusion(index + 1, size).path[1:])

"""Signed notes and checkpoints: the examples of the specification, sigstore's parser, and everything malformed."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sigstore._internal.rekor.checkpoint import SignedCheckpoint

from connector.adapters.signing import Ed25519NoteSigner, SigningKeyError
from connector.audit.errors import MalformedNoteError
from connector.audit.note import Checkpoint, VerifierKey, key_id, open_checkpoint, open_note, sign_note
from connector.audit.tree import Frontier, leaf_hash

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
# The key and note published with the Go checksum database's note format.
KNOWN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
KNOWN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def key_of(signer: Ed25519NoteSigner) -> VerifierKey:
    return VerifierKey.parse(signer.verifier_key())


@pytest.mark.req("J2")
def test_open_note_of_another_implementation_verifies() -> None:
    key = VerifierKey.parse(KNOWN_KEY)
    assert str(key) == KNOWN_KEY
    assert open_note(KNOWN_NOTE, key).startswith("If you think")
    with pytest.raises(MalformedNoteError, match="signature"):
        open_note(KNOWN_NOTE.replace("your problem,", "our problem,"), key)


@pytest.mark.req("J2")
def test_parse_checkpoint_of_the_specification_reads_its_parts() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    read = Checkpoint.parse(text)
    assert (read.origin, read.size, read.at) == ("example.com/behind-the-sofa", 20852163, None)
    assert read.text() == text


@pytest.mark.req("J2")
def test_sign_checkpoint_of_every_size_is_read_alike_by_sigstore(signer: Ed25519NoteSigner) -> None:
    frontier = Frontier()
    for size in range(131):
        checkpoint = Checkpoint(signer.name, size, frontier.root(), AT + timedelta(seconds=size))
        note = sign_note(checkpoint.text(), signer)
        read = SignedCheckpoint.from_text(note)
        assert (read.checkpoint.origin, read.checkpoint.log_size) == (signer.name, size)
        assert read.checkpoint.log_hash == frontier.root().hex()
        assert read.signed_note.signatures[0].sig_hash == key_id(signer.name, key_of(signer).public_key)
        assert open_checkpoint(note, key_of(signer)) == checkpoint
        frontier.append(leaf_hash(b"%d" % size))


def test_open_note_with_signatures_of_unknown_keys_ignores_them(signer: Ed25519NoteSigner, tmp_path: Path) -> None:
    text = Checkpoint(signer.name, 0, b"\0" * 32, AT).text()
    other = Ed25519NoteSigner(signer.name, tmp_path / "other.pem")
    both = sign_note(text, other) + sign_note(text, signer)[len(text) + 1 :]
    assert open_note(both, key_of(signer)) == text
    with pytest.raises(MalformedNoteError, match="no signature"):
        open_note(sign_note(text, other), key_of(signer))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note[:-1],
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note + "\n",
        lambda note: note.replace("time 2026", "time 2027"),
        lambda _: "",
        lambda note: note[: note.index("— ")],
    ],
)
def test_open_spoilt_note_is_refused(spoil, signer: Ed25519NoteSigner) -> None:  # type: ignore[no-untyped-def]
    note = sign_note(Checkpoint(signer.name, 5, b"\7" * 32, AT).text(), signer)
    with pytest.raises(MalformedNoteError):
        open_checkpoint(spoil(note), key_of(signer))


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\nAAAA\n",
        "a\n1\n!\n",
        "a\n1\n" + "A" * 43 + "=",
        "",
    ],
)
def test_parse_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        Checkpoint.parse(text)


def test_open_checkpoint_of_another_origin_is_refused(signer: Ed25519NoteSigner) -> None:
    note = sign_note(Checkpoint("other.example/log", 0, b"\0" * 32, AT).text(), signer)
    with pytest.raises(MalformedNoteError, match="origin"):
        open_checkpoint(note, key_of(signer))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        "na me+c74f20a3+A",
        KNOWN_KEY.replace("c74f", "c74e"),
        KNOWN_KEY.replace("Peter", "Paul"),
    ],
)
def test_parse_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        VerifierKey.parse(text)


def test_parse_key_of_another_type_is_refused() -> None:
    with pytest.raises(MalformedNoteError, match="type"):
        VerifierKey.parse("name+00000000+" + b64encode(b"\x04" + b"\0" * 32).decode())


def test_make_signer_keeps_its_key_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.pem"
    made = Ed25519NoteSigner("log.example/a", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["log.pem"]
    assert Ed25519NoteSigner("log.example/a", path).verifier_key() == made.verifier_key()


def test_load_signer_from_readable_or_broken_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"
    Ed25519NoteSigner("log.example/a", path)
    path.chmod(0o640)
    with pytest.raises(SigningKeyError, match="mode"):
        Ed25519NoteSigner("log.example/a", path)
    path.chmod(0o600)
    path.write_text("not a key")
    with pytest.raises(SigningKeyError, match="content"):
        Ed25519NoteSigner("log.example/a", path)

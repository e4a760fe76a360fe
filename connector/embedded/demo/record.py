"""Steps: the record verifies; in a copy of it one byte is changed, and the offline verifier says where."""

import json
import tempfile
from pathlib import Path

from connector.audit.sources import ENTRIES_FILE
from connector.embedded.demo.expect import expect
from connector.embedded.demo.scene import Evidence, Scene

MARK = b'"event":"'


def verify(scene: Scene) -> Evidence:
    """What waits is sealed and signed, and the whole log is computed anew."""
    scene.machine.run("audit", "seal", "--json")
    report = scene.machine.run("audit", "verify", "--json")
    expect(report["ok"], report)
    return {name: report[name] for name in ("entries", "checkpoints", "root", "unsealed")}


def find_changed_byte(scene: Scene) -> Evidence:
    """With the export and the public key alone: sound as it is, and not after one bit of one entry is turned."""
    with tempfile.TemporaryDirectory(prefix="trading-idp-") as folder:
        export = Path(folder) / "export"
        key = scene.machine.run("audit", "export", str(export), "--json")["key"]
        offline = ("audit", "verify", "--export", str(export), "--key", key, "--json")
        expect(scene.machine.run(*offline)["ok"], "the export does not verify")
        expect(scene.newcomer.request, "no request to look for")
        line = _turn_one_bit(export / ENTRIES_FILE, scene.newcomer.request["id"])
        done = scene.machine.attempt(*offline)
    report = json.loads(done.stdout)
    expect(done.returncode == 1 and not report["ok"], report)
    expect(report["finding"]["position"] == line, report)
    return {"changed_entry": line, "found_entry": report["finding"]["position"], "kind": report["finding"]["kind"]}


def _turn_one_bit(entries: Path, request_id: str) -> int:
    """Turns a bit in the newest entry about this request; returns its line, counted from 0."""
    lines = entries.read_bytes().splitlines(keepends=True)
    line = max(number for number, text in enumerate(lines) if request_id.encode() in text)
    text = bytearray(lines[line])
    text[text.index(MARK) + len(MARK)] ^= 1
    lines[line] = bytes(text)
    entries.write_bytes(b"".join(lines))
    return line

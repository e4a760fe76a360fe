"""README and docs, in both languages, say what the code does; and each check finds the fault it is there for."""

import re
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.audit.events import Event
from connector.cli import make_app
from connector.embedded.demo.programme import PROGRAMME
from connector.regulations.loader import list_packs
from connector.regulations.pack import read_pack
from connector.settings import DirectorySettings, Settings
from jobs.schedule import SCHEDULE
from tests import make_tables
from tests.servers.keycloak import ADDRESS

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
PAIRS = (READMES, ("docs/errors.md", "docs/errors.zh-CN.md"), ("docs/api.md", "docs/api.zh-CN.md"))
UP = "uv run trading-idp up --demo"
TEST = "uv run task test"


def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def names_in_table(text: str, marker: str) -> list[str]:
    """The first cell of each row between two markers, without its backquotes."""
    table = text.split(f"<!-- {marker} -->")[1].split(f"<!-- /{marker} -->")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def differences(written: Collection[str], real: Collection[str]) -> list[str]:
    """What is missing in the text, what is there without being real, and what stands twice."""
    names = list(written)
    return [
        *(f"missing: {name}" for name in sorted(set(real) - set(names))),
        *(f"unreal: {name}" for name in sorted(set(names) - set(real))),
        *(f"twice: {name}" for name in sorted({name for name in names if names.count(name) > 1})),
    ]


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def variables_of_settings() -> set[str]:
    own = {f"TRADING_IDP_{name.upper()}" for name in Settings.model_fields if name != "directory"}
    own |= {f"TRADING_IDP_LDAP_{name.upper()}" for name in DirectorySettings.model_fields}
    options = [option.envvar for _, command in make_tables.list_commands() for option in command.params]
    return own | {name for name in options if name}


def paths_of_commands() -> set[str]:
    return {path for path, _ in make_tables.list_commands()}


# ---- the tables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", READMES)
def test_read_settings_table_names_exactly_the_settings(file: str) -> None:
    assert differences(names_in_table(read(file), "settings"), variables_of_settings()) == []


@pytest.mark.parametrize("file", READMES)
def test_read_commands_table_names_exactly_the_commands(file: str) -> None:
    written = [re.split(r" (?=[A-Z\[]|--)", usage)[0] for usage in names_in_table(read(file), "commands")]
    assert differences(written, paths_of_commands()) == []


@pytest.mark.parametrize("file", READMES)
def test_read_jobs_table_names_exactly_the_jobs(file: str) -> None:
    assert differences(names_in_table(read(file), "jobs"), [job.name for job in SCHEDULE]) == []


@pytest.mark.parametrize("file", READMES)
def test_read_events_table_names_exactly_the_events(file: str) -> None:
    assert differences(names_in_table(read(file), "events"), [event.value for event in Event]) == []


@pytest.mark.parametrize("file", PAIRS[1])
def test_read_errors_table_names_exactly_the_codes(file: str) -> None:
    codes = {error.code for error in make_tables.list_errors()}
    assert differences(names_in_table(read(file), "errors"), codes) == []


@pytest.mark.parametrize("file", PAIRS[2])
def test_read_api_table_names_exactly_the_calls_of_openapi(file: str) -> None:
    paths = make_tables.make_api().openapi()["paths"]
    calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert differences(names_in_table(read(file), "routes"), calls) == []


@pytest.mark.parametrize("file", READMES)
def test_read_demo_table_has_every_step_with_its_clause(file: str) -> None:
    table = read(file).split("<!-- demo -->")[1].split("<!-- /demo -->")[0]
    clauses = re.findall(r"^\| \d+ \| .+ \| (.+) \|$", table, re.MULTILINE)
    assert clauses == [step.clause for step in PROGRAMME]


def test_make_tables_again_changes_nothing() -> None:
    """When this fails: uv run task docs."""
    stale = [path.name for path, text in make_tables.new_texts().items() if path.read_text(encoding="utf-8") != text]
    assert stale == []


@pytest.mark.parametrize("file", READMES)
def test_read_rule_packs_table_names_exactly_the_packs(file: str) -> None:
    section = read(file).split("## Rule packs" if file == "README.md" else "## 规则包")[1].split("```")[0]
    written = re.findall(r"^\| `([A-Z]+)` \|", section, re.MULTILINE)
    assert differences(written, [pack.id for pack in list_packs()]) == []
    in_force = re.findall(r"^\| `([A-Z]+)` .*\| (?:yes|是) \|$", section, re.MULTILINE)
    assert sorted(in_force) == sorted(Settings.model_fields["rule_packs"].default)


# ---- words between the tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [file for pair in PAIRS for file in pair])
def test_read_whole_text_names_no_command_or_setting_that_is_not_there(file: str) -> None:
    assert unreal_mentions(read(file)) == []


def unreal_mentions(text: str) -> list[str]:
    """Settings and commands that a text names and that do not exist."""
    known, paths = {*variables_of_settings(), ADDRESS}, paths_of_commands()
    settings = {name for name in re.findall(r"TRADING_IDP_[A-Z_]*[A-Z]", text) if name not in known}
    groups = {name for name in settings if f"{name}_*" in text and any(one.startswith(f"{name}_") for one in known)}
    commands = re.findall(r"trading-idp(?: [a-z][a-z-]*)+", text)
    return [
        *sorted(settings - groups),
        *(command for command in commands if not any(f"{command} ".startswith(f"{path} ") for path in paths)),
    ]


@pytest.mark.parametrize("file", READMES)
def test_read_secret_files_are_exactly_those_that_are_read(
    file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every setting of text is tried with its _FILE; the paragraph before the table names those that take it."""
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n", encoding="utf-8")
    readers = set()
    for prefix, model in (("TRADING_IDP_", Settings), ("TRADING_IDP_LDAP_", DirectorySettings)):
        for name, field in model.model_fields.items():
            if field.annotation is str:
                monkeypatch.setenv(f"{prefix}{name}_FILE".upper(), str(secret))
        made: Any = model()
        readers |= {f"{prefix}{name}".upper() for name in model.model_fields if getattr(made, name) == "from-a-file"}
    before = read(file).split("<!-- settings -->")[0].rsplit("\n## ", 1)[1]
    assert differences(re.findall(r"`(TRADING_IDP_\w+)`", before), readers) == []


@pytest.mark.parametrize("file", READMES)
def test_read_sample_rule_pack_is_accepted(file: str) -> None:
    (sample,) = code_blocks(read(file), "toml")
    assert read_pack("sample.toml", sample).id == "MYCITY"


@pytest.mark.parametrize("pair", PAIRS)
def test_compare_languages_have_the_same_sections_and_tables(pair: tuple[str, str]) -> None:
    assert outline(read(pair[0])) == outline(read(pair[1]))


def outline(text: str) -> list[str]:
    """Kinds of the lines that make the shape of a text: headings, rows of tables, fences, items."""
    return re.findall(r"^(#+ |\| |```|- |\d\. |<!-- .* -->)", text, re.MULTILINE)


# ---- the two commands ----------------------------------------------------------------------------------------------


def steps_of(command: str) -> list[str]:
    """Parts of a command line without the folder uv was put into and without flags that only silence it."""
    parts = [part.strip() for part in command.replace("\n", " && ").split("&&")]
    return [re.sub(r"var/uv/bin/(?=uv )", "", part).replace(" --quiet", "") for part in parts if part]


@pytest.mark.parametrize("file", READMES)
def test_read_first_two_commands_are_the_demo_and_the_tests(file: str) -> None:
    demo, tests, *_ = code_blocks(read(file), "sh")
    assert [steps_of(demo)[-1], steps_of(tests)[-1]] == [UP, TEST]
    assert steps_of(demo)[:-1] == steps_of(tests)[:-1]


@pytest.mark.parametrize("file", READMES)
def test_read_test_command_is_what_ci_runs(file: str) -> None:
    ci = [line.strip().replace(" --quiet", "") for line in read(".ci/run").splitlines()]
    assert [step for step in steps_of(code_blocks(read(file), "sh")[1]) if step not in ci] == []


def test_ask_for_help_of_the_demo_command_answers() -> None:
    asked = CliRunner().invoke(make_app(), [*UP.split()[3:], "--help"])
    assert asked.exit_code == 0
    assert {"--demo", "--exit", "--json", "--data-dir"} <= set(re.findall(r"--[a-z-]+", asked.output))


def test_read_test_command_is_in_the_list_of_commands() -> None:
    assert "test" in tomllib.loads(read("pyproject.toml"))["tool"]["taskipy"]["tasks"]


def test_read_example_environment_names_what_compose_reads_and_nothing_else() -> None:
    assert differences(names_in_example(read(".env.example")), names_in_compose(read("docker-compose.yml"))) == []


def names_in_example(text: str) -> list[str]:
    return re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)


def names_in_compose(text: str) -> set[str]:
    """`${NAME…}`, but not the `$$NAME` of a container's own shell."""
    return set(re.findall(r"\$\{([A-Z_]+)", text))


# ---- each check finds its fault ------------------------------------------------------------------------------------


@pytest.mark.parametrize("marker", ["settings", "commands", "jobs", "events"])
@pytest.mark.parametrize("file", READMES)
def test_remove_any_row_of_a_table_is_found(file: str, marker: str) -> None:
    text = read(file)
    whole = names_in_table(text, marker)
    for name in whole:
        cut = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"| `{name}` |"))
        assert differences(names_in_table(cut, marker), whole) == [f"missing: {name}"]


def test_add_a_row_that_is_not_real_or_stands_twice_is_found() -> None:
    text = "<!-- jobs -->\n| `one` | a |\n| `one` | a |\n| `ghost` | b |\n<!-- /jobs -->\n| `outside` | c |"
    found = differences(names_in_table(text, "jobs"), ["one", "two"])
    assert found == ["missing: two", "unreal: ghost", "twice: one"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Set `TRADING_IDP_GHOST`.", ["TRADING_IDP_GHOST"]),
        ("Set `TRADING_IDP_GHOST_*`.", ["TRADING_IDP_GHOST"]),
        ("Set `TRADING_IDP_LDAP_*`.", []),
        ("Run `trading-idp ghost now`.", ["trading-idp ghost now"]),
        ("Run `trading-idp audit`.", ["trading-idp audit"]),
        ("Run `trading-idp audit verify --json`.", []),
        ("```sh\ntrading-idp ghost\n```", ["trading-idp ghost"]),
    ],
)
def test_mention_what_is_not_there_is_found(text: str, found: list[str]) -> None:
    assert unreal_mentions(text) == found


@pytest.mark.parametrize("change", [{"jobs.ghost": ["鬼", "ghost"]}, {}])
def test_words_that_do_not_fit_the_code_are_refused(monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    events = {name: words for name, words in make_tables.WORDS["events"].items() if change or name != "job.failed"}
    monkeypatch.setitem(make_tables.WORDS, "events", events | change)
    with pytest.raises(make_tables.Mismatch, match=r"jobs\.ghost" if change else r"job\.failed"):
        make_tables.events_table()


@pytest.mark.parametrize("spoil", [lambda t: t.replace("<!-- jobs -->", ""), lambda t: t + "<!-- jobs -->"])
def test_replace_table_without_its_markers_is_refused(spoil: Callable[[str], str]) -> None:
    with pytest.raises(make_tables.Mismatch):
        make_tables.replaced(spoil("<!-- jobs -->\n<!-- /jobs -->"), "jobs", "")


def test_compare_commands_with_another_ci_is_found() -> None:
    assert steps_of("python3 -m venv var/uv && var/uv/bin/pip install uv && var/uv/bin/uv run task test") == [
        "python3 -m venv var/uv",
        "var/uv/bin/pip install uv",
        "uv run task test",
    ]
    assert steps_of("python3 -m venv .uv && .uv/bin/uv run task test")[-1] != TEST


def test_compare_example_with_compose_finds_both_faults() -> None:
    found = differences(names_in_example("A=1\n#B=2\n# C=3\n"), names_in_compose("x: ${A:?a} ${D:-d} $$E"))
    assert found == ["missing: D", "unreal: B"]

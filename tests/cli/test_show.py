"""``otel-distro show``, over records in memory."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import Result

from otel_distro.query.reader import Reader

LISTINGS = ("runs", "arcs", "annotations", "incidents", "alerts", "artifacts", "metrics", "traces")
# The names that scripts rely on; a record may have more.
FIELDS = {
    "runs": "id name folder status started_unix_nano duration_seconds tags metadata description metrics",
    "arcs": "id class parent_id status started_unix_nano duration_seconds run_id exports",
    "annotations": "id inputs outputs metadata labels arc_id run_id trace_id time_unix_nano",
    "incidents": "id title description files run_id arc_id trace_id time_unix_nano",
    "alerts": "name run_id metric rule state observed time_unix_nano",
    "artifacts": "name category media_type size_bytes sha256 run_id",
    "metrics": "name unit kind attributes",
    "traces": "trace_id span_id parent_span_id name kind status attributes",
}


class Records(Reader, Protocol):
    """The reader that the fixture gives."""

    rows: dict[str, list[Any]]
    curves: dict[tuple[str, str], list[float]]
    pages: int


class Call(Protocol):
    """The command, as the fixture gives it."""

    reader: Records
    waiting: int
    take_up_error: Exception | None
    open_error: Exception | None
    width: int
    environ: dict[str, str]
    opened: list[Path]
    took_up: list[tuple[dict[str, str], float]]

    def __call__(self, *arguments: str) -> Result: ...


def _json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTINGS)
def test_json_has_the_fields_that_scripts_rely_on(call: Call, name: str) -> None:
    records = _json(call("show", name, "--json"))
    assert records
    for record in records:
        assert set(FIELDS[name].split()) <= set(record)


def test_json_is_what_the_reader_returned(call: Call) -> None:
    assert _json(call("show", "incidents", "--json")) == call.reader.rows["incidents"]


def test_json_holds_all_rows_of_all_pages(call: Call) -> None:
    first = call.reader.rows["arcs"][0]
    call.reader.rows["arcs"] = [first | {"id": f"a{number}"} for number in range(1_201)]
    assert len(_json(call("show", "arcs", "--json"))) == 1_201
    assert call.reader.pages == 3


@pytest.mark.parametrize("limit", [1, 2, 700])
def test_json_holds_no_more_than_the_limit(call: Call, limit: int) -> None:
    first = call.reader.rows["arcs"][0]
    call.reader.rows["arcs"] = [first | {"id": f"a{number}"} for number in range(1_201)]
    assert len(_json(call("show", "arcs", "--json", "--limit", str(limit)))) == limit
    assert call.reader.pages == (limit + 499) // 500


def test_json_without_a_listing_is_one_object_of_all(call: Call) -> None:
    shown = _json(call("show", "--json"))
    assert list(shown) == list(LISTINGS)
    assert len(shown["arcs"]) == 300
    assert len(shown["traces"]) == 301
    assert [record["id"] for record in shown["annotations"]] == [f"annotation{n}" for n in reversed(range(10))]


def test_json_of_an_empty_store_is_empty(call: Call) -> None:
    call.reader.rows.clear()
    assert _json(call("show", "runs", "--json")) == []
    assert _json(call("show", "--json")) == {name: [] for name in LISTINGS}


def test_options_may_stand_before_the_listing(call: Call) -> None:
    assert isinstance(_json(call("show", "--json", "--store", "a.db", "runs")), list)
    assert call.opened == [Path("a.db")]


def test_a_number_that_is_not_finite_is_a_string(call: Call) -> None:
    call.reader.rows["alerts"][0]["observed"] = math.nan
    assert '"observed": "NaN"' in call("show", "alerts", "--json").stdout


# --- choosing rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (("arcs", "--status", "failed"), 1),
        (("arcs", "--class", "classify"), 300),
        (("arcs", "--class", "other"), 0),
        (("arcs", "--run", "digits-linear"), 300),
        (("runs", "--folder", "/demo/digits"), 1),
        (("runs", "--status", "failed"), 0),
        (("runs", "--run", "3f2a"), 1),
        (("alerts", "--state", "fired"), 1),
        (("alerts", "--status", "fired"), 1),
        (("annotations", "--label", "digit-3"), 1),
        (("artifacts", "--category", "output"), 1),
        (("metrics", "--name", "train.loss"), 1),
        (("annotations", "--since", "1h"), 10),
        (("annotations", "--since", "10s"), 0),
    ],
)
def test_filters(call: Call, arguments: tuple[str, ...], rows: int) -> None:
    assert len(_json(call("show", *arguments, "--json"))) == rows


def test_a_run_is_found_by_id_by_the_ids_first_digits_and_by_name(call: Call) -> None:
    run_id = call.reader.rows["runs"][0]["id"]
    for text in (run_id, run_id[:4], "digits-linear"):
        assert {arc["run_id"] for arc in _json(call("show", "arcs", "--run", text, "--json"))} == {run_id}


def test_a_run_that_is_not_there_is_one_clear_line(call: Call) -> None:
    result = call("show", "arcs", "--run", "nobody")
    assert result.exit_code == 1
    assert result.stderr == "Error: no run has the name or id 'nobody'; see: otel-distro show runs\n"


def test_rows_come_newest_first_or_by_a_field_either_way(call: Call) -> None:
    def digits(*arguments: str) -> list[str]:
        return [row["id"] for row in _json(call("show", "arcs", "--json", "--limit", "2", *arguments))]

    assert digits() == ["arc00299", "arc00298"]
    assert digits("--ascending") == ["arc00000", "arc00001"]
    assert digits("--sort", "id") == ["arc00299", "arc00298"]
    assert digits("--sort", "status")[0] == "arc00007"


def test_a_field_that_is_not_there_is_wrong_usage_and_leaves_no_half_of_an_answer(call: Call) -> None:
    result = call("show", "arcs", "--json", "--sort", "nonsense")
    assert result.exit_code == 2
    assert "cannot sort by 'nonsense'" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [("runs", "--limit", "0"), ("runs", "--since", "soon"), ("runs", "--status", "odd"), ("nothing",), ("--odd",)],
)
def test_wrong_usage_is_exit_code_2(call: Call, arguments: tuple[str, ...]) -> None:
    result = call("show", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


# --- the store --------------------------------------------------------------------------------------------------------


def test_the_store_is_the_option_the_variable_or_the_default(call: Call) -> None:
    call.environ["XDG_STATE_HOME"] = "/state"
    call("show")
    call.environ["OTEL_DISTRO_LOCAL_STORE"] = "/variable.db"
    call("show")
    call("show", "--store", "/option.db")
    assert call.opened == [Path("/state/otel-distro/local.db"), Path("/variable.db"), Path("/option.db")]


def test_what_waits_is_taken_up_for_that_store_and_what_still_waits_is_said(call: Call) -> None:
    call.waiting = 3
    result = call("show", "runs", "--json", "--store", "/option.db")
    assert result.stderr == "3 records still wait\n"
    assert _json(result)
    ((environ, timeout_seconds),) = call.took_up
    assert environ["OTEL_DISTRO_LOCAL_STORE"] == "/option.db"
    assert timeout_seconds == 2.0


def test_nothing_is_said_when_nothing_waits(call: Call) -> None:
    assert call("show").stderr == ""


def test_the_store_is_shown_even_when_nothing_can_be_taken_up(call: Call) -> None:
    call.take_up_error = PermissionError("the directory is locked")
    result = call("show", "runs")
    assert result.exit_code == 0
    assert "digits-linear" in result.stdout
    assert result.stderr == "what waits could not be taken up: the directory is locked\n"


def test_a_store_that_cannot_be_read_is_one_line_and_exit_code_1(call: Call) -> None:
    call.open_error = PermissionError(13, "Permission denied", "/option.db")
    result = call("show", "--store", "/option.db")
    assert result.exit_code == 1
    assert result.stderr == "Error: [Errno 13] Permission denied: '/option.db'\n"


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("show",), ("show", "runs"), ("show", "annotations")])
def test_an_empty_store_says_what_to_do(call: Call, arguments: tuple[str, ...]) -> None:
    call.reader.rows.clear()
    call.environ["OTEL_DISTRO_LOCAL_STORE"] = "/variable.db"
    result = call(*arguments)
    assert result.exit_code == 0
    assert "recorded yet in /variable.db" in result.stdout
    assert "opentelemetry-instrument python" in result.stdout


def test_no_match_in_a_full_store_is_no_empty_store(call: Call) -> None:
    assert call("show", "arcs", "--class", "other").stdout == "no ARCs match\n"


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_overview_shows_all_kinds_and_keeps_to_the_width(call: Call, width: int) -> None:
    call.width = width
    lines = call("show").stdout.splitlines()
    assert max(map(len, lines)) <= width
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == [
        "Runs",
        "Alerts",
        "Incidents",
        "ARCs by class",
        "Annotations",
        "Artifacts",
        "Newest trace",
    ]


def test_the_overview_shows_a_run_with_last_and_best_values_and_a_curve(call: Call) -> None:
    lines = call("show").stdout.splitlines()
    loss = next(line.split() for line in lines if "train.loss" in line)
    assert loss[:4] == ["train.loss", "0.0712", "↓", "0.0712"]
    assert loss[4].startswith("█▄▃▂")
    assert next(line.split() for line in lines if "validation.accuracy" in line)[:4] == [
        "validation.accuracy",
        "0.9597",
        "↑",
        "0.9622",
    ]
    assert next(line.split() for line in lines if "learning_rate" in line)[1:] == ["0.001", "0.001", "…", "0.05"]


def test_the_overview_sums_arcs_up_by_class(call: Call) -> None:
    row = next(line for line in call("show").stdout.splitlines() if line.startswith("  classify"))
    assert row.split(maxsplit=6) == ["classify", "300", "2.1", "ms", "2.1", "ms", "299 completed, 1 failed"]


def test_arcs_stand_before_their_sub_arcs_and_the_many_before_the_few(call: Call) -> None:
    template = call.reader.rows["arcs"][0]
    call.reader.rows["arcs"] = [
        *(template | {"id": f"a{n}.b", "parent_id": f"a{n}", "class": "features"} for n in range(5)),
        *(template | {"id": f"a{n}", "class": "rare"} for n in range(2)),
        *(template | {"id": f"a{n}", "class": "frequent"} for n in range(2, 5)),
    ]
    lines = call("show").stdout.partition("ARCs by class\n")[2].splitlines()[1:4]
    assert [line.split()[:2] for line in lines] == [["frequent", "3"], ["rare", "2"], ["features", "5"]]


def test_ids_that_we_made_are_shortened_and_others_are_not(call: Call) -> None:
    call.reader.rows["arcs"][0] |= {"id": f"{'ab' * 16}.{'cd' * 16}", "started_unix_nano": 2 * 10**18}
    call.reader.rows["arcs"][1] |= {"id": "order-4711", "started_unix_nano": 19 * 10**17}
    lines = call("show", "arcs", "--limit", "2").stdout.splitlines()
    assert [line.split()[-1] for line in lines[1:3]] == ["abababab.cdcdcdcd", "order-4711"]


def test_a_distribution_is_shown_with_its_mean_in_its_unit_and_its_shape(call: Call) -> None:
    line = next(line for line in call("show", "metrics").stdout.splitlines() if "algo.arc.duration" in line)
    assert "2 ms mean of 300  ▁█▁▁" in line
    assert "class=classify" in line


def test_the_overview_says_where_more_is(call: Call) -> None:
    assert "… more: otel-distro show annotations" in call("show").stdout


def test_a_run_alone_is_shown_whole(call: Call) -> None:
    shown = call("show", "runs", "--run", "digits-linear").stdout
    assert "  optimizer = sgd\n" in shown
    assert "epoch 8: learning rate lowered" in shown


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_keeps_to_its_limit_and_says_so(call: Call, name: str) -> None:
    lines = call("show", name, "--limit", "1").stdout.splitlines()
    assert lines
    if name not in ("runs", "incidents", "artifacts", "traces"):
        assert len(lines) == 3
        assert lines[-1] == "… the first 1 row; more with --limit"


def test_a_terminal_of_100_columns_names_the_run_a_narrow_one_does_not(call: Call) -> None:
    call.width = 100
    assert "3f2a9c1b" in call("show", "incidents").stdout
    call.width = 99
    assert "3f2a9c1b" not in call("show", "incidents").stdout


def test_lines_end_where_their_text_ends(call: Call) -> None:
    for line in call("show").stdout.splitlines():
        assert line == line.rstrip()


def test_recorded_text_is_no_markup_and_cannot_command_the_terminal(call: Call) -> None:
    call.reader.rows["incidents"][0]["title"] = "[red]x[/red] :smile: \x1b[2J\nnext"
    shown = call("show", "incidents").stdout
    assert "[red]x[/red] :smile: \N{REPLACEMENT CHARACTER}[2J next" in shown


def test_values_that_nobody_expects_are_shown_too(call: Call) -> None:
    run = call.reader.rows["runs"][0]
    run |= {"started_unix_nano": None, "duration_seconds": None, "tags": [], "description": None, "metadata": {}}
    run["metrics"] = {"loss": {"last": math.nan, "min": math.nan, "max": math.inf, "count": 2, "last_step": None}}
    call.reader.rows["arcs"][0] |= {"started_unix_nano": None, "duration_seconds": None, "exports": {}}
    call.reader.rows["annotations"][0] |= {"inputs": None, "outputs": [1, [2, [3, [4, [5]]]]], "labels": []}
    for name in ("", *LISTINGS):
        result = call("show", *([name] if name else []), *(["--limit", "300"] if name else []))
        assert result.exit_code == 0, result.exception

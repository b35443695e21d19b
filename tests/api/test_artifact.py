"""Artifacts: files and objects, and what becomes of those that cannot be kept."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from api.fakes import FakeSink, Recorded, refuse
from otel_distro import semconv
from otel_distro.api import arc, artifact, counting, files, run, wiring
from otel_distro.api.sink import KeptFile, NoSink


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.csv"
    path.write_text("a,b\n")
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives temporary files a directory of their own, to see what is left in it."""
    found = tmp_path / "temporary"
    found.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found))
    return found


def test_a_file_is_kept_as_it_is_now(recorded: Recorded, model: Path) -> None:
    with run("train") as r, arc("a") as a:
        artifact_id = r.save(model, "output")
        model.write_text("changed")
    event = recorded.one(semconv.EVENT_ARTIFACT)
    assert event.attributes == {
        "algo.artifact.id": artifact_id,
        "algo.artifact.name": "model.csv",
        "algo.artifact.category": "output",
        "algo.artifact.media_type": "text/csv",
        "algo.artifact.size_bytes": 4,
        "algo.artifact.sha256": "sha256-of-kept-1",
        "algo.artifact.uri": model.as_uri(),
        "algo.artifact.original_path": str(model),
        "algo.artifact.kept": "kept-1",
        "algo.run.id": r.id,
        "algo.run.name": "train",
        "algo.arc.id": a.id,
        "algo.arc.class": "a",
    }
    assert recorded.sink.files == {"kept-1": b"a,b\n"}
    assert recorded.values("algo.artifact.size") == {("output",): (1, 4)}


def test_a_file_that_the_sink_only_noted_has_no_hash(recorded: Recorded, model: Path) -> None:
    recorded.sink.copies_up_to = 0
    artifact(model, "input", name="large")
    attributes = recorded.one(semconv.EVENT_ARTIFACT).attributes
    assert attributes["algo.artifact.name"] == "large"
    assert attributes["algo.artifact.size_bytes"] == 4
    assert attributes["algo.artifact.uri"] == model.as_uri()
    assert not {"algo.artifact.sha256", "algo.artifact.kept"} & set(attributes)


def test_a_relative_path_is_recorded_as_an_absolute_one(
    recorded: Recorded, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    artifact("model.csv", "input")
    assert recorded.one(semconv.EVENT_ARTIFACT).attributes["algo.artifact.original_path"] == str(model)


def test_an_empty_file_is_a_file(recorded: Recorded, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    artifact(tmp_path / "empty", "input")
    assert recorded.one(semconv.EVENT_ARTIFACT).attributes["algo.artifact.size_bytes"] == 0


def pipe(directory: Path) -> Path:
    os.mkfifo(directory / "pipe")
    return directory / "pipe"


LEFT_OUT: list[tuple[str, Callable[[Path], Any], str, str]] = [
    ("missing", lambda directory: directory / "none", "file_missing", "there is no such file"),
    ("below a file", lambda directory: directory / "model.csv" / "x", "file_missing", "there is no such file"),
    ("directory", lambda directory: directory, "not_a_file", "it is a directory or a device, not a file"),
    ("pipe", pipe, "not_a_file", "it is a directory or a device, not a file"),
    ("device", lambda _: "/dev/zero", "not_a_file", "it is a directory or a device, not a file"),
    ("NUL", lambda _: "a\0b", "file_unreadable", "it cannot be read"),
    ("too long", lambda _: "a" * 5_000, "file_unreadable", "it cannot be read"),
    ("no path", lambda _: 5, "file_unreadable", "it cannot be read"),
    ("nothing", lambda _: None, "file_unreadable", "it cannot be read"),
]


@pytest.mark.parametrize(("make", "reason", "shown"), [row[1:] for row in LEFT_OUT], ids=[row[0] for row in LEFT_OUT])
def test_a_file_that_cannot_be_kept_is_named_once_and_counted(
    recorded: Recorded,
    model: Path,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Path], Any],
    reason: str,
    shown: str,
) -> None:
    path = make(model.parent)
    with run() as r:
        assert r.save(path, "output") is None
        assert r.save(path, "output") is None
    assert recorded.events(semconv.EVENT_ARTIFACT) == []
    assert counting.counts() == {reason: 2}
    assert [record.getMessage() for record in caplog.records] == [f"file {path} is left out: {shown}"]


def test_a_file_that_the_sink_cannot_read_is_left_out(recorded: Recorded, model: Path) -> None:
    class Refusing(FakeSink):
        def keep_file(self, path: str | os.PathLike[str], *, copy: bool = False) -> KeptFile:
            raise PermissionError(13, f"Permission denied (copy={copy})", path)

    recorded.sink.__class__ = Refusing
    assert artifact(model, "output") is None
    assert counting.counts() == {"file_unreadable": 1}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "image/png"),
        ("a.csv.gz", "application/gzip"),
        ("a.tar.xz", "application/x-xz"),
        ("a.unknown-ending", "application/octet-stream"),
        ("plain", "application/octet-stream"),
    ],
)
def test_the_media_type_is_guessed_from_the_name(name: str, expected: str) -> None:
    assert files.media_type(name) == expected


# --- objects ---------------------------------------------------------------------------------------------------------


def figure() -> Figure:
    found = Figure()
    found.subplots().plot([1, 2])
    return found


class Plot:
    """Stands for a Plotly figure, which is told by its module."""

    __module__ = "plotly.graph_objs"

    def to_json(self) -> str:
        return '{"data": []}'


OBJECTS: list[tuple[Any, str, Callable[[bytes], Any], Any]] = [
    ("text ä", "text/plain", lambda content: content.decode(), "text ä"),
    (b"\x00\x01", "application/octet-stream", bytes, b"\x00\x01"),
    (bytearray(b"\x02"), "application/octet-stream", bytes, b"\x02"),
    ({"a": [1, None], "b": {"c": 1.5}}, "application/json", json.loads, {"a": [1, None], "b": {"c": 1.5}}),
    ([1, "two"], "application/json", json.loads, [1, "two"]),
    ({"when": np.float32(0.5), "tags": {"x"}}, "application/json", json.loads, {"when": 0.5, "tags": ["x"]}),
    (7, "application/json", json.loads, 7),
    (
        np.arange(4).reshape(2, 2),
        "application/x-npy",
        lambda content: np.load(io.BytesIO(content), allow_pickle=False).tolist(),
        [[0, 1], [2, 3]],
    ),
    (figure(), "image/png", lambda content: content[:8], b"\x89PNG\r\n\x1a\n"),
    (figure().axes[0], "image/png", lambda content: content[:8], b"\x89PNG\r\n\x1a\n"),
    (Plot(), "application/vnd.plotly.v1+json", json.loads, {"data": []}),
]


@pytest.mark.parametrize(
    ("value", "media_type", "read", "expected"), OBJECTS, ids=[f"{type(row[0]).__name__}" for row in OBJECTS]
)
def test_an_object_is_kept_in_a_form_that_can_be_read(
    recorded: Recorded,
    temporary: Path,
    value: Any,
    media_type: str,
    read: Callable[[bytes], Any],
    expected: Any,
) -> None:
    with run() as r:
        artifact_id = r.artifact(value, "output", name="thing")
    attributes = recorded.one(semconv.EVENT_ARTIFACT).attributes
    assert attributes["algo.artifact.id"] == artifact_id
    assert attributes["algo.artifact.name"] == "thing"
    assert attributes["algo.artifact.media_type"] == media_type
    assert not {"algo.artifact.uri", "algo.artifact.original_path"} & set(attributes)
    content = recorded.sink.files[attributes["algo.artifact.kept"]]
    assert attributes["algo.artifact.size_bytes"] == len(content)
    assert read(content) == expected
    assert list(temporary.iterdir()) == []


def test_a_data_frame_is_kept_as_csv(recorded: Recorded) -> None:
    pandas = pytest.importorskip("pandas")
    with run() as r:
        r.artifact(pandas.DataFrame({"a": [1, 2]}), "output", name="frame")
    attributes = recorded.one(semconv.EVENT_ARTIFACT).attributes
    assert attributes["algo.artifact.media_type"] == "text/csv"
    assert recorded.sink.files["kept-1"].decode().split() == [",a", "0,1", "1,2"]


class Unprintable:
    """Cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value",
    [object(), Unprintable(), {(1, 2): "key"}, np.array([object()]), CYCLE],
    ids=["object", "unprintable", "tuple as key", "array of objects", "cycle"],
)
def test_an_object_without_such_a_form_is_counted(recorded: Recorded, temporary: Path, value: Any) -> None:
    with run() as r:
        assert r.artifact(value, "output", name="thing") is None
    assert recorded.events(semconv.EVENT_ARTIFACT) == []
    assert counting.counts() == {"dropped": 1}
    assert list(temporary.iterdir()) == []


def test_a_very_large_object_is_copied_and_its_temporary_file_goes(recorded: Recorded, temporary: Path) -> None:
    recorded.sink.copies_up_to = 3
    with run() as r:
        r.artifact(b"large", "output", name="thing")
    assert list(recorded.sink.files.values()) == [b"large"]
    assert list(temporary.iterdir()) == []


def test_a_very_large_file_is_copied_if_that_is_asked_for(recorded: Recorded, model: Path) -> None:
    recorded.sink.copies_up_to = 3
    with run() as r:
        r.save(model, "output")
        r.save(model, "output", copy=True)
        artifact(model, "output", copy=True)
    kept = ["algo.artifact.kept" in event.attributes for event in recorded.events(semconv.EVENT_ARTIFACT)]
    assert kept == [False, True, True]


def test_a_sink_that_keeps_nothing_leaves_nothing_behind(recorded: Recorded, temporary: Path) -> None:
    wiring.active().sink = NoSink()
    with run() as r:
        r.artifact(b"12345", "output", name="thing")
    assert recorded.one(semconv.EVENT_ARTIFACT).attributes["algo.artifact.size_bytes"] == 5
    assert list(temporary.iterdir()) == []


def test_a_path_given_as_an_object_is_a_file_and_a_text_is_a_text(recorded: Recorded, model: Path) -> None:
    with run() as r:
        r.artifact(model, "input")
        r.artifact(str(model), "input", name="the path")
    artifact(str(model), "input")
    artifact({"a": 1}, "input", name="map")
    names = [event.attributes["algo.artifact.name"] for event in recorded.events(semconv.EVENT_ARTIFACT)]
    assert names == ["model.csv", "the path", "model.csv", "map"]
    assert recorded.sink.files["kept-2"] == str(model).encode()


def test_nothing_is_read_where_nothing_records(
    recorded: Recorded, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.logger.is_enabled = False
    monkeypatch.setattr(FakeSink, "keep_file", refuse)
    with run() as r:
        assert r.save(model, "output") is None
        assert r.save("missing", "output") is None
        assert r.artifact(b"bytes", "output", name="thing") is None
    assert counting.counts() == {}

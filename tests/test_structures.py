"""The kept tables are those of the library, and where it is another version its own are read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from conformance import structures
from conformance.structures import type_of


@pytest.fixture
def _another_version_is_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(structures, "version", lambda _library: "0.0.0")
    structures._kept.cache_clear()
    type_of.cache_clear()
    yield
    structures._kept.cache_clear()
    type_of.cache_clear()


def test_what_is_kept_is_what_the_library_says() -> None:
    kept = json.loads(structures.KEPT.read_text("utf-8"))
    if kept["version"] != structures.version(structures.LIBRARY):
        pytest.skip("another version of the library is installed than the one that was read")

    assert kept == structures.read_all(), "python -m conformance.structures"
    assert len(kept["types"]) > 600


def test_a_kept_type_and_one_that_is_read_are_the_same(request: pytest.FixtureRequest) -> None:
    kept = {name: type_of(name) for name in ("Patient", "Reference", "Nonsense", "__class__")}
    assert kept["Patient"]
    assert kept["Patient"].resource
    assert kept["Patient"].choices == {
        "deceased": ("deceasedBoolean", "deceasedDateTime"),
        "multipleBirth": ("multipleBirthBoolean", "multipleBirthInteger"),
    }

    request.getfixturevalue("_another_version_is_installed")

    assert structures._kept() is None
    assert {name: type_of(name) for name in kept} == kept
    assert kept["Nonsense"] is None

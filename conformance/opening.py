"""What a command names, opened: the target, the guide tables, the catalogue, the limits of an exchange."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance import paths
from conformance.catalogue import Catalogue
from conformance.catalogue import load as load_catalogue
from conformance.errors import UsageError
from conformance.guides import Guide
from conformance.guides import load as load_guides
from conformance.target import Target, from_folder, from_index, from_url, index_at, load

if TYPE_CHECKING:
    from conformance.wire.payer import Limits

TIMEOUT = "CONFORMANCE_TIMEOUT"


def patience() -> Limits:
    """The limits of every exchange; CONFORMANCE_TIMEOUT sets the seconds that one may take, connecting included."""
    from conformance.wire.payer import Limits  # what a target file says wrongly is told before this is loaded

    given = os.environ.get(TIMEOUT)
    if not given:
        return Limits()
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{TIMEOUT} takes a number of seconds, for example 120; got {given!r}")
    usual = Limits()
    return replace(usual, total_seconds=seconds, connect_seconds=min(seconds, usual.connect_seconds))


def scenario_folders(extra: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Where scenarios lie: ours, and the tester's own."""
    return (paths.suites(), *extra)


def catalogue_of(folders: Iterable[Path]) -> Catalogue:
    """The requirements of all scenario folders."""
    return load_catalogue([folder / "requirements" for folder in folders])


def check_names(given: Mapping[str, Any], catalogue: Catalogue, known: Mapping[tuple[str, str], Guide]) -> None:
    """UsageError for a requirement or a guide that is nowhere defined: nothing would be selected by it."""
    for name in given.get("requirement") or ():
        _check_name("--requirement", name, catalogue.requirements, "no requirement has this id")
    for name in _guide_choices(given):
        _check_name("--guide", name, {ig for ig, _ in known}, "the suites know no such guide")


def _check_name(option: str, name: str, known: Collection[str], wrong: str) -> None:
    from difflib import get_close_matches

    if name not in known:
        near = get_close_matches(name, known, 1, 0.4)
        raise UsageError(f"{option} {name}: {wrong}" + (f"; did you mean {near[0]}?" if near else ""))


def open_target(named: str, given: Mapping[str, Any], known: Mapping[tuple[str, str], Guide], today: date) -> Target:
    """The payer that TARGET names: a target.toml, a base URL (with its guides and payer type), a folder of resources,
    or the index of an issuer's files, by its URL or on disk.

    UsageError where it is none of these, or not as it should be.
    """
    payer_type = given.get("payer_type")
    if named.startswith(("http://", "https://")):
        chosen = _guide_choices(given) or (_of_files(known) if named.endswith(".json") else {})
        return from_url(named, payer_type, guides=chosen, known=versions_known(known))
    path = Path(named)
    choices = _guide_choices(given)
    if index := index_at(path):
        return from_index(index, payer_type, _of_files(known)["qhp"])
    if path.is_dir():
        return from_folder(path, payer_type, version=_formulary_version(choices, versions_known(known)))
    return only_guides(load(path, today=today, known=versions_known(known)), choices)


def _of_files(known: Mapping[tuple[str, str], Guide]) -> dict[str, str]:
    """What an index of an issuer's files is read as: its guide, in the newest version."""
    return {"qhp": versions_known(known)["drug-files"]["qhp"][-1]}


def versions_known(tables: Mapping[tuple[str, str], Guide]) -> dict[str, dict[str, tuple[str, ...]]]:
    """API -> guide -> the versions that the suites know."""
    known: dict[str, dict[str, tuple[str, ...]]] = {}
    for (ig, version), guide in tables.items():
        for api in guide.cells.get("apis") or (guide.api,):
            versions = known.setdefault(api, {}).setdefault(ig, ())
            known[api][ig] = (*versions, version)
    return known


def only_guides(target: Target, chosen: Mapping[str, str]) -> Target:
    """The target with only the chosen version of each guide named (--guide pas=2.2.1)."""
    if not chosen:
        return target
    claimed = {ig for api in target.apis.values() for ig in (*api.guides, *api.claims)}
    if strangers := set(chosen) - claimed:
        raise UsageError(f"--guide {min(strangers)}: the target claims {', '.join(sorted(claimed))} only")
    apis = {}
    for name, api in target.apis.items():
        kept = {
            ig: {version: url for version, url in versions.items() if chosen.get(ig, version) == version}
            for ig, versions in api.guides.items()
        }
        for ig, versions in kept.items():
            if not versions:
                listed = ", ".join(api.guides[ig])
                raise UsageError(f"--guide {ig}={chosen[ig]}: the target claims {ig} in {listed} only")
        apis[name] = replace(api, guides=kept)
    return replace(target, apis=apis)


def _formulary_version(chosen: Mapping[str, str], known: Mapping[str, Mapping[str, tuple[str, ...]]]) -> str:
    """The version of the formulary guide that a folder is read as: the one chosen, or the oldest."""
    versions = known["formulary"]["usdf"]
    version = chosen.get("usdf", versions[0])
    if set(chosen) - {"usdf"} or version not in versions:
        raise UsageError(f"a folder is a formulary, and takes --guide usdf={' or usdf='.join(versions)} only")
    return version


def _guide_choices(given: Mapping[str, Any]) -> dict[str, str]:
    choices = {}
    for each in given.get("guide", ()):
        ig, sign, version = each.partition("=")
        if not sign:
            raise UsageError(f"--guide takes NAME=VERSION, for example pas=2.2.1; got {each!r}")
        choices[ig] = version
    return choices


def guides() -> Mapping[tuple[str, str], Guide]:
    """The guide tables."""
    return load_guides(paths.suites() / "guides")

"""What a tester declared for an API: its cases and their members, or NotTested naming the key to add."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.errors import NotTested
from conformance.guides import version_key
from conformance.target import DEFAULT_MEMBER, Case, Claim, Member, Target


def claims_of(target: Target, ig: str) -> list[Claim]:
    """The claims of one guide, the oldest version first."""
    found = [each for each in target.claim_list() if each.ig == ig]
    return sorted(found, key=lambda each: version_key(each.version))


def cases_of(target: Target, api: str) -> Mapping[str, Case]:
    """The declared cases of an API by their names."""
    return target.cases.get(api, {})


def case_of(target: Target, api: str, name: str) -> Case:
    """A declared case; NotTested, naming its key, where it is not."""
    declared = cases_of(target, api)
    if name not in declared:
        raise NotTested(f"needs the case {name!r}", change=f"cases.{api}.{name}")
    return declared[name]


def member_of(target: Target, case: Case) -> Member:
    """The member that a case is about; NotTested where the target has none of that key."""
    key = str(case.facts.get("member", DEFAULT_MEMBER))
    if key not in target.members:
        raise NotTested(f"needs the member {key!r}", change=f"members.{key}")
    return target.members[key]


def plan_name(target: Target, member: str) -> str:
    """What a member's plan goes by; "" where the target names none."""
    about = target.members.get(member)
    return str(about.facts.get("plan", "")) if about else ""


def representative(target: Target) -> None:
    """NotTested where data may come seldom, as in a test environment: there no business day decides anything."""
    if not target.representative:
        raise NotTested("the environment does not work at the speed of the real thing", change="representative")


def another_organization(target: Target) -> None:
    """NotTested where nothing tells that the second client is another organization's than ours."""
    if target.other_requester.get("npi") in (None, target.requester.get("npi")):
        raise NotTested("needs to know whose system the second client is", change="other_requester.npi")

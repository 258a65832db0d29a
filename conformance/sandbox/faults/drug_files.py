"""What can be wrong with the files an issuer publishes, one thing at a time, and what may lawfully differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Variant

INDEX, PLANS, DRUGS, PROVIDERS = (f"drug-files.{kind}" for kind in ("index", "plans", "drugs", "providers"))
BROKEN = ("formulary.issuer-drug-file", "qhp.files-are-json")  # by a drugs file that does not come whole
Edit = Callable[[Any], None]


def edited(operation: str, edit: Edit) -> Bend:
    """An answer whose JSON is edited."""

    def change(_call: Call, answer: Answer) -> Answer:
        assert isinstance(answer.body, bytes)
        content = json.loads(answer.body)
        edit(content)
        return replace(answer, body=json.dumps(content).encode())

    return Bend(operation, change)


def first_listing(**said: Any) -> Edit:
    """Says something else of the third drug on its first plan; what is None is not said."""

    def edit(drugs: Any) -> None:
        listing = drugs[2]["plans"][0]
        listing.update(said)
        for name in [name for name, value in said.items() if value is None]:
            del listing[name]

    return edit


def put(place: int, name: str, value: Any) -> Edit:
    """Puts a member of one entry."""

    def edit(entries: Any) -> None:
        entries[place][name] = value

    return edit


def twice(entries: Any) -> None:
    """The first entry once more, at the end."""
    entries.append(entries[0])


def cut_off(_call: Call, answer: Answer) -> Answer:
    """The file breaks off."""
    assert isinstance(answer.body, bytes)
    return replace(answer, body=answer.body[:-40])


def turned(content: Any) -> None:
    """The tier of the third drug's first plan is another that the plan has."""
    listing = content[2]["plans"][0]
    listing["drug_tier"] = "SPECIALTY" if listing["drug_tier"] != "SPECIALTY" else "BRAND"


def denying(content: Any) -> None:
    """Whatever the drugs need, the file says that the third needs the contrary on its first plan."""
    listing = content[2]["plans"][0]
    listing["step_therapy"] = not listing["step_therapy"]


def without_providers(content: Any) -> None:
    del content["provider_urls"]


def dead_link(content: Any) -> None:
    content["formulary_urls"].append(content["formulary_urls"][0].replace("drugs.json", "more-drugs.json"))


def unnetworked(content: Any) -> None:
    content[0]["plans"][0]["network_tier"] = "SOMEWHERE"


def unplanned(content: Any) -> None:
    content[2]["plans"].append({**content[2]["plans"][0], "plan_id": "99999CT0019999"})


def relative(content: Any) -> None:
    for urls in content.values():
        urls[:] = [url.rpartition("/")[2] for url in urls]


def locked(_call: Call, _answer: Answer) -> Answer:
    """Nobody without credentials is given the file."""
    return Answer(401, b'{"error":"unauthorized"}', {"www-authenticate": "Bearer"}, "application/json")


def moved(call: Call, _answer: Answer) -> Answer:
    """The file lies on another host."""
    return Answer(302, None, {"location": f"{call.base_url.replace('127.0.0.1', 'localhost')}/{call.path}"})


def at_home(call: Call, _answer: Answer) -> bool:
    return "127.0.0.1" in call.base_url


FAULTS: tuple[Fault, ...] = (
    Fault("links_to_a_missing_file", "The index links to a drugs file that is not there.", BROKEN,
          bend=edited(INDEX, dead_link)),
    Fault("cuts_its_drugs_file", "The drugs file breaks off before its end.", BROKEN,
          bend=Bend(DRUGS, cut_off)),
    Fault("locks_its_drugs_file", "The drugs file is for whoever has credentials.", BROKEN, bend=Bend(DRUGS, locked)),
    Fault("sends_its_readers_round", "The drugs file is redirected without end.", BROKEN, bend=Bend(DRUGS, moved)),
    Fault("links_relatively", "The index has names of files in the place of URLs.", ("qhp.index",),
          bend=edited(INDEX, relative)),
    Fault("shows_a_page_for_plans", "In place of the plans file there is a page for people.",
          ("qhp.files-are-json",), bend=Bend(PLANS, changes.to_html)),
    Fault("forgets_providers_in_its_index", "The index names no providers files.", ("qhp.index",),
          bend=edited(INDEX, without_providers)),
    Fault("forgets_a_plans_summary", "One plan has no address of its summary.", ("qhp.plans-schema",),
          bend=edited(PLANS, lambda plans: plans[1].pop("summary_url"))),
    Fault("writes_a_flag_in_words", "One listing says \"yes\" in place of true.", ("qhp.drugs-schema",),
          bend=edited(DRUGS, first_listing(prior_authorization="yes"))),
    Fault("forgets_a_providers_type", "One provider is neither a person nor a facility.", ("qhp.providers-schema",),
          bend=edited(PROVIDERS, put(1, "type", "OTHER"))),
    Fault("spaces_an_rxnorm_number", "One drug has spaces in its RxNorm number.", ("qhp.rxnorm",),
          bend=edited(DRUGS, put(2, "rxnorm_id", " 31 4076 "))),
    Fault("lists_for_an_unknown_plan", "One drug is listed for a plan that no plans file has.", ("qhp.drug-plans",),
          bend=edited(DRUGS, unplanned)),
    Fault("lists_at_an_unknown_tier", "One drug is listed at a tier that its plan has not.",
          ("qhp.drug-tiers", "qhp.same-as-fhir"), bend=edited(DRUGS, first_listing(drug_tier="PLATINUM"))),
    Fault("misplaces_a_provider", "One provider is in a network that its plan has not.", ("qhp.provider-networks",),
          bend=edited(PROVIDERS, unnetworked)),
    Fault("leaves_a_flag_out", "One listing does not say whether step therapy applies.", ("qhp.flags",),
          bend=edited(DRUGS, first_listing(step_therapy=None))),
    Fault("lists_no_drug", "The drugs file is an empty list.",
          ("formulary.issuer-drug-file", "usdf.same-in-discovery"), bend=edited(DRUGS, list.clear)),
    Fault("lists_a_drug_twice", "One drug stands twice in the drugs file.", ("qhp.no-duplicates",),
          bend=edited(DRUGS, twice)),
    Fault("describes_a_plan_twice", "One plan stands twice in the plans file.", ("qhp.plans-once",),
          bend=edited(PLANS, twice)),
    Fault("updates_in_the_future", "One plan was updated in the year 2099.", ("qhp.dates",),
          bend=edited(PLANS, put(0, "last_updated_on", "2099-01-01"))),
    Fault("tells_two_stories_of_step_therapy", "The file and the FHIR formulary contradict each other about a drug.",
          ("qhp.same-as-fhir",), bend=edited(DRUGS, denying)),
    Fault("tells_two_tiers", "The file and the FHIR formulary have one drug at two tiers.", ("qhp.same-as-fhir",),
          bend=edited(DRUGS, turned)),
)  # fmt: skip


def bare(content: Any) -> None:
    """Without the years, which the documentation does not name."""
    for drug in content:
        for listing in drug["plans"]:
            del listing["years"]


def stranger(content: Any) -> None:
    for each in content:
        each["note"] = "for nobody"


def plain_text(_call: Call, answer: Answer) -> Answer:
    """A store that knows no better calls every file a text."""
    return replace(answer, media_type="text/plain")


def with_a_mark(_call: Call, answer: Answer) -> Answer:
    """The file begins with a byte order mark."""
    assert isinstance(answer.body, bytes)
    return replace(answer, body=b"\xef\xbb\xbf" + answer.body)


def by_years(content: Any) -> None:
    """A drug's listing for next year stands in an entry of its own."""
    later = [{**each, "years": [each["years"][0] + 1]} for each in content[0]["plans"]]
    content.append({**content[0], "plans": later})


def in_full(content: Any) -> None:
    """Every plan has all members, null where it has nothing to say, and a moment in the place of a day."""
    for plan in content:
        plan.update(marketing_url=None, formulary_url=None, last_updated_on=f"{plan['last_updated_on']}T06:00:00Z")


VARIANTS: tuple[Variant, ...] = (
    Variant("drug_files_without_years", "Listings do not name their years.", bend=edited(DRUGS, bare)),
    Variant("drug_files_with_more", "Drugs have a member that nobody documents.", bend=edited(DRUGS, stranger)),
    Variant("drug_files_as_text", "The drugs file is called plain text.", bend=Bend(DRUGS, plain_text),
            advises=("qhp.files-are-json",)),
    Variant("drug_files_with_a_mark", "The drugs file begins with a byte order mark.", bend=Bend(DRUGS, with_a_mark)),
    Variant("drug_files_elsewhere", "The drugs file lies on another host, to which its address redirects.",
            bend=Bend(DRUGS, moved, at_home)),
    Variant("drug_files_by_year", "Next year's listings of a drug stand in an entry of their own.",
            bend=edited(DRUGS, by_years)),
    Variant("plans_with_nulls", "Members that a plan may leave out are null, and it says the hour of its update.",
            bend=edited(PLANS, in_full)),
)  # fmt: skip

"""What people are called, compared the way people do: by letters, under any of their names."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from conformance.apis.shapes import identifiers, records, text

MOST_WORDS = 12  # of a name


def letters(name: str) -> str:
    """A name as it is compared: letters only, without case or accents ("Ash-Grove" is "Ashgrove")."""
    return "".join(each for each in unicodedata.normalize("NFKD", name).casefold() if each.isalpha())


def surnames_of(patient: Mapping[str, Any]) -> frozenset[str]:
    """What a Patient may be called, in letters: every family name, or any run of words of a name that is text only."""
    found: set[str] = set()
    for _, name in records(patient.get("name")):
        if family := text(name.get("family")):
            found.add(letters(family))
            continue
        words = text(name.get("text")).split()[:MOST_WORDS]
        found |= {letters("".join(words[i:j])) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
    return frozenset(found - {""})


def is_called(surnames: frozenset[str], born: str, family: str, birth_date: str) -> bool:
    """Whether names and birth date are those asked for; what is not there contradicts nothing."""
    named = not surnames or letters(family) in surnames
    return named and (not born or birth_date.startswith(born))


def contradicts(patient: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether a Patient is called, born or numbered otherwise than a member's facts say (family, birth_date, member_id
    in identifier_system); what either leaves out contradicts nothing."""
    system, number = str(facts.get("identifier_system", "")), str(facts.get("member_id", ""))
    numbers = {each.value for each in identifiers(patient.get("identifier")) if system and each.system == system}
    if number and numbers and number not in numbers:
        return True
    surnames, born = surnames_of(patient), text(patient.get("birthDate"))
    family, birth_date = str(facts.get("family", "")), str(facts.get("birth_date", ""))
    return not is_called(surnames if family else frozenset(), born if birth_date else "", family, birth_date)

"""Where an exchange says who somebody is, or carries what opens a door; and which places are known to be harmless."""

from __future__ import annotations

import re

# --- FHIR ------------------------------------------------------------------------------------------------------------
PEOPLE = frozenset({"Patient", "RelatedPerson", "Person"})
OF_A_PERSON = frozenset({
    "name", "identifier", "telecom", "address", "birthDate", "photo", "contact", "deceasedDateTime", "extension",
    "modifierExtension", "multipleBirthInteger",
})  # fmt: skip
OF_A_KIND = {
    "Coverage": frozenset({"identifier", "subscriberId", "dependent"}),
    "FamilyMemberHistory": frozenset({"name", "bornDate", "bornString"}),
}
PERSONAL_VALUES = frozenset({"valueHumanName", "valueAddress", "valueContactPoint"})
# References that lead to a person wherever they stand, if they do not say that they lead to something else.
TO_A_PERSON = frozenset({"patient", "subject", "beneficiary", "subscriber", "policyHolder", "individual"})
# Of a personal element these parts tell no more than what kind of thing it is.
KEPT_PARTS = frozenset({
    "system", "use", "type", "code", "url", "rank", "period", "start", "end", "resourceType", "assigner",
    "relationship", "reference", "contentType",
})  # fmt: skip
# … and these say nothing of one person; extensions are not learned either, a race or a language is everybody's.
EVERYBODYS = frozenset({"display", "country", "state"})
PERSON_PATH = re.compile(r"\b(Patient|RelatedPerson|Person)/(?![_$])([\w\-.%]*[\w%])")
OTHER_PATH = re.compile(r"\b[A-Z][A-Za-z]+/[\w\-.%]+")
LAUNCHED_FOR = "patient"  # of a token answer: the id of whose app it is
TRACEABLE = re.compile(r"(?=.*\d).{6,}")  # an id that is to be found again in any text: not "member" or "p1"

# A FHIR body without any of these marks holds nobody, no document and no prose: it need not be walked, only searched
# for what is known. A subject that is no plain reference to something else may be somebody, an escape a name.
SOMEBODY = (
    b"Patient", b"Person", b'Coverage"', b"FamilyMember", b"Binary", b'"div"', b'"contentType"', b'"data"',
    b"valueHumanName", b"valueAddress", b"valueContactPoint", b"ember", b'"patient"', b'"beneficiary"', b'"subscriber"',
    b'"policyHolder"', b'"individual"', b'"text"', b"\\u",
)  # fmt: skip
PUBLIC = frozenset({"Bundle", "Basic", "MedicationKnowledge", "InsurancePlan", "Location", "CapabilityStatement"})
SUBJECT = re.compile(rb'"subject"\s*:(?!\s*\{\s*"reference"\s*:\s*"[A-Z][A-Za-z]+/)')


def holds_nobody(body: bytes) -> bool:
    """Whether a FHIR body cannot say who anybody is."""
    return not any(mark in body for mark in SOMEBODY) and (b'"subject"' not in body or not SUBJECT.search(body))


# --- other JSON ------------------------------------------------------------------------------------------------------
TOKENS = frozenset({
    "access_token", "refresh_token", "id_token", "client_assertion", "client_secret", "assertion", "password",
    "subject_token", "actor_token", "token",
})  # fmt: skip
# Sentences outside of FHIR may say anything; these are a token endpoint's (RFC 6749, 5.2), which knows of clients only.
SHOWN_PROSE = frozenset({"error_description", "scope"})
PERSONAL_KEY = re.compile(
    r"(first|last|middle|given|family|full|maiden|member|patient|subscriber|user|beneficiary)_?names?|surname"
    r"|(date_?of_?)?birth_?(date|day)?|dob|ssn|social_?security(_?number)?|mrn"
    r"|(member|patient|subscriber|beneficiary|person)(_?(id|number|no|identifier))?|mbi|hicn"
    r"|(street|home|postal|mailing)?_?address(_?lines?\d?)?|street|city|zip(_?code)?|postal_?code"
    r"|(home|work|cell|mobile)?_?(tele)?phone(_?number)?|fax|e_?mail(_?address)?|photo"
)

# --- HTTP ------------------------------------------------------------------------------------------------------------
SHOWN_HEADERS = frozenset({
    "accept", "accept-encoding", "accept-ranges", "age", "allow", "alt-svc", "cache-control", "connection",
    "content-encoding", "content-language", "content-length", "content-security-policy", "content-type", "date", "etag",
    "expires", "keep-alive", "last-modified", "location", "content-location", "link", "pragma", "prefer",
    "preference-applied", "referrer-policy", "retry-after", "server", "strict-transport-security", "te",
    "traceparent", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via",
    "www-authenticate", "x-content-type-options", "x-correlation-id", "x-frame-options", "x-powered-by",
    "x-request-id", "x-xss-protection",
})  # fmt: skip
SHOWN_HEADER_FAMILIES = ("access-control-", "ratelimit-", "x-ratelimit-")
CREDENTIAL_HEADERS = frozenset({"authorization", "proxy-authorization"})
SHOWN_FIELDS = frozenset({  # of a form
    "grant_type", "scope", "client_id", "client_assertion_type", "token_type", "expires_in", "error", "resource",
})  # fmt: skip
PAGING = frozenset({
    "_count", "_format", "_pretty", "_sort", "_total", "_summary", "_elements", "_include", "_revinclude",
    "_contained", "_lastUpdated", "_getpages", "_getpagesoffset", "_bundletype", "_offset", "_page", "page",
})  # fmt: skip
# The resources of a formulary say nothing of anybody, nor does a search for them; elsewhere _id or name may.
PUBLIC_SEARCH = re.compile(r"/(InsurancePlan|Basic|MedicationKnowledge|Location)(/_search)?/?$")
PUBLIC_PARAMETERS = frozenset({
    "_id", "type", "code", "status", "formulary", "drug-tier", "pharmacy-benefit-type", "period", "coverage-type",
    "name", "name:contains", "formulary-coverage", "coverage-area", "drug-name", "drug-name:contains",
    "drug-name:exact", "drug-name:missing", "doseform",
    "doseform:contains", "subject", "subject:MedicationKnowledge.code", "subject:MedicationKnowledge.drug-name",
    "address-state", "identifier", "use",
})  # fmt: skip
USER_IN_ADDRESS = re.compile(r"//[^/@\s]*@")
ADDRESS = re.compile(r"[^\s?]+\?[^\s=]+=\S*")  # one word with a query
# What cannot be read keeps its shape and, where it begins so, what tells a page of a gateway from broken JSON.
BEGINNING = re.compile(r"\s*(<!doctype html|<html|<\?xml|<!--)?", re.IGNORECASE)
LETTERS = re.compile(r"[^\W_]")

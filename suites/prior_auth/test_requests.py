"""What a payer takes: requests that are valid, but richer, barer or odder than the usual one."""

from conformance import expect, requirement

BESIDE = True  # requests of their own, that nobody inquires about


@requirement("pas.request-content")
def test_supporting_information_is_taken(altered):
    sent = altered.sent("supporting-information")

    expect(sent.taken, "a request with clinical resources as supporting information taken", at=sent.at, got=sent.told)


@requirement("pas.uuid-full-urls")
def test_entries_known_by_uuid_are_taken(altered):
    sent = altered.sent("uuid-full-urls")

    expect(sent.taken, "a request whose entries go by urn:uuid taken", at=sent.at, got=sent.told)


@requirement("pas.documents-taken")
def test_a_document_is_taken(altered):
    sent = altered.sent("document")

    expect(sent.taken, "a request with a PDF in a DocumentReference taken", at=sent.at, got=sent.told)


@requirement("pas.must-support-taken")
def test_elements_of_the_profiles_are_taken(altered):
    sent = altered.sent("must-support")

    expect(sent.taken, "a request with elements marked must support taken", at=sent.at, got=sent.told)


@requirement("pas.minimal-request-taken")
def test_a_request_without_optional_elements_is_not_refused(altered):
    sent = altered.sent("minimal")

    expect(not sent.refused, "a request with nothing but what its profiles demand taken", at=sent.at, got=sent.told)


@requirement("pas.unsupported-elements-ignored")
def test_unknown_elements_are_ignored(altered):
    sent = altered.sent("unsupported-elements")

    expect(sent.taken, "a request with extensions and elements of no guide taken", at=sent.at, got=sent.told)


@requirement("pas.zip-plus-four")
def test_a_zip_code_with_a_dash_is_taken(altered):
    sent = altered.sent("zip-plus-four")

    expect(sent.taken, "a request with a ZIP code of nine digits taken", at=sent.at, got=sent.told)

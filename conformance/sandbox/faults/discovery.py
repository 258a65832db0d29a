"""Faults and lawful variants of discovery, of the token endpoint and of the transport."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant

METADATA = "discovery.metadata"
SMART = "discovery.smart-configuration"
UDAP = "discovery.udap"
DAVINCI = "discovery.davinci-configuration"
TOKEN = "discovery.token"  # noqa: S105  an operation's name
AUTHORIZE = "discovery.authorize"
ALGORITHMS = "token_endpoint_auth_signing_alg_values_supported"


ENDPOINT = "https://payer.example.org/auth/authorize"


def _launches(configuration: dict[str, Any]) -> None:
    """A SMART configuration of a server where apps are launched and people sign in, with all that this takes."""
    configuration["capabilities"] += ["launch-ehr", "launch-standalone", "sso-openid-connect"]
    configuration["authorization_endpoint"] = ENDPOINT
    configuration["jwks_uri"] = "https://payer.example.org/auth/keys"


def _is_narrow(call: Call, answer: Answer) -> bool:
    """Holds where a token is granted for a scope that reaches one type of resource only."""
    asked = dict(parse_qsl(call.body.decode("utf-8", "replace"))).get("scope", "").split()
    return answer.status == 200 and len(asked) == 1 and "*" not in asked[0]


def _refuses_the_scope(_call: Call, answer: Answer) -> Answer:
    return replace(answer, status=400, body=json.dumps({"error": "invalid_scope"}).encode())


def _without_registration(document: dict[str, Any]) -> None:
    document.pop("registration_endpoint")


def _terse(statement: Resource) -> None:
    """A capability statement without names, software and security, all of which FHIR leaves free."""
    for name in ("title", "publisher", "experimental", "software", "id", "name"):
        statement.pop(name)
    statement["format"] = ["json"]
    statement["rest"][0].pop("security")


def _without_state(_call: Call, answer: Answer) -> Answer:
    there = answer.headers["location"].partition("&state=")[0]
    return replace(answer, headers={**answer.headers, "location": there})


def _for_a_code(call: Call, answer: Answer) -> bool:
    return answer.status == 200 and b"grant_type=authorization_code" in call.body


FAULTS: tuple[Fault, ...] = (
    Fault(
        "forgets_the_state",
        "A code comes back to a member's app without its state.",
        ("smart.launch",),
        bend=Bend(AUTHORIZE, _without_state, lambda _call, answer: answer.status == 302),
    ),
    Fault(
        "names_no_patient",
        "The token for a code does not say whose data it opens.",
        ("smart.launch",),
        bend=Bend(TOKEN, changes.plain_json(lambda body: body.pop("patient")), _for_a_code),
    ),
    Fault(
        "checks_no_verifiers",
        "A code is exchanged whatever the verifier.",
        ("smart.code-verifier",),
        policies=changes.rule("trust", verifiers_checked=False),
    ),
    Fault(
        "hides_its_metadata",
        "Nothing is served at /metadata.",
        ("discovery.capability-statement",),
        bend=Bend(METADATA, changes.to_not_found),
    ),
    Fault(
        "speaks_tls_1_1",
        "TLS is negotiated at version 1.1 or lower.",
        ("discovery.tls-version",),
        policies=changes.rule("transport", maximum_tls="1.1"),
    ),
    Fault(
        "forgets_the_token_endpoint",
        "The SMART configuration names no token endpoint.",
        ("smart.configuration",),
        bend=Bend(SMART, changes.plain_json(lambda body: body.pop("token_endpoint"))),
    ),
    Fault(
        "launches_without_an_endpoint",
        "Apps can be launched, but the SMART configuration names no authorization endpoint.",
        ("smart.configuration",),
        bend=Bend(SMART, changes.plain_json(lambda body: body.pop("authorization_endpoint"))),
    ),
    Fault(
        "signs_in_without_keys",
        "OpenID Connect is offered, but the SMART configuration names no key set.",
        ("smart.configuration",),
        bend=Bend(SMART, changes.plain_json(lambda body: body["capabilities"].append("sso-openid-connect"))),
    ),
    Fault(
        "writes_capabilities_in_one_text",
        "The SMART configuration's capabilities are one text instead of a list.",
        ("smart.configuration",),
        bend=Bend(SMART, changes.plain_json(lambda body: body.update(capabilities=" ".join(body["capabilities"])))),
    ),
    Fault(
        "writes_the_challenge_as_text",
        "The SMART configuration's code challenge methods are a text instead of a list.",
        ("smart.configuration",),
        bend=Bend(SMART, changes.plain_json(lambda body: body.update(code_challenge_methods_supported="S256"))),
    ),
    Fault(
        "calls_its_smart_configuration_html",
        "The SMART configuration comes as text/html.",
        ("smart.configuration",),
        bend=Bend(SMART, lambda _call, answer: replace(answer, media_type="text/html")),
    ),
    Fault(
        "offers_plain_challenges",
        "The SMART configuration offers plain code challenges beside S256.",
        ("smart.code-challenge",),
        bend=Bend(SMART, changes.plain_json(lambda body: body["code_challenge_methods_supported"].append("plain"))),
    ),
    Fault(
        "offers_no_signing_algorithm",
        "The SMART configuration names no algorithm that assertions may be signed with.",
        ("smart.asymmetric-client",),
        bend=Bend(SMART, changes.plain_json(lambda body: body.pop(ALGORITHMS))),
    ),
    Fault(
        "forgets_the_token_type",
        "Token answers have no token_type.",
        ("smart.token-answer", "smart.launch"),
        bend=Bend(TOKEN, changes.plain_json(lambda body: body.pop("token_type")), changes.succeeded),
    ),
    Fault(
        "issues_hour_long_tokens",
        "Access tokens are good for an hour.",
        ("smart.token-lifetime",),
        policies=changes.rule("trust", lifetime=3600),
    ),
    Fault(
        "accepts_replayed_assertions",
        "An assertion is accepted again and again.",
        ("smart.assertion-replay",),
        policies=changes.rule("trust", replay_refused=False),
    ),
    Fault(
        "accepts_any_signature",
        "The signature of an assertion is not checked.",
        ("smart.assertion-signature",),
        policies=changes.rule("trust", signature_checked=False),
    ),
    Fault(
        "accepts_expired_assertions",
        "An assertion is accepted after it expired.",
        ("smart.assertion-expiry",),
        policies=changes.rule("trust", expiry_checked=False),
    ),
    Fault(
        "accepts_any_audience",
        "An assertion is accepted that is meant for another token endpoint.",
        ("smart.assertion-audience",),
        policies=changes.rule("trust", audience_checked=False),
    ),
    Fault(
        "accepts_any_client",
        "An assertion is accepted whose client nobody registered.",
        ("smart.assertion-client",),
        policies=changes.rule("trust", client_checked=False),
    ),
    Fault(
        "accepts_unsigned_assertions",
        "An assertion with alg none is accepted.",
        ("smart.assertion-unsigned",),
        policies=changes.rule("trust", takes_unsigned=True),
    ),
    Fault(
        "bears_no_other_clock",
        "An assertion is refused that was made a second ahead of the payer's clock.",
        ("smart.clock-skew",),
        policies=changes.rule("trust", skew=0),
    ),
    Fault(
        "takes_any_token",
        "Any access token opens everything, whoever made it.",
        ("smart.forged-token",),
        policies=changes.rule("trust", takes_any_token=True),
    ),
    Fault(
        "honours_expired_tokens",
        "Access tokens open everything for a day after they expired.",
        ("smart.expired-token",),
        policies=changes.rule("trust", expired_borne=86400),
    ),
    Fault(
        "forgets_the_udap_registration",
        "The UDAP metadata name no registration endpoint.",
        ("udap.metadata",),
        bend=Bend(UDAP, changes.plain_json(_without_registration), changes.succeeded),
    ),
    Fault(
        "changes_signed_metadata",
        "What the UDAP metadata say was changed after it was signed.",
        ("udap.signed-metadata",),
        policies=changes.rule("trust", udap={"forged": True}),
    ),
    Fault(
        "signs_for_another_address",
        "The UDAP metadata are signed by a certificate for another address.",
        ("udap.signed-metadata",),
        policies=changes.rule("trust", udap={"certified": "https://payer.example.org/fhir"}),
    ),
    Fault(
        "signs_for_two_years",
        "The signed UDAP metadata are good for two years.",
        ("udap.signed-metadata",),
        policies=changes.rule("trust", udap={"lasts": 2 * 365 * 86400}),
    ),
    Fault(
        "ignores_scopes",
        "Any token opens every operation.",
        ("smart.scope-enforced",),
        policies=changes.rule("trust", scopes_enforced=False),
    ),
    Fault(
        "forgets_davinci_configuration",
        "Nothing is served at /.well-known/davinci-configuration.",
        ("davinci.configuration",),
        bend=Bend(DAVINCI, changes.to_not_found),
        versions=("hrex=1.1.0", "hrex=1.2.0"),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "offers_no_udap",
        "Nothing is served at .well-known/udap.",
        policies=changes.rule("trust", udap={"absent": True}),
    ),
    Variant(
        "signs_udap_for_a_day",
        "The signed UDAP metadata are good for a day.",
        policies=changes.rule("trust", udap={"lasts": 86400}),
    ),
    Variant(
        "metadata_with_media_type_parameters",
        "The media type of the capability statement carries parameters.",
        bend=Bend(METADATA, changes.with_media_type_parameters),
    ),
    Variant(
        "terse_metadata",
        "The capability statement says nothing that FHIR does not require, and names its format json.",
        bend=Bend(METADATA, changes.resource(_terse)),
    ),
    Variant(
        "capitalises_bearer",
        "Token answers write the token type as Bearer.",
        bend=Bend(TOKEN, changes.plain_json(lambda body: body.update(token_type="Bearer")), changes.succeeded),  # noqa: S106
    ),
    Variant(
        "issues_minute_long_tokens",
        "Access tokens are good for a minute.",
        policies=changes.rule("trust", lifetime=60),
    ),
    Variant(
        "bears_with_expired_tokens",
        "Access tokens are taken for five minutes after they expired, as clocks may differ.",
        policies=changes.rule("trust", expired_borne=300),
    ),
    Variant(
        "launches_apps_too",
        "The SMART configuration offers launches and sign-in, with the endpoint and the keys for them.",
        bend=Bend(SMART, changes.plain_json(_launches)),
    ),
    Variant(
        "refuses_narrow_scopes",
        "No token is given for a scope of one type of resource only.",
        bend=Bend(TOKEN, _refuses_the_scope, _is_narrow),
    ),
    Variant(
        "widens_narrow_scopes",
        "Whatever scope is asked for, the registered ones are granted, and the token answer says so.",
        policies=changes.rule("trust", widens=True),
    ),
    Variant(
        "names_more_in_smart_configuration",
        "The SMART configuration names endpoints and keys beyond the required ones.",
        bend=Bend(
            SMART,
            changes.plain_json(lambda body: body.update({"x_support_contact": "https://payer.example.org/support"})),
        ),
    ),
    Variant(
        "keeps_bare_davinci_keys",
        "The Da Vinci configuration keeps endpoint codes without a version beside the versioned ones.",
        bend=Bend(
            DAVINCI,
            changes.plain_json(
                lambda body: body["endpoints"].update(
                    davinci_pdex_payer_endpoint=body["endpoints"]["davinci_pdex_payer_endpoint#2.2"]
                )
            ),
            lambda call, answer: call.version == "hrex=1.2.0" and answer.status == 200,
        ),
        versions=("hrex=1.2.0",),
    ),
)

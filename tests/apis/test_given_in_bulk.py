"""What an answer gives of a bulk exchange, and what only explains itself."""

from __future__ import annotations

import pytest

from conformance.apis.bulk_manifest import is_given
from conformance.exchange import Exchange

OUTCOME = b'{"resourceType": "OperationOutcome", "issue": []}'
PATIENT = b'{"resourceType": "Patient", "id": "p"}'


@pytest.mark.parametrize(
    ("status", "body", "given"),
    [
        (202, b"", True),
        (200, PATIENT, True),
        (200, PATIENT + b"\n" + PATIENT, True),
        (200, OUTCOME + b"\n" + PATIENT + b"\n", True),
        (200, b'{"transactionTime": "", "output": [], "error": []}', True),
        (200, b'{"error": "login_required"}', False),
        (200, OUTCOME, False),
        (200, b"<html>Sign in</html>", False),
        (200, b"", False),
        (401, PATIENT, False),
    ],
)
def test_a_job_a_manifest_or_data_are_given_and_words_are_not(status: int, body: bytes, given: bool) -> None:
    headers = {"content-location": "https://payer.example/jobs/1"} if status == 202 else {}
    answer = Exchange("x", "bulk.export", "", "", "POST", "u", status=status, headers=headers, body=body)

    assert is_given(answer) is given

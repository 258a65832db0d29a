"""A token of ours that is waited out: how long, up to which limit, and what it opens then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from conformance import clock
from conformance.errors import NotTested
from conformance.flows.recording import Options
from conformance.flows.trust import BORNE, Trust
from conformance.opening import guides, open_target
from conformance.run import Subject
from conformance.sandbox.serve import serve

LASTS = 300.0  # seconds, of the model payer's tokens
KEY = "auth.gateway.wait_for_expiry"


def test_the_first_token_of_a_run_is_waited_out_as_long_as_the_target_allows(tmp_path: Path) -> None:
    with serve(directory=tmp_path, tls=False) as payer:
        target = open_target(str(payer.target_file), {}, guides(), today=clock.now().date())
        waited: list[float] = []

        def expired(limit: timedelta | None) -> int | None:
            api = target.apis["prior-auth"]
            allowed = replace(target, apis={"prior-auth": replace(api, auth=replace(api.auth, wait_for_expiry=limit))})
            subject = Subject.open(allowed, guides(), Options(), journal=False)
            try:
                subject.recording.waits(lambda seconds: (waited.append(seconds), payer.clock.move(seconds)))
                claim = next(each for each in allowed.claim_list() if each.ig == "smart")
                return Trust(subject.recording, claim).expired().status
            finally:
                subject.close()

        for limit in (None, timedelta(seconds=LASTS)):
            with pytest.raises(NotTested) as unjudged:
                expired(limit)
            assert unjudged.value.change == KEY
        assert not waited

        assert expired(timedelta(seconds=LASTS + BORNE)) == 401
        assert waited == [pytest.approx(LASTS + BORNE, abs=10)]

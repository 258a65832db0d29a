"""What is pended at first and decided while the run lasts: inquired about until it is."""

from __future__ import annotations

from datetime import timedelta

from conformance import clock
from conformance.flows.prior_auth_requests import Requests
from conformance.flows.submission import Submission, later, same_request, undecided

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 60.0  # seconds between inquiries


def settled(requests: Requests, submission: Submission, settles: timedelta) -> Submission:
    """Inquires, ever more seldom, until the answer decides or its time is over.

    What passed while other cases were sent or waited for has passed here as well.
    """
    end = clock.monotonic() + settles.total_seconds()
    passed = clock.now() - submission.answered if submission.answered else timedelta()
    pause = FIRST_PAUSE
    rest = min(pause, max(0.0, pause - passed.total_seconds()))
    while undecided(submission.deciding) and clock.monotonic() + rest < end:
        clock.sleep(rest)
        rest = pause = min(pause * 2, LONGEST_PAUSE)
        asked = requests.ask(submission.case, f"{submission.case}:settling")
        mine = [each for each in requests.found(asked) if each.decided and same_request(each, submission)]
        if mine:
            submission = later(submission, min(mine, key=undecided), asked)
    return submission

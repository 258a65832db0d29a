"""What became of a subscription, and of what it brought: the values that subscription scenarios judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.notifications import EVENT, Notification
from conformance.apis.prior_auth import Answer
from conformance.apis.raw import body_of, resource_problem
from conformance.apis.shapes import record, text
from conformance.exchange import Exchange
from conformance.flows.prior_auth_requests import good
from conformance.flows.submission import Submission, same_request
from conformance.wire.callbacks import Received

NOT_IMPLEMENTED = 501
GONE = frozenset({404, 410})


@dataclass(frozen=True)
class Made:
    """A subscription as the payer keeps it, or why it does not."""

    exchange: Exchange
    sent: Mapping[str, Any]
    resource: Mapping[str, Any]
    endpoint: str

    @property
    def taken(self) -> bool:
        """Whether it was made, and is not in error or off from the start."""
        return good(self.exchange) and self.resource.get("status") not in ("error", "off")

    @property
    def refused(self) -> bool:
        """Whether it was turned away, in the answer or by its status; a payer that breaks refuses nothing."""
        return not self.taken and ((self.exchange.status or 0) < 500 or self.exchange.status == NOT_IMPLEMENTED)

    @property
    def told(self) -> str:
        """What came, for a finding."""
        status = text(self.resource.get("status"))
        return f"status {self.exchange.status}" + (f", subscription {status}" if status else "")

    @property
    def problem(self) -> str:
        """What the Subscription that came breaks of FHIR; "" where nothing, or where none came."""
        return resource_problem(dict(self.resource)) if self.resource else ""

    @property
    def ident(self) -> str:
        """The id of the subscription: of the resource, or of the Location that the answer names."""
        location = self.exchange.headers.get("location", "").partition("/_history")[0].rstrip("/")
        return text(self.resource.get("id")) or location.rpartition("/")[2]


@dataclass(frozen=True)
class Heard:
    """What came at an endpoint: as an exchange, as it was received, and as a notification where it is one."""

    exchange: Exchange
    received: Received
    notification: Notification | None


@dataclass(frozen=True)
class Touched:
    """What was done to a subscription: the answer to that, and whether it had its way."""

    answer: Exchange
    done: bool

    @property
    def at(self) -> str:
        return self.answer.method


@dataclass(frozen=True)
class Notified:
    """A pended request, and the notifications that came after it; ``about`` are those that can be of it."""

    submission: Submission
    about: tuple[Notification, ...]
    received: int

    @property
    def at(self) -> str:
        return self.submission.at

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers that they brought about the request."""
        brought = (answer for each in self.about for answer in each.answers)
        return tuple(each for each in brought if same_request(each, self.submission))


def gone(exchange: Exchange) -> bool:
    """Whether a read says that there is no such thing."""
    return exchange.status in GONE


def reason_of(read: Exchange) -> str:
    """The reason of a subscription as it was read; "" where it was not."""
    return text(record(body_of(read)).get("reason")) if good(read) else ""


def status_of(read: Exchange) -> str:
    """The status of a subscription as it was read."""
    return text(record(body_of(read)).get("status"))


def about(notification: Notification, submission: Submission) -> bool:
    """Whether a notification can be about a submission: by its content, by its focus, or where it tells neither."""
    if notification.kind != EVENT:
        return False
    if notification.answers:
        return any(same_request(each, submission) for each in notification.answers)
    ident = text(submission.first.claim_response.get("id"))
    idents = {each.rstrip("/").rpartition("/")[2] for each in notification.focus}
    # A payer may give its answer another id once it is decided: then the endpoint, which is ours alone, must do.
    return not idents or not ident or ident in idents or len(idents) == 1

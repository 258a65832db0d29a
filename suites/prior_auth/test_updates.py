"""Requests that change an earlier one: items added, changed, cancelled, and all of it cancelled."""

from conformance import expect, only_if, requirement
from conformance.apis.echo import disagreements


@requirement("pas.update-taken")
def test_an_update_is_taken(updates):
    update = updates.changed()

    expect(update.taken, "an update that adds, changes and cancels items taken", at=update.at, got=update.told)


@requirement("pas.cancelled-items")
def test_a_cancelled_item_is_no_longer_approved(updates):
    update = updates.changed(taken=True)
    only_if(update.processed, "updates that are processed, not rejected")

    expect(not update.cancelled_but_granted, "no approval of the cancelled item", at=update.at, got=update.told)


@requirement("pas.request-cancelled")
def test_nothing_of_a_cancelled_request_is_approved(updates):
    update = updates.cancelled()
    only_if(update.processed, "cancellations that are processed, not rejected")

    expect(not update.still_granted, "no approval of any item", at=update.at, got=update.told)


@requirement("pas.inquiry-current")
def test_an_inquiry_tells_an_updated_request_as_it_stands(updates):
    update = updates.changed(taken=True)
    only_if(update.processed, "updates that are processed, not rejected")
    answers = updates.inquire()

    expect(answers, "the updated request among what the inquiry finds", at=update.at)
    untold = update.untold(answers)
    expect(not untold, "every item of the update told", at=update.at, got="; ".join(untold))
    current = [each for each in answers if not disagreements(update.answer, (each,))]  # history may stand beside it
    differing = disagreements(update.answer, answers)
    expect(current, "every item as the update was answered", at=update.at, got="; ".join(differing))


@requirement("pas.replaced-number")
def test_a_replaced_number_leads_to_the_current_authorization(updates):
    update = updates.changed(taken=True)
    only_if(update.processed, "updates that are processed, not rejected")
    only_if(not update.undecided, "updates that are decided at once")
    answers = updates.inquire_by_replaced_number()

    expect(answers, "the updated authorization, found by its number from before", at=update.at)
    differing = disagreements(update.answer, answers)
    expect(not differing, "every item as it stands now", at=update.at, got="; ".join(differing))

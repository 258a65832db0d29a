"""payer-conformance: a payer's FHIR endpoints go in, a verdict per requirement comes out.

The names here are all that a scenario needs.
"""

from conformance.errors import NonConformance, NotTested
from conformance.expect import advise, expect, need, only_if, requirement

__version__ = "0.1.0"

__all__ = ["NonConformance", "NotTested", "advise", "expect", "need", "only_if", "requirement"]

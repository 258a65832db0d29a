"""What stands in the way of a verdict: looked at before any run. Nothing that writes is sent, and nothing is judged."""

from conformance.doctor.check import Check
from conformance.doctor.examination import examine
from conformance.doctor.text import render

__all__ = ["Check", "examine", "render"]

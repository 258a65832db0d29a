"""Reading each API's answers into plain values: pure functions from resources to frozen dataclasses.

A payer's answer may have any shape. A reader never raises: it ignores what it cannot read, and gives None where the
thing it was asked for is not there at all. Every value says where it stands (``at``, a FHIR path).
"""

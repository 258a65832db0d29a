"""What must never be written: secrets, and who the members are.

Two nets. By structure (places.py): in every body the elements that say who somebody is are replaced, in headers, forms
and addresses all that is not known to be harmless. By value (known.py): everything that target.toml says of its
members and every secret it resolved, plus all that the first net caught, is replaced wherever it turns up, in any file,
message or line of the console. One person keeps one pseudonym for the whole run (member-1 is the first member of
target.toml, person-1 a stranger). What no net can catch is a stranger's name in a free text of an answer before any
structure of any answer has told that it is one.
"""

from conformance.redaction.known import HIDDEN
from conformance.redaction.redactor import Redactor

__all__ = ["HIDDEN", "Redactor"]

"""Runs that tests start note nothing in the ledger of whoever runs the tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from conformance.follow_up.ledger import PLACE

os.environ[PLACE] = str(Path(tempfile.mkdtemp(prefix="conformance-tests-")) / "ledger.sqlite3")

"""Where the optional public data for tests lies: beside the checkout, or where PAYER_CONFORMANCE_DATA says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("PAYER_CONFORMANCE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public test data is not here; see tests/shared_data.py")

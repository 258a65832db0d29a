"""How stamps are spelt in logs: US dates, names of months, Excel's serial days, seconds since 1970, zones' letters."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_TIME = r"(\d{1,2})(?:[:.](\d\d))?(?:[:.](\d\d)(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?"
_SLASHES = re.compile(rf"(\d{{1,2}})([/-])(\d{{1,2}})\2(\d{{4}}|\d\d)(?:[ T,]+{_TIME})?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?")
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")
_DAY_FIRST = re.compile(rf"(\d{{1,2}})[- ]([A-Za-z]{{3}})[A-Za-z]*[- ,]+(\d{{4}}|\d\d)(?:[ T,]+{_TIME})?")
_MONTH_FIRST = re.compile(rf"([A-Za-z]{{3}})[A-Za-z]*\.? (\d{{1,2}}),? (\d{{4}})(?:[ T,]+{_TIME})?")
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_SINCE_1970 = re.compile(r"(1\d{9})(?:\d{3}|\.\d+)?")
_ZONED = re.compile(r"(.*[\d.MmPpAa]) ?\b(UTC|GMT|[ECMP][SD]T|AK[SD]T|HST)", re.IGNORECASE)
_MONTHS = {
    name: n
    for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
# The zones of the United States by their letters, which say summer or winter themselves.
OFFSETS = {
    "UTC": "+00:00", "GMT": "+00:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "AKST": "-09:00", "AKDT": "-08:00",
    "HST": "-10:00",
}  # fmt: skip
_SECOND_0 = datetime(1970, 1, 1, tzinfo=UTC)
_SERIAL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001  Excel counts a February 29 of 1900 that never was
_SERIALS = (36526, 73050)  # 2000 to 2099


def as_iso(text: str) -> tuple[str, str]:
    """A stamp in ISO form, and how it was spelt: iso, us or other; "" where it is no time."""
    said = " ".join(text.split())
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d", said):
        return f"{said[:10]}T{said[11:]}:00", "iso"
    if found := _ZONED.fullmatch(said):
        local, form = as_iso(found[1])
        return (f"{local}{OFFSETS[found[2].upper()]}" if "T" in local else local), form
    if found := _SLASHES.fullmatch(said):
        month, sign, day, year, *time = found.groups()
        if len(year) == 4 or sign == "/":
            return _iso(year, month, day, *time), "us"
    if found := _YEAR_FIRST.fullmatch(said) or _DIGITS.fullmatch(said):
        return _iso(*found.groups()), "other"
    if found := _DAY_FIRST.fullmatch(said):
        day, month, year, *time = found.groups()
        return _iso(year, _month(month), day, *time), "other"
    if found := _MONTH_FIRST.fullmatch(said):
        month, day, year, *time = found.groups()
        return _iso(year, _month(month), day, *time), "other"
    if found := _SINCE_1970.fullmatch(said):
        return (_SECOND_0 + timedelta(seconds=int(found[1]))).isoformat(), "other"
    if (found := _SERIAL.fullmatch(said)) and _SERIALS[0] <= int(found[1]) < _SERIALS[1]:
        day_begins = _SERIAL_DAY_0 + timedelta(days=int(found[1]))
        if found[2] is None:
            return f"{day_begins:%Y-%m-%d}", "other"
        return (day_begins + timedelta(seconds=round(float(found[2]) * 86400))).isoformat(), "other"
    return (said.replace(" ", "T", 1), "iso") if re.match(r"\d{4}(-|$)", said) else ("", "")


def _month(name: str) -> str:
    return str(_MONTHS.get(name.casefold(), 0))


def _iso(
    year: str, month: str, day: str, hour: str | None, minute: str | None, second: str | None, half: str | None = None
) -> str:
    try:
        said = f"{datetime(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)):%Y-%m-%d}"  # noqa: DTZ001
    except ValueError:
        return ""
    if hour is None:
        return said
    if half and not 1 <= int(hour) <= 12:
        return ""
    number = int(hour) % 12 + (12 if half.casefold().startswith("p") else 0) if half else int(hour)
    return f"{said}T{number:02d}:{minute or '00'}:{second or '00'}"

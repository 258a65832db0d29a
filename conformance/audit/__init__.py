"""Decision records by the million: who was late, who was denied without a reason, and whether published figures hold.

Expressions are written once in ibis and run on DuckDB or Spark; what depends on zones, holidays or wording is worked
out in Python over the few distinct values there are, and joined back (due.py, stamps.py, vocabulary.py).
"""

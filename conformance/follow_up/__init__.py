"""Pended requests, followed for as long as it takes: a ledger of what waits, and rounds that ask, judge and tell."""

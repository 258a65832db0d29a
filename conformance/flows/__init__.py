"""The acts of each API: what is sent, in which order, and what comes back as plain values.

A flow never blames the payer: an answer it cannot use is NotTested, naming the requirement that judges that answer.
"""

"""The model payer: lawful in everything the suites know, until it is bent.

Nothing here imports the suites, the guide tables or the readers of answers: what the model payer says comes from its
own literal templates, so that a mistake must be made twice to go unseen.
"""

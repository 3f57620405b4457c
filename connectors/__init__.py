"""Connectors: extract raw records from files and land them, nothing more.

Belongs here: one package per vendor, the shared readers (`tabular`), the landing zone
(`landing`) and the error tree (`errors`). Does not belong here: cleaning, matching,
orchestration, or reading the environment.
"""

"""The domain: standardise, validate, match, identify and merge CRM records.

Each subpackage is one step and one façade. What belongs here: rules that hold for any
CRM export, on files that are handed in. What does not: connectors, dbt, Dagster,
environment variables and clocks; whoever calls a step passes paths, settings and time.
"""

__all__: list[str] = []

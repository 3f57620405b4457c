"""Run tidycrm: configuration, Dagster definitions, publishing and the command line.

The only package that knows the other two. It decides nothing about customers: rules
live in `hygiene`, SQL in `dbt_project`, protocols in `connectors`.
"""

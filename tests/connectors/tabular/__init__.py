"""Tests of connectors.tabular."""

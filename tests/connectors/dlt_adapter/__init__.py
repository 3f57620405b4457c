"""Tests of connectors.dlt_adapter."""

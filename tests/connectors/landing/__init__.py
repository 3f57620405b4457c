"""Tests of connectors.landing."""

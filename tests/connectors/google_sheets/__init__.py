"""Tests of connectors.google_sheets."""

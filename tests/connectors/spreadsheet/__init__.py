"""Tests of connectors.spreadsheet."""

"""Tests of connectors.rest."""

"""Tests of connectors.arrivals."""

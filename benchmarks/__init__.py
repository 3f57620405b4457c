"""Accuracy and throughput of tidycrm, seeded, with dated results beside the code."""

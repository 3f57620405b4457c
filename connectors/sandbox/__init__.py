"""Local look-alikes of vendors' services, for people to try and tests to use."""

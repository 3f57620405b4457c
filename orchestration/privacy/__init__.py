"""Privacy: erasure, access requests, consent, retention and the log of who did what.

The façade is thin on purpose: import from the module that says what you need.

    audit       the hash-chained log of decisions      `tidycrm audit`
    suppressed  who must not come back, as keyed hashes
    subject     who is meant, and every record of theirs
    needles     what is searched for, in every spelling it is stored in
    tables      searching and rewriting tables (Parquet, DuckDB, SQLite)
    documents   searching and rewriting text, CSV and archives
    erasure     the steps of one erasure, its journal and its certificate
    access      one person's data with their sources
    consent     what people agreed to, by channel and purpose
    retention   what is kept for how long
"""

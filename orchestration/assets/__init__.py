"""The steps of the pipeline as Dagster assets, one module per layer.

Assets are thin: name = table, docstring = grain and meaning, the body calls one domain
function and reports counts. No business rule and no cell value belongs here.
"""

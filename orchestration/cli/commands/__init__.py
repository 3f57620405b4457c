"""One module per topic of the `tidycrm` command; a new file here is a new topic.

A module defines `commands = typer.Typer()` and decorates its functions with
`@commands.command()`; a group of verbs is a further Typer that it adds to `commands`.
`ORDER` (optional) is the place in the help. Modules import what is heavy inside their
functions, so that `tidycrm --help` stays fast, and only translate between terminal and
domain: no logic.
"""

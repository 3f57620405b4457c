"""What a failed run says of itself on the terminal."""

import dagster as dg

from orchestration.failures import explain


def _failed_run(description: str | None) -> dg.ExecuteInProcessResult:
    @dg.asset(
        check_specs=[dg.AssetCheckSpec("volume", asset="contacts", blocking=True)]
    )
    def contacts():
        return dg.MaterializeResult(
            check_results=[
                dg.AssetCheckResult(
                    check_name="volume",
                    passed=False,
                    severity=dg.AssetCheckSeverity.ERROR,
                    description=description,
                    metadata={"rows_failed": 1200},
                )
            ]
        )

    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([contacts], instance=instance, raise_on_error=False)


def test_a_check_that_stops_the_publication_says_what_to_do() -> None:
    said = explain(_failed_run("crm/contact: 60% vanished. Run it with X.").all_events)
    assert "One check that guards the published file failed:" in said
    assert (
        "  - contacts: volume (1,200 rows). crm/contact: 60% vanished. Run it with X."
        in said.splitlines()
    )


def test_a_check_without_words_is_named() -> None:
    said = explain(_failed_run(None).all_events)
    assert "  - contacts: volume (1,200 rows)" in said.splitlines()

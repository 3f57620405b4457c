"""The seam to Splink: a model in its terms, and its expectation maximisation.

What belongs here: everything that calls Splink, on one private DuckDB connection. What
does not: decisions about thresholds, clusters or parameters.

Splink offers its levels as SQL (`vectors.py` compares pairs with them) and estimates
parameters from comparison vectors. The vectors are handed in: each pair is compared
once, not once per session, and a session costs milliseconds instead of seconds.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import duckdb

from hygiene.matching.parameters import LevelParameters, ModelParameters
from hygiene.matching.specification import (
    Comparison,
    Specification,
    TrainingRule,
)

logger = logging.getLogger(__name__)

_PATTERNS = "em_vectors"


class SplinkEngine:
    """Splink on DuckDB, for one set of parameters.

    Args:
        connection: Connection that holds `features`.
        specification: The model.
        parameters: Its parameters.
        prior: Probability that two random records are one entity, from which a session
            derives the share of matches among its pairs to start with.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        specification: Specification,
        parameters: ModelParameters,
        *,
        prior: float,
    ) -> None:
        with warnings.catch_warnings():
            # sqlglot, which Splink uses, warns about its own accelerator on import.
            warnings.simplefilter("ignore", DeprecationWarning)
            from splink import DuckDBAPI, Linker

        logging.getLogger("splink").setLevel(logging.ERROR)
        self._connection = connection
        self._specification = specification
        self._api = DuckDBAPI(connection)
        self._linker = Linker(
            self._api.register("features"),
            splink_settings(specification, parameters, prior=prior),
            log_level=None,
            validate_settings=False,
        )

    def estimate_m(
        self, rule: TrainingRule, vectors: str
    ) -> tuple[dict[str, dict[str, float]], float] | None:
        """Run Splink's expectation maximisation on the pairs of a training rule.

        Args:
            rule: The rule; comparisons on its columns are left out.
            vectors: Table or query of the rule's pairs, compared.

        Returns:
            Estimates of m by comparison and level, as far as the rule teaches them, and
            the share of matches among the rule's pairs; nothing if the estimation
            collapsed, which happens when the rule selects hardly any match.
        """
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {_PATTERNS} AS SELECT * FROM {vectors}"
        )
        # Where a rule selects matches only, their share runs to one and its odds to
        # infinity: then the share is held at what the model expects of the rule.
        session = self._train(rule, hold_share=False)
        session = session or self._train(rule, hold_share=True)
        self._connection.execute(f"DROP VIEW {_PATTERNS}")
        if session is None:
            logger.info("EM on equal %s collapsed", " + ".join(rule.columns))
            return None
        share = float(session.core_model_settings.probability_two_random_records_match)
        estimates: dict[str, dict[str, float]] = {}
        by_name = {
            item.output_column_name: item
            for item in session.core_model_settings.comparisons
        }
        for comparison in self._specification.comparisons:
            trained = by_name.get(comparison.name)
            if trained is None:
                continue
            values: dict[str, float] = {}
            for level in trained.comparison_levels:
                if level.is_null_level:
                    continue
                name = comparison.levels[
                    len(comparison.levels) - 1 - level.comparison_vector_value
                ].name
                m = level.m_probability
                values[name] = float(m) if isinstance(m, float | int) else 0.0
            estimates[comparison.name] = values
        return estimates, share

    def _train(self, rule: TrainingRule, *, hold_share: bool) -> Any | None:
        """Run one session of expectation maximisation; nothing if it collapsed."""
        from splink.internals.blocking import BlockingRule
        from splink.internals.em_training_session import EMTrainingSession
        from splink.internals.exceptions import SplinkException

        settings = self._linker._settings_obj
        conditions = " AND ".join(f"l.{name} = r.{name}" for name in rule.columns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                session = EMTrainingSession(
                    self._linker,
                    db_api=self._api,
                    blocking_rule_for_training=BlockingRule(conditions, "duckdb"),
                    # A session changes what it is given.
                    core_model_settings=deepcopy(settings.core_model_settings),
                    training_settings=settings.training_settings,
                    unique_id_input_columns=(
                        settings.column_info_settings.unique_id_input_columns
                    ),
                    fix_u_probabilities=True,
                    fix_probability_two_random_records_match=hold_share,
                    estimate_without_term_frequencies=True,
                )
                session._train(
                    self._api.table_to_splink_dataframe(
                        "__splink__df_comparison_vectors", _PATTERNS
                    )
                )
            except (ValueError, ZeroDivisionError, SplinkException):
                # Splink refuses an m of zero and an infinite prior, its own results.
                return None
            return session


def splink_settings(
    specification: Specification,
    parameters: ModelParameters,
    *,
    dialect: str = "duckdb",
    has_frequencies: bool = True,
    prior: float = 0.5,
) -> dict[str, Any]:
    """Write a model as Splink's settings.

    Args:
        specification: The model.
        parameters: Its parameters.
        dialect: Splink's name of the backend's SQL.
        has_frequencies: Whether rare values weigh more; they need frequency tables.
        prior: Probability that two random records are one entity; even odds where it is
            added outside, as in scoring.

    Returns:
        A settings dictionary that Splink's `Linker` takes.
    """
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": prior,
        "comparisons": [
            _comparison_settings(
                comparison,
                parameters.levels[comparison.name],
                dialect=dialect,
                has_frequencies=has_frequencies,
            )
            for comparison in specification.comparisons
        ],
        "blocking_rules_to_generate_predictions": [],
        "em_convergence": 0.001,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
    }


def _comparison_settings(
    comparison: Comparison,
    parameters: Mapping[str, LevelParameters],
    *,
    dialect: str,
    has_frequencies: bool,
) -> dict[str, Any]:
    import splink.comparison_level_library as library

    missing = library.CustomLevel(comparison.missing).configure(is_null_level=True)
    levels: list[Any] = [missing]
    for level in comparison.levels:
        value = parameters[level.name]
        creator = level.condition()
        options: dict[str, Any] = {
            "m_probability": value.m,
            "u_probability": value.u,
        }
        if has_frequencies and level.frequency_column is not None:
            options |= {
                "tf_adjustment_column": level.frequency_column,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(creator.configure(**options))
    return {
        "output_column_name": comparison.name,
        "comparison_levels": [item.create_level_dict(dialect) for item in levels],
    }

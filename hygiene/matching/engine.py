"""The seam to Splink: block, score given pairs, and run expectation maximisation.

What belongs here: everything that calls Splink, on the table `features` of one private
DuckDB connection. What does not: decisions about thresholds, clusters or parameters.
Another engine (Spark through Splink's own backend) has to offer the same three methods.

Splink writes a match weight per comparison (`mw_`) but the level only together with all
raw columns, which would quadruple the memory. The parameters keep the weights of a
comparison's levels apart, so the level is recovered from its weight.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import duckdb

from hygiene.errors import EngineError
from hygiene.matching.blocking import key_column
from hygiene.matching.frequencies import frequency_table
from hygiene.matching.parameters import LevelParameters, ModelParameters
from hygiene.matching.specification import (
    Agreements,
    BlockingRule,
    Comparison,
    Evidence,
    Specification,
    TrainingRule,
)

logger = logging.getLogger(__name__)

_SAME_WEIGHT = 1e-6


class SplinkEngine:
    """Splink on DuckDB, for one feature table and one set of parameters."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        specification: Specification,
        parameters: ModelParameters,
    ) -> None:
        with warnings.catch_warnings():
            # sqlglot, which Splink uses, warns about its own accelerator on import.
            warnings.simplefilter("ignore", DeprecationWarning)
            from splink import DuckDBAPI

        self._connection = connection
        self._specification = specification
        self._parameters = parameters
        self._api = DuckDBAPI(connection)
        self._features = self._api.register("features")
        self._linker = self._make_linker(self._features)
        for frequency in specification.frequencies:
            table = self._api.register(frequency_table(frequency.column))
            self._linker.table_management.register_term_frequency_lookup(
                table, frequency.column
            )

    def _make_linker(self, features: Any) -> Any:
        from splink import Linker

        logging.getLogger("splink").setLevel(logging.ERROR)
        settings = {
            "link_type": "dedupe_only",
            "unique_id_column_name": "unique_id",
            # The prior is added outside: it is estimated from the scored pairs.
            "probability_two_random_records_match": 0.5,
            "comparisons": [
                _comparison_settings(
                    comparison, self._parameters.levels[comparison.name]
                )
                for comparison in self._specification.comparisons
            ],
            "blocking_rules_to_generate_predictions": [
                _blocking_sql(rule) for rule in self._specification.blocking_rules
            ],
            "em_convergence": 0.001,
            "retain_matching_columns": False,
            "retain_intermediate_calculation_columns": True,
        }
        return Linker(features, settings, log_level=None, validate_settings=False)

    def block(self, table: str) -> None:
        """Find candidate pairs by the blocking rules.

        Args:
            table: Table to create: unique_id_l < unique_id_r and match_key, the number
                of the first rule that found the pair.
        """
        from splink import DuckDBAPI

        # Its own cache: Splink would hand out pairs that were registered for scoring.
        linker = self._make_linker(DuckDBAPI(self._connection).register("features"))
        pairs = linker.inference.compute_blocked_pairs_for_predict()
        self._connection.execute(
            f"CREATE TABLE {table} AS SELECT "
            "least(join_key_l, join_key_r) AS unique_id_l, "
            "greatest(join_key_l, join_key_r) AS unique_id_r, "
            "min(match_key::INTEGER) AS match_key "
            f"FROM {pairs.physical_name} GROUP BY ALL"
        )
        pairs.drop_table_from_database_and_remove_from_cache()

    def score(self, pairs: str, table: str) -> None:
        """Score given pairs.

        Args:
            pairs: Table with unique_id_l, unique_id_r and match_key.
            table: Table to create: the pair, match_key, `gamma_<comparison>` (-1 when
                it cannot be answered) and `mw_<comparison>`, term frequency included.
        """
        self._connection.execute(
            f"CREATE OR REPLACE TABLE pairs_to_score AS SELECT "
            "match_key::VARCHAR AS match_key, unique_id_l AS join_key_l, "
            f"unique_id_r AS join_key_r FROM {pairs}"
        )
        registered = self._api.table_to_splink_dataframe(
            "__splink__blocked_id_pairs", "pairs_to_score"
        )
        self._linker.table_management.register_blocked_pairs_for_predict(registered)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                scored = self._linker.inference.predict(warning_mode="never")
            except Exception as error:
                raise EngineError(
                    f"Scoring {self._specification.entity} pairs: Splink failed with "
                    f"{type(error).__name__}; expected scores; report the run's log "
                    "together with the versions of splink and duckdb."
                ) from error
        columns = {
            str(row[0])
            for row in self._connection.execute(
                f"DESCRIBE {scored.physical_name}"
            ).fetchall()
        }
        selected: list[str] = []
        for comparison in self._specification.comparisons:
            weight = f"mw_{comparison.name}"
            adjustment = f"mw_tf_adj_{comparison.name}"
            selected.append(
                f"{_gamma_sql(comparison, self._parameters.levels[comparison.name])}"
                f"::TINYINT AS gamma_{comparison.name}"
            )
            total = f"{weight} + {adjustment}" if adjustment in columns else weight
            selected.append(f"({total})::FLOAT AS {weight}")
        self._connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT unique_id_l, unique_id_r, "
            f"match_key::INTEGER AS match_key, {', '.join(selected)} "
            f"FROM {scored.physical_name}"
        )
        scored.drop_table_from_database_and_remove_from_cache()
        self._connection.execute("DROP TABLE pairs_to_score")

    def estimate_m(
        self, rule: TrainingRule, *, max_pairs: float
    ) -> tuple[dict[str, dict[str, float]], float] | None:
        """Run Splink's expectation maximisation on the pairs of a training rule.

        Args:
            rule: The rule; comparisons on its columns are left out.
            max_pairs: Sample size.

        Returns:
            Estimates of m by comparison and level, as far as the rule teaches them, and
            the share of matches among the rule's pairs; nothing if the estimation
            collapsed, which happens when the rule selects hardly any match.
        """
        linker = self._make_linker(self._features)
        block = next(
            item
            for item in self._specification.blocking_rules
            if item.name == rule.block
        )
        key = key_column(block)
        conditions = [f"l.{column} = r.{column}" for column in rule.columns]
        conditions.append(f"l.{key} = r.{key}")
        # Where a rule selects matches only, their share runs to one and its odds to
        # infinity: then the share is held at what the model expects of the rule.
        session = _train_session(linker, conditions, max_pairs, hold_share=False)
        session = session or _train_session(
            linker, conditions, max_pairs, hold_share=True
        )
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


def _train_session(
    linker: Any, conditions: Sequence[str], max_pairs: float, *, hold_share: bool
) -> Any | None:
    """Run one session of expectation maximisation; nothing if it collapsed."""
    from splink.internals.exceptions import SplinkException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return linker.training.estimate_parameters_using_expectation_maximisation(
                " AND ".join(conditions),
                estimate_without_term_frequencies=True,
                fix_u_probabilities=True,
                fix_probability_two_random_records_match=hold_share,
                max_pairs=max_pairs,
            )
        except (ValueError, ZeroDivisionError, SplinkException):
            # Splink refuses an m of zero and an infinite prior, its own results.
            return None


def context_weight_sql(specification: Specification) -> str:
    """Combine the weights of a scored pair so that surroundings speak only once.

    Args:
        specification: The model.

    Returns:
        SQL over the columns that `SplinkEngine.score` writes: the pair's weight in
        bits, without the prior.
    """
    identity: list[str] = []
    facts: dict[str, list[str]] = {}
    for comparison in specification.comparisons:
        weight = f"mw_{comparison.name}"
        if comparison.evidence is Evidence.SURROUNDINGS:
            facts.setdefault(comparison.fact, []).append(weight)
            continue
        shared = [
            str(comparison.level_value(level.name))
            for level in comparison.levels
            if level.is_shared
        ]
        if shared:
            is_shared = f"gamma_{comparison.name} IN ({', '.join(shared)})"
            identity.append(f"CASE WHEN {is_shared} THEN 0 ELSE {weight} END")
            facts.setdefault(f"{comparison.name} in part", []).append(
                f"CASE WHEN {is_shared} THEN {weight} ELSE 0 END"
            )
        else:
            identity.append(weight)
    total = " + ".join(identity)
    if facts:
        once = [weight for weights in facts.values() for weight in weights]
        parts = ", ".join(["0", *once])
        total += f" + greatest({parts}) + least({parts})"
    return f"({total})::DOUBLE"


def mergeable_sql(
    specification: Specification, allowed: Collection[str] = frozenset()
) -> str:
    """Say whether a scored pair may be merged by its weight alone.

    Args:
        specification: The model.
        allowed: Kinds of doubtful pairs that may be merged in this table.

    Returns:
        A boolean SQL expression over `gamma_` columns: some required agreement holds,
        no conflict goes unexcused and the pair is of no doubtful kind.
    """
    conditions = [any_agreement_sql(specification, specification.required_agreement)]
    conditions += [
        f"NOT ({doubt.condition} AND NOT "
        f"{any_agreement_sql(specification, doubt.excused_by)})"
        for doubt in specification.doubts
        if doubt.name not in allowed
    ]
    conditions += [
        f"(gamma_{conflict.comparison} <> 0 OR "
        f"{any_agreement_sql(specification, conflict.excused_by)})"
        for conflict in specification.conflicts
    ]
    return f"({' AND '.join(conditions)})"


def any_agreement_sql(specification: Specification, agreements: Agreements) -> str:
    """Say in SQL whether any of several agreements holds.

    Args:
        specification: The model.
        agreements: Comparisons with the levels that count.

    Returns:
        A boolean SQL expression over `gamma_` columns.
    """
    alternatives = []
    for name, levels in agreements:
        comparison = specification.comparison(name)
        values = ", ".join(str(comparison.level_value(level)) for level in levels)
        alternatives.append(f"gamma_{name} IN ({values})")
    return f"({' OR '.join(alternatives)})"


def _blocking_sql(rule: BlockingRule) -> str:
    return f"l.{key_column(rule)} = r.{key_column(rule, other=True)}"


def _comparison_settings(
    comparison: Comparison, parameters: Mapping[str, LevelParameters]
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
        if level.frequency_column is not None:
            options |= {
                "tf_adjustment_column": level.frequency_column,
                "tf_adjustment_weight": level.frequency_weight,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(creator.configure(**options))
    return {
        "output_column_name": comparison.name,
        "comparison_levels": [item.create_level_dict("duckdb") for item in levels],
    }


def _gamma_sql(
    comparison: Comparison, parameters: Mapping[str, LevelParameters]
) -> str:
    cases: list[str] = []
    names: Sequence[str] = [level.name for level in comparison.levels]
    for position, name in enumerate(names):
        value = parameters[name]
        weight = math.log2(value.m / value.u)
        cases.append(
            f"WHEN abs(mw_{comparison.name} - ({weight!r})) < {_SAME_WEIGHT} "
            f"THEN {len(names) - 1 - position}"
        )
    return f"CASE {' '.join(cases)} ELSE -1 END"

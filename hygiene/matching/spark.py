"""Comparing pairs on Spark, through Splink's own Spark backend.

What belongs here: handing the candidate pairs to Splink on Spark and taking back what
each comparison answered. What does not: anything that decides. Reading, blocking,
weights, the threshold and the clusters are the same code on both engines, on the machine
that runs the sync; comparing strings is what takes the processor time of a large run.

Same edges on both engines. The comparisons are the same Splink levels, written in the
dialect of Spark. Similarity functions of the two backends differ in the last decimals
(and for long words in more than those), and a similarity next to a level's limit would
flip the answer. So Spark's workers compute Jaro-Winkler and Damerau-Levenshtein with
DuckDB, batch by batch, under the names that Splink's Spark dialect uses.
"""

from __future__ import annotations

import importlib.util
import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb

from hygiene.errors import ConfigurationError
from hygiene.matching.engine import splink_settings
from hygiene.matching.namesakes import NAME_RARITIES
from hygiene.matching.parameters import shipped_parameters
from hygiene.matching.reuse import Reuse
from hygiene.matching.settings import SparkSettings
from hygiene.matching.specification import Specification
from hygiene.matching.vectors import compared_columns, rarity_sql
from hygiene.parquet_exchange import quote_literal, write_parquet

logger = logging.getLogger(__name__)

_FUNCTIONS = {
    "jaro_winkler": "jaro_winkler_similarity",
    "damerau_levenshtein": "damerau_levenshtein",
}
"""Function of Splink's Spark dialect, and the one of DuckDB that means the same."""


def compare_on_spark(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    settings: SparkSettings,
    scratch: Path,
) -> Reuse:
    """Create `vectors` of all `candidates`, compared by Splink on Spark.

    Args:
        connection: Connection that holds `candidates` and `comparable`.
        specification: The model.
        settings: Where Spark runs.
        scratch: Folder for the exchange of tables, unless the settings name one that
            every worker sees.

    Returns:
        Counts and the reason, as `compare_changed` gives them.

    Raises:
        ConfigurationError: If pyspark or Java is not there.
    """
    _require_spark()
    parent = settings.exchange or scratch
    parent.mkdir(parents=True, exist_ok=True)
    exchange = Path(mkdtemp(prefix=".spark-", dir=parent)).resolve()
    try:
        columns = ", ".join(compared_columns(specification))
        write_parquet(
            connection,
            f"SELECT unique_id, {columns} FROM comparable",
            exchange / "records.parquet",
        )
        pairs = write_parquet(
            connection,
            "SELECT '0' AS match_key, unique_id_l AS join_key_l, "
            "unique_id_r AS join_key_r FROM candidates",
            exchange / "pairs.parquet",
        )
        with _session(settings) as spark:
            _predict(spark, specification, exchange)
        _take_back(connection, specification, exchange / "answers")
    finally:
        shutil.rmtree(exchange, ignore_errors=True)
    row = connection.execute("SELECT count(*) FROM comparable").fetchone()
    return Reuse(
        0, pairs, int(row[0]) if row else 0, "Every pair was compared on Spark."
    )


def _require_spark() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise ConfigurationError(
            "Matching on Spark: the package pyspark is not installed; expected the "
            "extra of that name; run `pip install 'tidycrm[spark]'`, or set "
            "matching.engine to duckdb."
        )


@contextmanager
def _session(settings: SparkSettings) -> Iterator[Any]:
    """Give a Spark session: the one that is there, or one of our own."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    existing = SparkSession.getActiveSession()
    builder = SparkSession.builder.appName("tidycrm matching")
    if settings.master is not None:
        builder = builder.master(settings.master)
    options = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        **settings.options,
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        spark = existing or builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise ConfigurationError(
            f"Matching on Spark: the session could not be started "
            f"({type(error).__name__}); expected Java 17 (JAVA_HOME) and the master "
            f"{settings.master or 'of the cluster'}; check both, or set "
            "matching.engine to duckdb."
        ) from error
    if existing is None and (settings.master or "").startswith("local"):
        # Workers on this machine are otherwise the first python3 of the path, which may
        # lack the packages of this one.
        spark.sparkContext.pythonExec = sys.executable
    try:
        yield spark
    finally:
        if existing is None:
            spark.stop()


def _predict(spark: Any, specification: Specification, exchange: Path) -> None:
    """Let Splink compare the pairs and write its answers."""
    with warnings.catch_warnings():
        # Splink's own dependencies warn about each other on import.
        warnings.simplefilter("ignore")
        import sqlglot
        from splink import Linker
        from splink.backends.spark import SparkAPI

        logging.getLogger("splink").setLevel(logging.ERROR)
        _register_functions(spark)

        class PlainSparkAPI(SparkAPI):
            """Splink's backend, without its own dialect of Spark's SQL.

            That dialect only writes literals more briefly, and a compiled sqlglot does
            not let itself be extended by it.
            """

            def _setup_for_execute_sql(
                self,
                sql: str,
                physical_name: str,  # noqa: ARG002  Splink hands it in
            ) -> str:
                return str(sqlglot.transpile(sql, read="spark", write="spark")[0])

        # Untyped only where pyspark is installed.
        api = PlainSparkAPI(  # type: ignore[no-untyped-call, unused-ignore]
            spark_session=spark,
            break_lineage_method="persist",
            register_udfs_automatically=False,
        )
        linker = Linker(
            api.register(
                spark.read.parquet(f"{exchange}/records.parquet"),
                table_name="tidycrm_records",
            ),
            splink_settings(
                specification,
                # Answers do not depend on the parameters; frequencies only on them.
                shipped_parameters(specification),
                dialect="spark",
                has_frequencies=False,
            )
            # Splink keeps its answers only beside the values that they are about.
            | {
                "retain_matching_columns": True,
                "retain_intermediate_calculation_columns": False,
            },
            log_level=None,
            validate_settings=False,
        )
        spark.read.parquet(f"{exchange}/pairs.parquet").createOrReplaceTempView(
            "tidycrm_blocked_pairs"
        )
        linker.table_management.register_blocked_pairs_for_predict(
            api.table_to_splink_dataframe(
                "__splink__blocked_id_pairs", "tidycrm_blocked_pairs"
            )
        )
        answers = linker.inference.predict(warning_mode="never").as_spark_dataframe()
        names = [f"gamma_{item.name}" for item in specification.comparisons]
        answers.select(
            "unique_id_l", "unique_id_r", *(answers[name] for name in names)
        ).write.parquet(f"{exchange}/answers")
        spark.catalog.clearCache()


def _register_functions(spark: Any) -> None:
    from pyspark.sql.functions import pandas_udf

    for name, function in _FUNCTIONS.items():
        spark.udf.register(name, pandas_udf(_batched(function), "double"))


def _batched(function: str) -> Callable[..., Any]:
    """Make a function over two columns of text that DuckDB computes."""
    import pandas as pd

    def compute(left, right):  # type: ignore[no-untyped-def]  # Spark reads the hints
        import duckdb as engine
        import pyarrow as pa

        table = pa.table(
            {
                "l": pa.array(left, type=pa.string(), from_pandas=True),
                "r": pa.array(right, type=pa.string(), from_pandas=True),
            }
        )
        with engine.connect() as connection:
            connection.execute("SET threads = 1")
            connection.register("batch", table)
            found = connection.execute(
                f"SELECT {function}(l, r)::DOUBLE AS v FROM batch"
            )
            return found.fetch_arrow_table()["v"].to_pandas()

    compute.__annotations__ = {
        "left": pd.Series,
        "right": pd.Series,
        "return": pd.Series,
    }
    return compute


def _take_back(
    connection: duckdb.DuckDBPyConnection, specification: Specification, answers: Path
) -> None:
    """Create `vectors` from Spark's answers and this machine's rarities."""
    file = quote_literal(f"{answers}/*.parquet")
    names = [item.name for item in specification.comparisons]
    gammas = ", ".join(f"a.gamma_{name}::TINYINT AS gamma_{name}" for name in names)
    of_values = "".join(
        f", l.rarity_{item.column} AS of_{item.column}"
        for item in specification.frequencies
    )
    rarities = ", ".join(
        f"{rarity_sql(item)} AS rarity_{item.name}"
        for item in specification.comparisons
    )
    limits = ", ".join(f"l.{name}" for name in NAME_RARITIES)
    ordered = ", ".join(f"gamma_{name}, rarity_{name}" for name in names)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE vectors AS
        SELECT unique_id_l, unique_id_r, found_by, match_key, {", ".join(NAME_RARITIES)},
            {ordered}
        FROM (
            SELECT *, {rarities} FROM (
                SELECT c.*, {limits}, {gammas}{of_values}
                FROM candidates AS c
                INNER JOIN read_parquet({file}) AS a
                    ON c.unique_id_l = a.unique_id_l AND c.unique_id_r = a.unique_id_r
                INNER JOIN comparable AS l ON c.unique_id_l = l.unique_id
            )
        )
        """
    )

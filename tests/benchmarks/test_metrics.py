"""The metric benchmarks as a user runs them: published samples, then dirty files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from benchmarks.metrics import main
from tests.hygiene.metrics.samples import CALIBRATION_END, HOLDOUT_END, cdnow_orders

ORDERS = ["customer_id=customer", "order_date=day", "amount=value"]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main([str(argument) for argument in arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cdnow") / "orders.csv"
    cdnow_orders().write_csv(path)
    return path


def test_cdnow_orders(capsys: pytest.CaptureFixture[str], cdnow: Path) -> None:
    found = run(
        capsys, "orders", cdnow, "--map", *ORDERS, "--calibration-end", CALIBRATION_END
    )
    published = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    assert found["parameters"] == pytest.approx(published, rel=1e-3)
    assert found["log_likelihood"] == pytest.approx(-9594.98, abs=0.01)
    assert found["customers"] == 2357
    value = found["gamma_gamma"]
    assert value["p"] == pytest.approx(6.25, rel=1e-3)
    assert value["q"] == pytest.approx(3.74, rel=2e-3)
    assert value["gamma"] == pytest.approx(15.44, rel=1e-3)
    assert not value["independence_doubtful"]
    test = found["holdout"]
    assert test["holdout_end"] == HOLDOUT_END
    assert test["actual_total"] == 1882
    assert test["mae"] <= 0.76
    assert test["correlation"] >= 0.63
    assert -0.13 <= test["bias"] <= -0.10
    assert test["buyer_auc"] >= 0.775
    assert test["purchase_probability"]["brier"] <= 0.163
    assert found["clv"]["36_months_total"] > found["clv"]["12_months_total"] > 0


def test_cdnow_with_the_simpler_model(
    capsys: pytest.CaptureFixture[str], cdnow: Path
) -> None:
    found = run(
        capsys, "orders", cdnow, "--map", *ORDERS, "--model", "bg_nbd",
        "--calibration-end", CALIBRATION_END, "--time-unit", "day",
    )  # fmt: skip
    assert found["parameters"]["alpha"] == pytest.approx(4.414 * 7, rel=1e-3)
    assert found["parameters"]["a"] == pytest.approx(0.793, rel=1e-3)


def test_dirty_orders_are_read_and_counted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clean = (
        cdnow_orders()
        .head(400)
        .with_columns(
            pl.col("day").str.to_date().dt.strftime("%d/%m/%Y 10:15"),
            ("€ " + pl.col("value").str.replace(".", ",", literal=True)).alias("value"),
        )
    )
    dirty = pl.DataFrame(
        {
            "customer": ["", "0007", "0007", "0007", "0007"],
            "day": ["01/02/1997 10:15", "someday", "01/03/1997 10:15", "02/03/1997 10:15", "01/01/2150 10:15"],
            "value": ["€ 5,00", "€ 5,00", "five", "(12,50)", "€ 5,00"],
        }
    )  # fmt: skip
    path = tmp_path / "dirty.csv"
    pl.concat([clean, dirty]).write_csv(path, separator=";")
    found = run(
        capsys, "orders", path, "--map", *ORDERS, "--calibration-end", CALIBRATION_END
    )
    counts = found["input"]
    assert counts["missing_customer"] == 1
    assert counts["missing_date"] == 1
    assert counts["missing_amount"] == 1
    assert counts["refunds"] == 1
    assert counts["future_dates"] == 1
    assert counts["order_date_format"] == "%d/%m/%Y %H:%M"
    assert found["prior_used"]
    assert found["converged"]


def test_few_orders_fall_back_to_the_mean(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "few.parquet"
    cdnow_orders().head(12).write_parquet(path)
    found = run(
        capsys, "orders", path, "--map", *ORDERS, "--calibration-end", CALIBRATION_END
    )
    assert found["method"] == "cohort_mean"
    assert found["holdout"]["purchase_probability"] is None


def test_playbook_subscriptions(
    capsys: pytest.CaptureFixture[str], shared_data: Path
) -> None:
    found = run(
        capsys, "subscriptions",
        shared_data / "metrics" / "mrr_playbook" / "subscription_periods.csv",
        "--map", "customer_id=customer_id", "start=start_date", "end=end_date",
        "amount=monthly_amount", "--as-of", "2019-12-31",
    )  # fmt: skip
    assert found["totals"] == {
        "mrr_new": 2120,
        "mrr_reactivation": 150,
        "mrr_expansion": 660,
        "mrr_contraction": 555,
        "mrr_churn": 1120,
        "customers_new": 51,
        "customers_reactivated": 3,
        "customers_churned": 26,
        "mrr_end": 1255,
        "customers_end": 28,
    }
    assert found["largest_gap"] == 0
    assert found["retention_12_months"]["nrr"] == pytest.approx(0.7009, abs=5e-5)


def test_intervals_become_months(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "subscriptions.csv"
    path.write_text(
        "who,from,to,fee,every\n"
        "a,2024-01-01,,120,year\n"
        "b,2024-01-15,2024-03-31,30,quarterly\n"
        "c,2024-01-20,someday,7,month\n"
        "d,2024-02-01,2024-01-01,7,month\n"
        "e,2024-01-01,,12,fortnight\n"
    )
    found = run(
        capsys, "subscriptions", path, "--map", "customer_id=who", "start=from",
        "end=to", "amount=fee", "interval=every", "--as-of", "2024-04-30",
    )  # fmt: skip
    assert [month["mrr_end"] for month in found["months"]] == [20, 20, 20, 10]
    assert found["input"]["unknown_interval"] == 1
    assert found["input"]["unreadable_end"] == 1
    assert found["input"]["end_before_start"] == 1
    assert found["input"]["open_ended"] == 1


def test_telco(capsys: pytest.CaptureFixture[str], shared_data: Path) -> None:
    path = shared_data / "metrics" / "telco" / "Telco-Customer-Churn.csv"
    found = run(capsys, "churn", path, "--target", "Churn", "--id", "customerID")
    assert 0.848 <= found["auc"] <= 0.87
    assert found["brier"] <= 0.1335
    assert found["ece"] <= 0.012
    assert found["lift_top_decile"] >= 2.8
    assert not found["leak_alarm"]
    assert found["suspicious_columns"] == {}


def test_a_leak_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "leaky.csv"
    rows = [
        f"{i},{i % 7},{'left' if i % 3 == 0 else ''},{int(i % 3 == 0)}"
        for i in range(300)
    ]
    path.write_text("id,visits,reason,gone\n" + "\n".join(rows))
    found = run(capsys, "churn", path, "--target", "gone")
    assert found["leak_alarm"]
    assert list(found["suspicious_columns"]) == ["reason"]
    assert found["features"]["dropped"] == {"id": "identifier"}


def test_sbg_cohorts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sizes = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
    path = tmp_path / "cohort.csv"
    path.write_text("year,n\n" + "\n".join(f"{y},{n}" for y, n in enumerate(sizes)))
    found = run(
        capsys, "sbg", path, "--map", "age=year", "customers=n",
        "--calibration-periods", "7",
    )["cohorts"]["all"]  # fmt: skip
    assert round(found["alpha"], 3) == 0.668
    assert round(found["beta"], 3) == 3.806
    assert found["holdout_mape"] <= 0.03


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["orders", "none.csv", "--map", *ORDERS], "does not exist", id="no file"),
        pytest.param(["orders", "{}", "--map", "customer_id=customer"], "order_date", id="role missing"),
        pytest.param(["orders", "{}", "--map", "customer_id=who", *ORDERS[1:]], "no column 'who'", id="no column"),
        pytest.param(["orders", "{}", "--map", "client=customer", *ORDERS], "customer_id", id="unknown role"),
        pytest.param(["orders", "{}", "--map", "customer_id=customer", "order_date=value"], "readable day", id="no days"),
        pytest.param(["orders", "{}", "--map", *ORDERS, "--calibration-end", "soon"], "YYYY-MM-DD", id="no day"),
        pytest.param(["orders", "{}", "--map", *ORDERS, "--calibration-end", "2030-01-01"], "orders run", id="late"),
        pytest.param(["subscriptions", "{}", "--map", "customer_id=customer", "start=day", "amount=customer", "end=value"], "usable subscription", id="no term"),
        pytest.param(["churn", "{}", "--target", "value"], "--positive", id="which value"),
        pytest.param(["churn", "{}", "--target", "value", "--positive", "x"], "no such value", id="no such value"),
        pytest.param(["sbg", "{}", "--map", "age=day", "customers=value"], "whole ages", id="no cohort"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_one_error_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], cdnow: Path, arguments: list[str], words: str
) -> None:
    assert main([argument.format(cdnow) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert words in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "roles"),
    [("orders", "customer_id order_date amount"), ("churn", "")],
)
def test_a_file_with_a_header_only_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, roles: str
) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("customer_id,order_date,amount,left\n", encoding="utf-8")
    options = [word for role in roles.split() for word in ("--map", f"{role}={role}")]
    if command == "churn":
        options = ["--target", "left", "--positive", "yes"]
    assert main([command, str(path), *options]) == 2
    assert "has a header and no rows" in capsys.readouterr().err


def test_orders_without_amounts_give_no_money(
    capsys: pytest.CaptureFixture[str], cdnow: Path
) -> None:
    mapping = ["customer_id=customer", "order_date=day"]
    found = run(capsys, "orders", cdnow, "--map", *mapping)
    assert found["holdout"]["mae"] > 0
    assert found["gamma_gamma"] is found["clv"] is found["holdout"]["revenue"] is None


def test_an_outcome_may_end_with_a_full_stop(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A classic table of telephone customers has "True." and "False."."""
    path = tmp_path / "calls.csv"
    rows = [f"{n % 7},{n % 5 > 2}." for n in range(200)]
    path.write_text("\n".join(["calls,left", *rows]), encoding="utf-8")
    for options in ([], ["--positive", "True."]):
        found = run(capsys, "churn", path, "--target", "left", *options)
        assert found["positives"] == 80


def test_it_runs_as_a_module(cdnow: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.metrics", "orders", str(cdnow)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 2
    assert "--map lacks customer_id" in done.stderr

"""Settings of the customer models, as a user writes them under `metrics:` in tidycrm.yml.

What belongs here: every number that carries policy, with its meaning and its default.
What does not: fitted parameters, which belong to a model run.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class PurchaseModel(StrEnum):
    """The models for customers who buy without a contract."""

    PARETO_NBD = "pareto_nbd"
    BG_NBD = "bg_nbd"


class MetricSettings(BaseModel):
    """How lifetime value and churn are predicted; the defaults suit a usual CRM.

    Example:
        >>> MetricSettings(discount_rate_annual=0.08).discount_rate_annual
        0.08
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purchase_model: Annotated[
        PurchaseModel,
        Field(description="Model of purchases without a contract."),
    ] = PurchaseModel.PARETO_NBD
    discount_rate_annual: Annotated[
        float,
        Field(
            ge=0, lt=1, description="Yearly rate at which future money is discounted."
        ),
    ] = 0.10
    gross_margin_rate: Annotated[
        float,
        Field(ge=0, le=1, description="Share of revenue that is margin."),
    ] = 0.8
    count_free_orders: Annotated[
        bool,
        Field(
            description="Whether an order of amount 0 is a purchase (it is in the "
            "published CDNOW figures); its value is 0 either way."
        ),
    ] = True
    min_customers: Annotated[
        int,
        Field(ge=2, description="Fewer buyers than this get the mean of their cohort."),
    ] = 30
    min_repeat_customers: Annotated[
        int,
        Field(
            ge=1,
            description="Fewer buyers with a second purchase than this get the mean of "
            "their cohort.",
        ),
    ] = 10
    prior_below_customers: Annotated[
        int,
        Field(ge=0, description="Fewer buyers than this are fitted with a weak prior."),
    ] = 1000
    prior_sd: Annotated[
        float,
        Field(gt=0, description="Standard deviation of the prior on log-parameters."),
    ] = 1.5
    max_fit_groups: Annotated[
        int,
        Field(
            ge=100,
            description="Distinct purchase histories the fit may see; more are pooled "
            "over neighbouring days.",
        ),
    ] = 20_000
    holdout_days: Annotated[
        int,
        Field(ge=7, description="Longest period kept back to test a model."),
    ] = 180
    min_churn_events: Annotated[
        int,
        Field(
            ge=1,
            description="Fewer observed ends of contracts than this give every contract "
            "the pooled monthly rate.",
        ),
    ] = 30
    churn_grace_days: Annotated[
        int,
        Field(
            ge=0, description="A renewal this long after the end is late, not churn."
        ),
    ] = 90
    leak_alarm_auc: Annotated[
        float,
        Field(
            gt=0.5,
            le=1,
            description="A churn score better than this is taken for a leak of the "
            "future until somebody has explained it.",
        ),
    ] = 0.87
    threads: Annotated[
        int,
        Field(ge=1, description="Threads that predict; results do not depend on it."),
    ] = 2

"""Customer models: lifetime value, churn, retention and recurring revenue.

What belongs here: statistics of customers on tables that are handed in: purchase models
(Pareto/NBD, BG/NBD, Gamma-Gamma), contract models (sBG, discrete hazard, Kaplan-Meier),
a calibrated churn classifier, RFM, MRR movements, and the predictions that the warehouse
publishes. What does not: the warehouse's SQL, Dagster, and clocks; the as-of date comes
from the caller, and nothing later than it is looked at.
"""

from hygiene.metrics.bg_nbd import BgNbd, fit_bg_nbd
from hygiene.metrics.buyers import (
    INDEPENDENCE_LIMIT,
    BuyerModel,
    BuyerPredictions,
    Method,
    fit_buyers,
    predict_buyers,
)
from hygiene.metrics.churn_classifier import (
    ChurnClassifier,
    ClassifierReport,
    cross_validate,
)
from hygiene.metrics.gamma_gamma import GammaGamma, fit_gamma_gamma
from hygiene.metrics.hazard import DiscreteHazard
from hygiene.metrics.holdout import BuyerHoldout, hold_out_buyers
from hygiene.metrics.lead_model import LeadReport, predict_leads
from hygiene.metrics.pareto_nbd import ParetoNbd, fit_pareto_nbd
from hygiene.metrics.predictions import PredictionReport, predict_customers
from hygiene.metrics.purchases import (
    PurchaseCounts,
    PurchaseHistories,
    read_histories,
    summarise_purchases,
)
from hygiene.metrics.recurring_revenue import (
    TermCounts,
    build_customer_months,
    read_cohort_retention,
    read_movements,
)
from hygiene.metrics.rfm import SEGMENTS, score_rfm
from hygiene.metrics.settings import MetricSettings, PurchaseModel
from hygiene.metrics.shifted_beta_geometric import (
    ShiftedBetaGeometric,
    fit_shifted_beta_geometric,
)
from hygiene.metrics.survival import SurvivalCurve, kaplan_meier

__all__ = [
    "INDEPENDENCE_LIMIT",
    "SEGMENTS",
    "BgNbd",
    "BuyerHoldout",
    "BuyerModel",
    "BuyerPredictions",
    "ChurnClassifier",
    "ClassifierReport",
    "DiscreteHazard",
    "GammaGamma",
    "LeadReport",
    "Method",
    "MetricSettings",
    "ParetoNbd",
    "PredictionReport",
    "PurchaseCounts",
    "PurchaseHistories",
    "PurchaseModel",
    "ShiftedBetaGeometric",
    "SurvivalCurve",
    "TermCounts",
    "build_customer_months",
    "cross_validate",
    "fit_bg_nbd",
    "fit_buyers",
    "fit_gamma_gamma",
    "fit_pareto_nbd",
    "fit_shifted_beta_geometric",
    "hold_out_buyers",
    "kaplan_meier",
    "predict_buyers",
    "predict_customers",
    "predict_leads",
    "read_cohort_retention",
    "read_histories",
    "read_movements",
    "score_rfm",
    "summarise_purchases",
]

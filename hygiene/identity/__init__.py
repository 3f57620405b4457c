"""Identity: golden ids that stay what they are while records come, change and go.

What belongs here: turning decided edges into clusters, giving each cluster its id from
the ledger, the history of ids, and how sure each cluster is. What does not: deciding
whether records match.
"""

from hygiene.identity.cluster_audit import ClusterAudit, audit_clusters
from hygiene.identity.dating import date_assignments
from hygiene.identity.history import PastId, find_id
from hygiene.identity.identifying import IdentitySettings, identify
from hygiene.identity.ledger import ERASED_KEY
from hygiene.identity.report import IdentityReport

__all__ = [
    "ERASED_KEY",
    "ClusterAudit",
    "IdentityReport",
    "IdentitySettings",
    "PastId",
    "audit_clusters",
    "date_assignments",
    "find_id",
    "identify",
]

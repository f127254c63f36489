"""OwnStore: a complete store on PostgreSQL through psycopg 3 alone, written to be read. Touches the database."""

from examples.own_store.claiming import ClaimVerbs
from examples.own_store.credit import CreditVerbs
from examples.own_store.documents import DocumentVerbs
from examples.own_store.doubts import DoubtVerbs
from examples.own_store.feedback import FeedbackVerbs
from examples.own_store.planning import PlanningVerbs
from examples.own_store.recipients import RecipientVerbs
from examples.own_store.sending import SendVerbs

__all__ = ["OwnStore"]


class OwnStore(
    DocumentVerbs, RecipientVerbs, ClaimVerbs, SendVerbs, DoubtVerbs, FeedbackVerbs, PlanningVerbs, CreditVerbs
):
    """Every verb of ``campaignkit.ports.Store``, each one transaction. Call ``upgrade()`` once per database.

    Raises:
        StoreUnavailable: from any verb: the database cannot be used now; the same call may be made again.
    """

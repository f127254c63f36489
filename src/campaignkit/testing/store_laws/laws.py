"""All laws of ``ports.Store`` in one class for pytest, and a runner that needs no pytest."""

from collections.abc import Callable, Sequence

from campaignkit.ports import Clock, Store
from campaignkit.testing.store_laws.beginning import BeginLaws
from campaignkit.testing.store_laws.capping import CapLaws
from campaignkit.testing.store_laws.claiming import ClaimLaws, DueLaws, ReapLaws, ReleaseLaws
from campaignkit.testing.store_laws.crediting import CreditLaws
from campaignkit.testing.store_laws.documents import DocumentLaws
from campaignkit.testing.store_laws.doubting import DoubtLaws, LeftOpenLaws
from campaignkit.testing.store_laws.feedback import FeedbackLaws
from campaignkit.testing.store_laws.limiting import GiveBackLaws, LimitLaws
from campaignkit.testing.store_laws.opting_out import OptOutLaws
from campaignkit.testing.store_laws.planning import PlanningLaws
from campaignkit.testing.store_laws.posting import PostingLaws
from campaignkit.testing.store_laws.proving import ProofLaws
from campaignkit.testing.store_laws.readdressing import ReaddressLaws
from campaignkit.testing.store_laws.recipients import MerchantLaws, RecipientLaws, SuppressionLaws
from campaignkit.testing.store_laws.repeating import RepeatLaws
from campaignkit.testing.store_laws.settling import LandingLaws, SettleLaws
from campaignkit.testing.store_laws.sharing import SharingLaws

__all__ = ["StoreLaws", "check_store", "law_names"]

_PREFIX = "test_"


class StoreLaws(
    DocumentLaws,
    RecipientLaws,
    ReaddressLaws,
    SuppressionLaws,
    MerchantLaws,
    DueLaws,
    SharingLaws,
    ClaimLaws,
    BeginLaws,
    LimitLaws,
    CapLaws,
    SettleLaws,
    GiveBackLaws,
    LandingLaws,
    ReleaseLaws,
    ReapLaws,
    PlanningLaws,
    CreditLaws,
    PostingLaws,
    FeedbackLaws,
    ProofLaws,
    DoubtLaws,
    LeftOpenLaws,
    RepeatLaws,
    OptOutLaws,
):
    """One test for each law of ``ports.Store``; a host's test class inherits it and makes its store::

        class TestMyStore(StoreLaws):
            def make_store(self, clock):
                return MyStore(clock=clock)

    Every law gets a new, empty store that decides by *clock*, and closes it.
    """

    __test__ = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__test__ = True


def law_names() -> tuple[str, ...]:
    """Return the name of every law, in alphabetical order."""
    return tuple(name.removeprefix(_PREFIX) for name in sorted(dir(StoreLaws)) if name.startswith(_PREFIX))


def check_store(factory: Callable[[Clock], Store], *, laws: Sequence[str] | None = None) -> Sequence[str]:
    """Return the names of the laws that the store made by *factory* breaks; empty: it may be trusted with messages.

    Args:
        laws: Those to look at, by ``law_names``; None: all.

    Raises:
        ValueError: there is no such law.
        RuntimeError: Python runs without asserts (``-O``), so that every law would seem to hold.
    """
    if not __debug__:
        raise RuntimeError("the laws are asserts; run Python without -O")
    known = law_names()
    if laws is not None and not set(laws) <= set(known):
        raise ValueError(f"there is no law called {', '.join(sorted(set(laws) - set(known)))}")
    return [name for name in known if (laws is None or name in laws) and not _holds(factory, name)]


class _OnFactory(StoreLaws):
    """The laws on whatever a factory makes."""

    def __init__(self, factory: Callable[[Clock], Store]) -> None:
        self._factory = factory

    def make_store(self, clock: Clock) -> Store:
        return self._factory(clock)


def _holds(factory: Callable[[Clock], Store], name: str) -> bool:
    laws = _OnFactory(factory)
    try:
        laws.setup_method()
        try:
            getattr(laws, _PREFIX + name)()
        finally:
            laws.teardown_method()
    except Exception:  # noqa: BLE001 - whatever a host's store raises, this law does not hold
        return False
    return True

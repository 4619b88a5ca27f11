"""A shop whose Stripe is a fake on loopback, and what is needed to sell there."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import msgspec
import pytest

from app.core.billing import plans
from app.core.billing.model import NewPlan, Plan
from app.core.billing.shop import Shop
from app.core.platform import Platform
from app.lib.checkout import Checkout
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer

GB = 1 << 30
SMALL = NewPlan(
    name="Small", price=2900, currency="eur", storage_limit=5 * GB, alias_limit=100, domain_limit=1, lines=("Calm.",)
)
MakePlan = Callable[..., Awaitable[Plan]]


@pytest.fixture
def make_plan(platform: Platform) -> MakePlan:
    """`await make_plan(price=100)`: a plan on sale, 29.00 EUR unless it says otherwise."""

    async def make(**changes: object) -> Plan:
        async with platform.db.transaction() as conn:
            return await plans.make(conn, msgspec.structs.replace(SMALL, **changes))

    return make


@pytest.fixture
def stripe() -> Iterator[StripeServer]:
    """Its events wait until a test sends them."""
    with StripeServer() as server:
        yield server


@pytest.fixture
async def shop(stripe: StripeServer) -> AsyncIterator[Shop]:
    checkout = Checkout(key=KEY, webhook_secret=WEBHOOK_SECRET, api=stripe.origin)
    yield Shop(checkout)
    await checkout.close()

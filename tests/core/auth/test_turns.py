import asyncio

import pytest

from app.core.auth.turns import Turns
from app.errors import LimitReached


class Callers:
    """Callers of `turns` by name, and the order in which they had their turns."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str, source: str, is_known: bool = False) -> None:
        for name in names:
            self.tasks[name] = asyncio.create_task(self._take(name, source, is_known=is_known))
            await asyncio.sleep(0)

    async def _take(self, name: str, source: str, *, is_known: bool) -> None:
        await self.turns.take(source, is_known=is_known)
        self.order.append(name)

    async def serve(self, count: int) -> list[str]:
        """Have this many turns end, one after the other; whose came since."""
        before = len(self.order)
        for _ in range(count):
            self.turns.give_back()
            await asyncio.sleep(0)
        return self.order[before:]

    async def fate(self, name: str) -> BaseException | None:
        await asyncio.wait([self.tasks[name]])
        return self.tasks[name].exception()


async def test_those_who_wait_have_their_turns_by_source() -> None:
    callers = Callers(Turns(at_once=2, places=64))
    await callers.come("a1", "a2", "a3", "a4", "a5", source="a")
    assert callers.order == ["a1", "a2"]
    await callers.come("b1", "b2", source="b")
    await callers.come("c1", source="c")
    assert len(callers.turns) == 6
    assert await callers.serve(6) == ["a3", "b1", "c1", "a4", "b2", "a5"]
    assert await callers.serve(2) == []
    await callers.come("d1", "d2", source="d")
    assert callers.order[-2:] == ["d1", "d2"]


async def test_known_browsers_come_before_strangers() -> None:
    callers = Callers(Turns(at_once=1, places=2))
    await callers.come("s1", "s2", "s3", source="stranger")
    await callers.come("k1", source="browser 1", is_known=True)
    await callers.come("k2", source="browser 2", is_known=True)
    assert await callers.serve(4) == ["k1", "k2", "s2", "s3"]


async def test_a_flood_from_one_source_keeps_nobody_out() -> None:
    callers = Callers(Turns(at_once=1, places=4))
    await callers.come("f1", "f2", "f3", "f4", "f5", source="flood")
    await callers.come("f6", source="flood")
    assert isinstance(await callers.fate("f6"), LimitReached)
    await callers.come("a1", source="a")
    assert isinstance(await callers.fate("f5"), LimitReached)
    await callers.come("b1", source="b")
    assert isinstance(await callers.fate("f4"), LimitReached)
    assert await callers.serve(4) == ["f2", "a1", "b1", "f3"]


async def test_where_all_places_belong_to_different_sources_the_next_is_told() -> None:
    callers = Callers(Turns(at_once=1, places=3))
    await callers.come("first", source="0")
    for number in (1, 2, 3):
        await callers.come(str(number), source=str(number))
    for source in ("4", "1"):
        with pytest.raises(LimitReached) as caught:
            await callers.turns.take(source, is_known=False)
        assert caught.value.retry_after == 60
    await callers.come("known", source="0", is_known=True)
    assert await callers.serve(4) == ["known", "1", "2", "3"]


async def test_who_hangs_up_leaves_the_place_and_the_turn() -> None:
    callers = Callers(Turns(at_once=1, places=2))
    await callers.come("a1", "a2", "a3", source="a")
    callers.tasks["a2"].cancel()
    await asyncio.wait([callers.tasks["a2"]])
    assert len(callers.turns) == 1
    await callers.come("b1", source="b")
    callers.turns.give_back()  # the turn is a3's, who hangs up before hearing of it
    callers.tasks["a3"].cancel()
    await asyncio.wait([callers.tasks["a3"]])
    await asyncio.sleep(0)
    assert callers.order == ["a1", "b1"]
    await callers.serve(1)
    assert len(callers.turns) == 0
    await callers.come("c1", source="c")
    assert callers.order[-1] == "c1"

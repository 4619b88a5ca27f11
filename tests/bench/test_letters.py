"""Made-up mail: the same on every run, as much as was planned, in order, and readable as mail."""

from email import message_from_bytes
from email.policy import default

from bench import letters, lexicon
from bench.letters import Plan


def test_a_chunk_is_the_same_on_every_run() -> None:
    plan = Plan(messages=50)
    assert [one.raw for one in letters.chunk(plan, 0)] == [one.raw for one in letters.chunk(plan, 0)]
    assert letters.chunk(plan, 0)[0].raw != letters.chunk(Plan(messages=50, seed=2), 0)[0].raw


def test_chunks_together_are_the_plan_from_the_oldest_to_the_newest() -> None:
    plan = Plan(messages=letters.CHUNK + 10)
    made = [one for number in range(plan.chunks) for one in letters.chunk(plan, number)]
    assert len(made) == plan.messages
    times = [one.received_at for one in made]
    assert times == sorted(times)
    assert times[-1] <= letters.UNTIL
    assert len({one.message_id for one in made}) == plan.messages


def test_letters_are_mail_that_answers_mail() -> None:
    made = letters.chunk(Plan(messages=letters.CHUNK), 0)
    known: dict[str, int] = {}
    for one in made:
        parsed = message_from_bytes(one.raw, policy=default)
        assert parsed["Subject"] == one.subject
        assert parsed["To"].addresses[0].username == letters.alias_name(one.alias)
        body = parsed.get_body(("plain",))
        assert body is not None
        assert one.body.text.split() + one.own.split() == body.get_content().split()
        assert len([*parsed.iter_attachments()]) == one.body.has_file
        known[one.message_id] = one.thread
        assert {known[ref] for ref in one.references} <= {one.thread}
    assert sum(bool(one.references) for one in made) > 100


def test_words_have_the_shares_they_are_said_to_have() -> None:
    made = letters.chunk(Plan(messages=letters.CHUNK), 0)
    for kind, word in [("half", "quandel"), ("tenth", "tarvisol"), ("old", "castelum")]:
        first, last = (len(made) // 10, len(made) * 3 // 10) if kind == "old" else (0, len(made))
        found = sum(word in one.own for one in made[first:last]) / (last - first)
        assert abs(found - lexicon.MARKS[kind].share(0.2)) < 0.06, word
    assert not any("castelum" in one.own for one in made[len(made) // 2 :])
    (one, other), _ = lexicon.ASIDE
    assert not any(one in letter.own and other in letter.own for letter in made)

"""Orders that begin when others have ended well: the keeper sees to that by itself, and asks nobody.

Knows nothing of who may be given such an order; that is core's to say.
"""

from __future__ import annotations

import json
import os
import signal
from itertools import pairwise

import pytest

from tests.process.keeping import Keeping


def chain(keeper: Keeping, tokens: str, *first: str, each: tuple[str, ...] = ("/bin/true",)) -> None:
    """The first token runs these words, and each later one `each` after the one before."""
    keeper.start(tokens[0], *first)
    keeper.link.chain([([one], [keeper.order(then, *each)]) for one, then in pairwise(tokens)])


def until_returned(keeper: Keeping, *tokens: str) -> None:
    keeper.until(lambda: set(tokens) <= set(keeper.returned))
    assert sorted(keeper.returned) == sorted(tokens)


def begun(keeper: Keeping) -> list[str]:
    return [line["token"] for line in map(json.loads, keeper.lines("starts")) if "began" in line]


def test_each_begins_when_the_one_before_has_ended_well(keeping):
    keeper = keeping()
    keeper.hello(slots=2)
    chain(keeper, "abc", "/bin/true", each=("/bin/sh", "-c", f"cat {keeper.directory}/exits"))
    keeper.exit("c")
    # The end of each is on record before the next begins, whatever is killed then.
    assert b'"b"' not in keeper.output("b")
    assert b'"a"' in keeper.output("b")
    assert b'"b"' in keeper.output("c")
    assert list(keeper.exits) == begun(keeper) == ["a", "b", "c"]


def test_all_that_come_after_a_layer_begin_together(keeping):
    keeper = keeping()
    keeper.hello(slots=4)
    hold = keeper.fifo("hold")
    keeper.link.start([keeper.order("a", "/bin/true"), keeper.order("b", "/bin/sh", "-c", f"read x < {hold.path}")])
    keeper.link.chain([(["a", "b"], [keeper.order("c", "/bin/true"), keeper.order("d", "/bin/true")])])
    keeper.exit("a")
    assert keeper.hello(slots=4)["queued"] == ["c", "d"]
    hold.write("go\n")
    keeper.until_exits(4)
    assert begun(keeper)[2:] == ["c", "d"]


@pytest.mark.parametrize(
    "text", ["exit 3", "kill -9 $$", "echo TR_EXIT_STATUS 3", "echo openjd_fail: no; exit 0"], ids=lambda text: text[:9]
)
def test_after_an_end_that_may_be_none_all_of_it_comes_back(keeper, text):
    chain(keeper, "abc", "/bin/sh", "-c", text)
    until_returned(keeper, "b", "c")
    assert begun(keeper) == ["a"]
    keeper.start("b", "/bin/true")  # what never began may be ordered again
    assert keeper.exit("b")["code"] == 0


def test_what_was_printed_stands_in_nobodys_way(keeper):
    chain(keeper, "ab", "/bin/sh", "-c", "echo well done")
    assert keeper.exit("b")["code"] == 0
    assert (keeper.exits["a"]["printed"], keeper.exits["b"]["printed"]) == (10, 0)


def test_what_wrote_where_its_log_is_to_be_has_printed_that(keeper):
    chain(keeper, "ab", "/bin/sh", "-c", f"echo TR_EXIT_STATUS 1 > {keeper.log('a')}")
    until_returned(keeper, "b")


def test_what_ran_long_enough_to_have_a_log_of_its_own_ends_well_too(keeper):
    hold = keeper.fifo("hold")
    chain(keeper, "ab", "/bin/sh", "-c", f"read x < {hold.path}")
    keeper.pid("a")
    hold.write("go\n")
    assert keeper.exit("b")["code"] == 0


def test_it_begins_at_once_after_what_has_ended_well_already(keeper):
    keeper.run("a", "/bin/true")
    keeper.link.chain([(["a"], [keeper.order("b", "/bin/true")])])
    assert keeper.exit("b")["code"] == 0


def test_it_comes_back_after_what_is_unknown_here_or_has_failed(keeper):
    keeper.run("a", "/bin/false")
    keeper.link.chain([([one], [keeper.order(f"after {one}", "/bin/true")]) for one in ("a", "nobody")])
    until_returned(keeper, "after a", "after nobody")


def test_what_is_stopped_takes_what_comes_after_it_along(keeper):
    chain(keeper, "abcd", "/bin/sleep", "1000")
    keeper.pid("a")
    keeper.link.stop([("c", 0)])
    until_returned(keeper, "c", "d")
    keeper.link.stop([("a", 0)])
    assert keeper.exit("a")["why"] == "stopped"
    until_returned(keeper, "b", "c", "d")


def test_what_cannot_be_started_takes_what_comes_after_it_along(keeper):
    chain(keeper, "abc", "/no/such/program")
    assert keeper.exit("a")["why"] == "spawn"
    until_returned(keeper, "b", "c")


def test_all_is_given_back_that_has_not_begun(keeper):
    chain(keeper, "abc", "/bin/sleep", "1000")
    keeper.pid("a")
    keeper.link.give_back()
    until_returned(keeper, "b", "c")
    keeper.link.stop([("a", 0)])
    keeper.exit("a")
    assert begun(keeper) == ["a"]


def test_with_its_master_the_chain_is_dropped(keeping):
    keeper = keeping()
    keeper.hello()
    hold = keeper.fifo("hold")
    chain(keeper, "abc", "/bin/sh", "-c", f"read x < {hold.path}")
    keeper.pid("a")
    keeper.link.close()
    heir = keeper.adopted()
    assert heir.hello()["queued"] == []
    hold.write("go\n")
    heir.exit("a")
    assert heir.run("z", "/bin/true")["code"] == 0
    assert begun(heir) == ["a", "z"]


def test_a_spoiled_order_of_a_chain_is_refused_and_the_others_begin(keeper):
    orders = [{**keeper.order("bad", "/bin/true"), "cwd": "relative"}, keeper.order("good", "/bin/true")]
    keeper.run("a", "/bin/true")
    keeper.link.chain([(["a"], orders), (["bad"], [keeper.order("after", "/bin/true")])])
    assert keeper.exit("good")["code"] == 0
    keeper.until(lambda: "bad" in keeper.refused)
    until_returned(keeper, "after")


def test_a_killed_child_is_no_good_end_whoever_killed_it(keeper):
    chain(keeper, "ab", "/bin/sleep", "1000")
    os.kill(keeper.pid("a"), signal.SIGTERM)
    until_returned(keeper, "b")


def test_hundreds_of_steps_need_no_word_between_them(keeper):
    tokens = [f"t{number}" for number in range(200)]
    keeper.start(tokens[0], "/bin/true")
    keeper.link.chain([([one], [keeper.order(then, "/bin/true")]) for one, then in pairwise(tokens)])
    keeper.exit(tokens[-1])
    assert begun(keeper) == list(keeper.exits) == tokens


def test_what_does_nothing_is_noticed_although_others_wait_for_it(keeper):
    hold = keeper.fifo("hold")
    order = keeper.order("a", "/bin/sh", "-c", f"read x < {hold.path}", stuck=(0.2, False))
    keeper.link.start([order])
    keeper.link.chain([(["a"], [keeper.order("b", "/bin/true")])])
    keeper.until(lambda: bool(keeper.still))
    hold.write("go\n")
    assert keeper.exit("b")["code"] == 0

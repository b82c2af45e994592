"""Blind panels: people say which of two pictures is better, and do not know whose they are."""

import io

import pytest
from PIL import Image
from pictures import opened


@pytest.fixture(scope="module")
def pictures(shared):
    """Good ones of many steps, bad ones of one."""
    good = [shared.draw(steps=8, seed=seed)["pictures"][0]["id"] for seed in range(3)]
    bad = [shared.draw(steps=1, seed=seed)["pictures"][0]["id"] for seed in range(3)]
    return good, bad


@pytest.fixture
def panel(shared, pictures):
    good, bad = pictures
    pairs = [{"a": g, "b": b, "label_a": "good", "label_b": "bad"} for g in good for b in bad]
    pairs.append({"a": good[0], "b": bad[0], "gold": "a"})
    answer = shared.post("/v1/panels", {"name": "good and bad", "pairs": pairs})
    assert answer.status == 201, answer
    assert answer.json["pairs"] == 10 and answer.json["votes"] == 0
    return answer.json["id"]


def persons(server, *names):
    return [server.client(server.make_key(f"panel {name}", "review")) for name in names]


def vote_through(person, panel, choose):
    """Votes on every pair; on which side which picture stood."""
    sides = []
    while (pair := person.get(f"/v1/panels/{panel}/next").json)["pair"] is not None:
        left, right = (person.get(pair[side]) for side in ("left", "right"))
        assert left.status == right.status == 200 and left.headers["Content-Type"] == "image/png"
        answer = person.post(f"/v1/panels/{panel}/votes", {"pair": pair["pair"], "choice": choose(left.body, right.body)})
        assert answer.status == 204, answer
        again = person.post(f"/v1/panels/{panel}/votes", {"pair": pair["pair"], "choice": "tie"})
        assert again.status == 409, "once a person"
        sides.append((pair["pair"], left.body))
    return sides


def test_what_is_better_is_found_by_those_who_look(shared_server, shared, panel, pictures):
    good = {opened(shared.get(f"/v1/pictures/{name}/bytes").body).convert("RGB").tobytes() for name in pictures[0]}

    def is_good(data):
        return Image.open(io.BytesIO(data)).convert("RGB").tobytes() in good

    expert, other, careless = persons(shared_server, f"{panel} 1", f"{panel} 2", f"{panel} 3")
    first = vote_through(expert, panel, lambda left, right: "left" if is_good(left) else "right")
    second = vote_through(other, panel, lambda left, right: "left" if is_good(left) else "right")
    vote_through(careless, panel, lambda left, right: "right" if is_good(left) else "left")
    assert [pair for pair, _ in first] != [pair for pair, _ in second], "everybody has an order of their own"
    assert dict(first) != dict(second), "and sides"

    result = shared.get(f"/v1/panels/{panel}/result?gold=50").json
    assert result["comparisons"] == 18 and result["ties"] == 0
    strengths = {label["label"]: label for label in result["labels"]}
    assert set(strengths) == {"good", "bad"}, "gold pairs compare nothing"
    assert strengths["good"]["strength"] > 1 > -1 > strengths["bad"]["strength"]
    assert all(each["low"] < each["strength"] < each["high"] and each["compared"] == 18 for each in strengths.values())
    assert sorted(voter["counted"] for voter in result["voters"]) == [False, True, True]
    everybody = shared.get(f"/v1/panels/{panel}/result").json
    assert everybody["comparisons"] == 27
    assert shared.get(f"/v1/panels/{panel}").json["votes"] == 30


def test_pictures_on_a_panel_do_not_say_whose_they_are(shared_server, panel):
    (person,) = persons(shared_server, f"blind {panel}")
    pair = person.get(f"/v1/panels/{panel}/next").json
    data = person.get(pair["left"]).body
    assert not Image.open(io.BytesIO(data)).info and b"caBX" not in data and b"limner" not in data
    assert person.get(pair["left"]).body == data, "the sides stay"


@pytest.mark.parametrize("body, status", [
    ({"name": "x", "pairs": []}, 400),
    ({"name": "x", "pairs": [{"a": "pic_0"}]}, 404),
    ({"name": "x", "pairs": [{"a": "pic_00000000000000000000000000", "b": "pic_00000000000000000000000000"}]}, 404),
    ({"name": "", "pairs": [{}]}, 400),
    ({"pairs": [{}]}, 400),
    ({"name": "x", "pairs": [{}], "more": 1}, 400),
])
def test_what_is_no_panel(shared, body, status):
    assert shared.post("/v1/panels", body).status == status


def test_who_may_not_review_sees_none(shared_server, panel):
    drawer = shared_server.client(shared_server.make_key(f"drawer {panel}", "draw", "read"))
    for method, path in [("GET", "/v1/panels"), ("GET", f"/v1/panels/{panel}/next"), ("GET", f"/v1/panels/{panel}/pairs/0/left"),
                         ("GET", f"/v1/panels/{panel}/result")]:
        assert drawer.request(method, path).status == 403
    (person,) = persons(shared_server, f"wrong {panel}")
    assert person.get(f"/v1/panels/{panel}/pairs/99/left").status == 404
    assert person.get(f"/v1/panels/{panel}/pairs/0/middle").status == 404
    assert person.post(f"/v1/panels/{panel}/votes", {"pair": 99, "choice": "tie"}).status == 404
    assert person.post(f"/v1/panels/{panel}/votes", {"pair": 0, "choice": "both"}).status == 400

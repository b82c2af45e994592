"""A server whose signatures are stamped, whose keys are in its audit log, and whose marks are counted."""

import sys

import pytest

from pictures import limner_text
from server import ROOT, metric

sys.path.append(str(ROOT / "tests" / "cli"))
import c2pa_reference  # noqa: E402
from time_authority import TimeAuthority  # noqa: E402


@pytest.fixture
def authority(tmp_path):
    authority = TimeAuthority(tmp_path / "authority")
    yield authority
    authority.close()


def config(authority, **more):
    lines = [f'timestamp_url = "{authority.url}"', f'timestamp_trust = "{authority.root}"']
    lines += [f"{name} = {value}" for name, value in more.items()]
    return "[provenance]\n" + "\n".join(lines) + "\n"


def stamps(server, outcome):
    return metric(server.admin.get("/metrics").body.decode(), "limner_time_stamps_total", outcome=outcome) or 0


def test_pictures_are_stamped_and_previews_are_not(make_server, authority, tmp_path):
    server = make_server(config(authority))
    admin = server.admin
    job = admin.submit(steps=4, preview_every=1)
    previews = [data for event, data in admin.events(job) if event == "preview"]
    picture = admin.picture(job)
    assert authority.asked == 1, f"{len(previews)} previews"
    assert stamps(server, "stamped") == 1 and stamps(server, "failed") == 0
    path = tmp_path / "out.png"
    path.write_bytes(picture)
    read = c2pa_reference.Read(path, server.data / "signing" / "root.pem", authority.root)
    assert (read.state, read.failures) == ("Trusted", [])
    answer = admin.post("/v1/provenance/verify", picture, headers={"Content-Type": "image/png"})
    assert answer.json["signature"]["claim"]["signed_by"]["time_stamp"]["trusted"] is True


def test_while_the_authority_is_away_pictures_go_without(make_server, authority):
    authority.answer = lambda request: (503, "text/plain", b"")
    server = make_server(config(authority))
    for seed in range(3):
        server.admin.draw(seed=seed, steps=1)
    assert stamps(server, "failed") == 3
    assert authority.asked == 1, "it is left alone for a while"
    assert any(line.get("event") == "time_stamp_failed" for line in server.log_lines())


def test_required_stamps_are_required(make_server, authority):
    authority.answer = lambda request: (503, "text/plain", b"")
    server = make_server(config(authority, timestamp_required="true"))
    view = server.admin.wait(server.admin.submit(steps=1), states=("failed",))
    assert "time stamp" in str(view["error"]) or view["error"]["kind"] == "infrastructure", view


def test_a_start_says_which_keys_are_used(make_server):
    server = make_server()
    [leaf] = server.admin.get("/v1/admin/audit?action=keys.use").json["data"]
    assert set(leaf["details"]) == {"signing_certificate_sha256", "watermark_key"}
    server.stop()
    server.start()
    again = server.admin.get("/v1/admin/audit?action=keys.use").json["data"]
    assert len(again) == 2 and again[0]["details"] == leaf["details"]


def test_marks_that_nobody_could_read_are_counted(make_server):
    server = make_server()
    pictures = [server.admin.draw(seed=seed, steps=1)["pictures"][0]["id"] for seed in range(3)]
    marks = [server.admin.get(f"/v1/pictures/{each}").json["metadata"]["marks"]["watermark"] for each in pictures]
    text = server.admin.get("/metrics").body.decode()
    assert metric(text, "limner_unreadable_watermarks_total") == sum(not mark["readable"] for mark in marks)


def test_how_far_a_prompt_pulls_is_kept(make_server):
    server = make_server()
    guided = server.admin.draw(guidance=5, steps=2)["pictures"][0]["id"]
    plain = server.admin.draw(guidance=1, steps=2)["pictures"][0]["id"]
    gap = server.admin.get(f"/v1/pictures/{guided}").json["metadata"]["guidance_gap"]
    assert gap > 0
    assert "guidance_gap" not in server.admin.get(f"/v1/pictures/{plain}").json["metadata"]
    assert limner_text(server.admin.get(f"/v1/pictures/{guided}/bytes").body)["guidance_gap"] == gap
    text = server.admin.get("/metrics").body.decode()
    assert metric(text, "limner_guidance_gap_count") == 1

"""Time stamps in manifests: made by OpenSSL's authority, read by the reference implementation and by us."""

import c2pa_reference
import pytest
from program import PROMPT
from time_authority import TimeAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    authority = TimeAuthority(tmp_path_factory.mktemp("time") / "authority")
    yield authority
    authority.close()


@pytest.fixture(autouse=True)
def sound(authority):
    """What a test did to the authority is over with it."""
    authority.answer = authority.stamp


@pytest.fixture
def keys(limner):
    run = limner("cert", "init", "keys", "--name", "Limner Test")
    assert run.status == 0, run.err
    return limner.folder / "keys"


def drawn(limner, keys, authority, *words, out="out.png", status=0):
    run = limner("generate", PROMPT, "--steps", 1, "--seed", 7, "--sign", keys, "--timestamp-url", authority.url, "-o", out,
                 "--json", *words)
    assert run.status == status, run.err
    return run


def signature(limner, *words):
    run = limner("verify", "--json", *words)
    assert run.status == 0, run.err
    return run.json["signature"]


def codes(found, outcome):
    return {reason["code"] for reason in found["reasons"] if reason["outcome"] == outcome}


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_the_reference_takes_the_stamp(limner, keys, authority, ending):
    drawn(limner, keys, authority, out=f"out.{ending}")
    path = limner.folder / f"out.{ending}"
    read = c2pa_reference.Read(path, keys / "root.pem", authority.root)
    assert (read.state, read.failures) == ("Trusted", [])
    success = [one["code"] for one in read.whole["validation_results"]["activeManifest"]["success"]]
    assert "timeStamp.validated" in success and "timeStamp.trusted" in success, success
    notes = [one["code"] for one in read.whole["validation_results"]["activeManifest"]["informational"]]
    assert not [code for code in notes if code.lower().startswith("timestamp")], notes
    assert read.manifest["signature_info"]["time"]


def test_who_stamped_and_when_is_said(limner, keys, authority):
    drawn(limner, keys, authority)
    trusted = signature(limner, "out.png", "--trust", keys / "root.pem", "--trust-time", authority.root)
    assert trusted["state"] == "trusted"
    assert codes(trusted, "success") >= {"timeStamp.validated", "timeStamp.trusted"}
    stamp = trusted["claim"]["signed_by"]["time_stamp"]
    assert stamp["authority"] == "Test Time Authority" and stamp["trusted"] is True and stamp["time"].endswith("Z")
    unknown = signature(limner, "out.png", "--trust", keys / "root.pem")
    assert unknown["state"] == "trusted", "the signer is believed by itself"
    assert codes(unknown, "note") == {"timeStamp.untrusted"}
    assert unknown["claim"]["signed_by"]["time_stamp"]["trusted"] is False
    # Roots of authorities sign no pictures.
    assert signature(limner, "out.png", "--trust", authority.root, "--trust-time", keys / "root.pem")["state"] == "valid"


def test_without_an_authority_there_is_none(limner, keys):
    run = limner("generate", PROMPT, "--steps", 1, "--sign", keys, "-o", "out.png", "-q")
    assert run.status == 0, run.err
    assert signature(limner, "out.png", "--trust", keys / "root.pem")["claim"]["signed_by"]["time_stamp"] is None


BROKEN = {
    "an error": lambda request: (500, "text/plain", b"no"),
    "a page": lambda request: (200, "text/html", b"<html>"),
    "rubbish": lambda request: (200, "application/timestamp-reply", b"\x30\x03\x02\x01\x00"),
    "too much": lambda request: (200, "application/timestamp-reply", b"0" * 1_000_000),
    "a redirect": lambda request: (302, "text/plain", b""),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_failing_authority_costs_the_stamp_and_says_so(limner, keys, authority, what):
    authority.answer = BROKEN[what]
    run = drawn(limner, keys, authority)
    assert "no time stamp" in run.err
    assert any("no time stamp" in warning for warning in run.json["pictures"][0]["warnings"])
    found = signature(limner, "out.png", "--trust", keys / "root.pem")
    assert found["state"] == "trusted" and found["claim"]["signed_by"]["time_stamp"] is None


def test_another_answer_is_no_answer(limner, keys, authority):
    """Of an authority that always gives the first stamp that it made."""
    first = []

    def replay(request):
        first.append(authority.stamp(request))
        return first[0]

    authority.answer = replay
    drawn(limner, keys, authority, out="one.png")
    assert "no time stamp" in drawn(limner, keys, authority, out="two.png").err


def test_an_address_that_is_none_is_refused_before_anything_is_drawn(limner, keys, authority):
    run = limner("generate", PROMPT, "--sign", keys, "--timestamp-url", "ftp://example.org/", "-o", "out.png")
    assert run.status == 2 and "timestamp_url" in run.err
    assert not (limner.folder / "out.png").exists()

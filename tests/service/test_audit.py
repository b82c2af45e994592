"""limner audit and /v1/admin/audit: nothing of the log can be changed unseen, and a leaf can be proved without us."""

import base64
import contextlib
import hashlib
import hmac
import json
import shutil
import sqlite3

import pytest
from server import Server

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A stopped server with a log of some twenty leaves."""
    with Server(tmp_path_factory.mktemp("audited")) as server:
        admin = server.admin
        for number in range(6):
            made = admin.post("/v1/admin/keys", {"tenant": "default", "name": f"k{number}", "scopes": ["read"]}).json
            assert admin.delete(f"/v1/admin/keys/{made['id']}").status == 200
        admin.put("/v1/admin/tenants/default", {"retention_days": 30, "limits": {"pictures_per_day": 500}})
        admin.post("/v1/admin/pause", {"tier": "batch"})
        job = admin.draw()
        assert admin.delete(f"/v1/pictures/{job['pictures'][0]['id']}").status == 204
        server.deleted = job["pictures"][0]["id"]
        assert server.stop() == 0
        yield server


@pytest.fixture
def copied(kept, tmp_path):
    """That server's data folder, copied, with an editor for it."""
    copy = Server(tmp_path / "copy")
    shutil.copytree(kept.data, copy.data)
    return copy


def verify(server, *words, status=0):
    return json.loads(server.command("audit", "verify", "--data", server.data, "--json", *words, status=status))


def edit(server, *statements):
    with contextlib.closing(sqlite3.connect(server.data / "ledger.sqlite")) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


def actions(server):
    with contextlib.closing(sqlite3.connect(server.data / "ledger.sqlite")) as db:
        return [json.loads(leaf)["action"] for (leaf,) in db.execute("SELECT leaf FROM audit_log ORDER BY seq")]


def test_what_was_done_is_in_it(kept):
    done = actions(kept)
    assert done[:3] == ["tenant.create", "key.create", "server.start"] and done[-1] == "server.stop"
    assert done.count("key.create") == 7 and done.count("key.revoke") == 6
    for action in ("tenant.change", "tier.pause", "picture.delete"):
        assert done.count(action) == 1, action
    report = verify(kept)
    assert report["ok"] and report["size"] == report["covered"] == len(done) and report["keys"] == 1
    assert kept.check() == []
    assert (kept.data / "audit.key").stat().st_mode & 0o777 == 0o600


def test_no_person_prompt_or_key_is_in_a_leaf(kept):
    with contextlib.closing(sqlite3.connect(kept.data / "ledger.sqlite")) as db:
        leaves = "\n".join(leaf for (leaf,) in db.execute("SELECT leaf FROM audit_log"))
        names = [name for row in db.execute("SELECT id, name FROM api_keys UNION SELECT id, name FROM tenants") for name in row]
    for name in [*names, kept.admin_key, "a red apple"]:
        assert f'"{name}"' not in leaves, name


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE audit_log SET leaf = json_set(leaf, '$.time', 1) WHERE seq = 4"],
        ["UPDATE audit_log SET leaf = json_set(leaf, '$.time', 1) WHERE seq = (SELECT max(seq) FROM audit_log)"],
        ["DELETE FROM audit_log WHERE seq = 5"],
        ["DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)"],
        ["DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)", "UPDATE audit_head SET size = size - 1",
         "DELETE FROM audit_checkpoints"],
        ["UPDATE audit_log SET seq = seq + 1000 WHERE seq >= 5", "UPDATE audit_log SET seq = seq - 999 WHERE seq >= 1005",
         "INSERT INTO audit_log (seq, leaf, seal) SELECT 5, leaf, seal FROM audit_log WHERE seq = 3"],
        ["UPDATE audit_log SET seq = 1000 WHERE seq = 5", "UPDATE audit_log SET seq = 5 WHERE seq = 6",
         "UPDATE audit_log SET seq = 6 WHERE seq = 1000"],
        ["UPDATE audit_checkpoints SET note = replace(note, char(10) || size || char(10), char(10) || (size + 1) || char(10))"],
        ["UPDATE audit_checkpoints SET frontier = ''"],
        ["UPDATE audit_sealed SET value = 'key_00000000000000000000000000' WHERE name = 'by'"],
        ["UPDATE audit_head SET size = size - 1"],
        ["DELETE FROM audit_keys"],
    ],
    ids=["edit", "edit-last", "delete", "delete-last", "cut-off", "insert", "reorder", "checkpoint", "frontier", "sealed", "head",
         "keys"],
)
def test_tampering_is_found(copied, statements):
    assert verify(copied)["ok"]
    edit(copied, *statements)
    report = verify(copied, status=1)
    assert not report["ok"] and report["disagreements"]
    assert any(found["rule"].startswith("audit_") for found in copied.check())


def test_every_single_leaf_is_watched(copied):
    size = verify(copied)["size"]
    original = (copied.data / "ledger.sqlite").read_bytes()
    for seq in range(size):
        edit(copied, f"UPDATE audit_log SET leaf = replace(leaf, '\"v\":1', '\"v\":2') WHERE seq = {seq}")
        assert not verify(copied, status=1)["ok"], seq
        (copied.data / "ledger.sqlite").write_bytes(original)


def test_the_log_refuses_changes_by_mistake(copied):
    with contextlib.closing(sqlite3.connect(copied.data / "ledger.sqlite")) as db:
        for statement in ("UPDATE audit_log SET leaf = '{}'", "DELETE FROM audit_log", "DELETE FROM audit_checkpoints",
                          "UPDATE audit_head SET size = 0"):
            with pytest.raises(sqlite3.IntegrityError, match="audit log|checkpoints"):
                db.execute(statement)


def test_a_missing_key_is_no_clean_log(copied):
    (copied.data / "audit.key").unlink()
    assert [found["rule"] for found in verify(copied, status=1)["disagreements"]] == ["audit_key_exists"]


def test_a_witness_sees_another_history(copied, tmp_path):
    """Whoever has the key and the folder can write another log; not one that agrees with what was taken away."""
    out = tmp_path / "out"
    copied.command("audit", "export", "--data", copied.data, "-o", out)
    key = (out / "public_key").read_text().strip()
    words = ["--checkpoint", out / "checkpoint", "--key", key]
    assert verify(copied, *words)["ok"]
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (copied.data / name).unlink(missing_ok=True)
    copied.command("key", "create", "--data", copied.data, "--name", "another history")
    assert verify(copied)["ok"]
    rules = [found["rule"] for found in verify(copied, *words, status=1)["disagreements"]]
    assert rules == ["audit_log_is_what_the_witness_saw"]
    (copied.data / "audit.key").unlink()
    (copied.data / "ledger.sqlite").unlink()
    copied.command("key", "create", "--data", copied.data, "--name", "another key")
    rules = [found["rule"] for found in verify(copied, *words, status=1)["disagreements"]]
    assert "audit_key_is_known" in rules and "audit_witness_is_signed" in rules


# What a stranger needs to check a proof: RFC 9162 section 2.1.3.2 and c2sp.org/signed-note, by itself.
def sha(data):
    return hashlib.sha256(data).digest()


def root_from(proof):
    node, last, value = proof["seq"], proof["size"] - 1, sha(b"\0" + proof["leaf"].encode())
    for sibling in map(base64.b64decode, proof["path"]):
        if node & 1 or node == last:
            value = sha(b"\1" + sibling + value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = sha(b"\1" + value + sibling)
        node, last = node >> 1, last >> 1
    assert last == 0
    return value


def checked(note, public_key):
    """(size, root) of a signed checkpoint."""
    name, key_id, encoded = public_key.split("+", 2)
    key = base64.b64decode(encoded)
    assert key[0] == 1 and sha(name.encode() + b"\n" + key)[:4].hex() == key_id
    text, signatures = note.rsplit("\n\n", 1)
    dash, signer, signature = signatures.split("\n")[0].split(" ")
    raw = base64.b64decode(signature)
    assert (dash, signer, raw[:4].hex()) == ("\u2014", name, key_id)
    if Ed25519PublicKey:
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], (text + "\n").encode())
    origin, size, root = text.split("\n")[:3]
    assert origin == name
    return int(size), base64.b64decode(root)


def test_every_leaf_can_be_proved_to_a_stranger(copied):
    report = verify(copied)
    for seq in range(report["size"]):
        proof = json.loads(copied.command("audit", "prove", "--data", copied.data, seq))
        assert checked(proof["checkpoint"], report["public_key"]) == (proof["size"], root_from(proof)), seq
        leaf = json.loads(proof["leaf"])
        for name, sealed in proof["sealed"].items():
            digest = hmac.new(base64.b64decode(sealed["salt"]), sealed["value"].encode(), "sha256").hexdigest()
            assert digest == (leaf[name]["hash"] if name in ("by", "about") else leaf["sealed"][name])
    changed = json.loads(copied.command("audit", "prove", "--data", copied.data, 3))
    changed["leaf"] = changed["leaf"].replace('"v":1', '"v":2')
    assert root_from(changed) != checked(changed["checkpoint"], report["public_key"])[1]


def test_a_leaf_is_found_by_what_it_is_about(kept, copied):
    proof = json.loads(copied.command("audit", "prove", "--data", copied.data, kept.deleted))
    assert json.loads(proof["leaf"])["action"] == "picture.delete"
    copied.command("audit", "prove", "--data", copied.data, "pic_none", status=2)
    copied.command("audit", "prove", "--data", copied.data, "100000", status=2)


def test_an_export_is_the_whole_tree(copied, tmp_path):
    out = tmp_path / "out"
    copied.command("audit", "export", "--data", copied.data, "-o", out)
    leaves = [json.loads(line)["leaf"] for line in (out / "audit.jsonl").read_text().splitlines()]
    size, root = checked((out / "checkpoint").read_text(), (out / "public_key").read_text().strip())

    def tree(hashes):
        if len(hashes) == 1:
            return hashes[0]
        k = 1 << (len(hashes) - 1).bit_length() - 1
        return sha(b"\1" + tree(hashes[:k]) + tree(hashes[k:]))

    assert size == len(leaves) and tree([sha(b"\0" + leaf.encode()) for leaf in leaves]) == root
    assert "sealed" not in json.loads((out / "audit.jsonl").read_text().splitlines()[0])


def test_who_is_erased_leaves_a_valid_log(copied):
    with contextlib.closing(sqlite3.connect(copied.data / "ledger.sqlite")) as db:
        (tenant,) = db.execute("SELECT id FROM tenants").fetchone()
    assert int(copied.command("audit", "erase", "--data", copied.data, tenant)) > 5
    with contextlib.closing(sqlite3.connect(copied.data / "ledger.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM audit_sealed WHERE value = ?", [tenant]).fetchone() == (0,)
    assert verify(copied)["ok"]
    assert actions(copied)[-1] == "audit.erase"


def test_admins_read_it_page_by_page(make_server):
    server = make_server()
    admin = server.admin
    for number in range(5):
        admin.post("/v1/admin/keys", {"tenant": "default", "name": f"k{number}", "scopes": ["read"]})
    whole, path = [], "/v1/admin/audit?limit=3"
    while path:
        page = admin.get(path).json
        whole += page["data"]
        path = f"/v1/admin/audit?limit=3&before={page['next']}" if page["next"] is not None else None
    assert [record["seq"] for record in whole] == list(range(len(whole) - 1, -1, -1))
    newest = whole[0]
    assert newest["action"] == "key.create" and newest["by"]["kind"] == "key" and newest["by"]["id"].startswith("key_")
    assert newest["details"]["scopes"] == ["read"] and newest["sealed"]["name"] == "k4"
    assert len(admin.get(f"/v1/admin/audit?about={newest['about']['id']}").json["data"]) == 1
    assert {record["action"] for record in admin.get("/v1/admin/audit?action=tenant.create").json["data"]} == {"tenant.create"}
    proof = admin.get(f"/v1/admin/audit/{newest['seq']}/proof").json
    note = admin.get("/v1/admin/audit/checkpoint").body.decode()
    assert verify(server, status=0)["size"] >= len(whole)
    assert checked(note, verify(server)["public_key"]) == (proof["size"], root_from(proof))
    for wrong in ("?limit=0", "?limit=501", "?before=-1", "?colour=1"):
        assert admin.get("/v1/admin/audit" + wrong).status == 400, wrong
    assert admin.get("/v1/admin/audit/99999/proof").status == 404
    assert admin.get("/v1/admin/audit/x/proof").status == 404
    reader = server.client(server.make_key("reader", "read", "draw", "review"))
    assert reader.get("/v1/admin/audit").status == 403


def test_a_killed_servers_leaves_are_covered_by_the_next(make_server):
    server = make_server()
    server.admin.post("/v1/admin/keys", {"tenant": "default", "name": "a", "scopes": ["read"]})
    server.kill()
    report = verify(server)
    assert report["ok"] and report["covered"] < report["size"]
    server.start()
    assert server.stop() == 0
    report = verify(server)
    assert report["ok"] and report["covered"] == report["size"]


def test_a_restored_ledger_says_so(make_server, tmp_path):
    server = make_server()
    backup = tmp_path / "backup.sqlite"
    server.command("db", "backup", "--data", server.data, backup)
    server.stop()
    server.command("db", "restore", "--data", server.data, backup, "--replace")
    assert actions(server)[-1] == "ledger.restore"
    assert verify(server)["ok"]
    # In another folder there is no key: the log goes on with a new one, and shows it.
    other = Server(tmp_path / "other")
    other.data.mkdir()
    other.command("db", "restore", "--data", other.data, backup)
    report = verify(other)
    assert report["ok"] and report["keys"] == 2, report
    assert "audit.key" in actions(other)

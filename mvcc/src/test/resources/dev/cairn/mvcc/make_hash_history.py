#!/usr/bin/env python3
"""Makes hash_history_<seed>.txt: a random history and the HashKV digests that a real etcd gives for it.

Usage: make_hash_history.py <client URL of a fresh single-member etcd> <seed> <steps>

Line forms, byte strings in base64 ("-" when empty):
  put KEY VALUE            one revision
  delete KEY END           a range; possibly no revision
  txn KEY VALUE KEY VALUE  two puts in one revision
  compact REVISION         carried out when the line is over
  hash REVISION DIGEST COMPACTED HASHED
  hash REVISION error
"""
import base64
import json
import random
import sys
import urllib.error
import urllib.request

url, seed, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)


def call(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"error": json.load(error)}


def text(data):
    return base64.b64encode(data).decode() if data else "-"


def wire(data):
    return base64.b64encode(data).decode()


keys = [b"a", b"a\x00", b"a\xff", b"b", b"bb", b"k" * 479, b"k" * 480, b"k" * 481, b"k" * 480 + b"\xff", b"k" * 1441]
current, compacted = 1, -1


def value():
    return bytes(chance.randrange(256) for _ in range(chance.randrange(12)))


for _ in range(steps):
    what = chance.randrange(100)
    if what < 40:
        key, val = chance.choice(keys), value()
        current = int(call("/v3/kv/put", {"key": wire(key), "value": wire(val)})["header"]["revision"])
        print("put", text(key), text(val))
    elif what < 58:
        key = chance.choice(keys)
        end = chance.choice([b"", b"", b"\x00", chance.choice(keys)])
        current = int(
            call("/v3/kv/deleterange", {"key": wire(key), "range_end": wire(end)})["header"]["revision"])
        print("delete", text(key), text(end))
    elif what < 65:
        (one, two), (v1, v2) = chance.sample(keys, 2), (value(), value())
        ops = [{"request_put": {"key": wire(k), "value": wire(v)}} for k, v in ((one, v1), (two, v2))]
        current = int(call("/v3/kv/txn", {"success": ops})["header"]["revision"])
        print("txn", text(one), text(v1), text(two), text(v2))
    elif what < 73 and current > max(compacted, 0):
        revision = chance.randrange(max(compacted + 1, current - 15, 0), current + 1)
        answer = call("/v3/kv/compaction", {"revision": revision, "physical": True})
        assert "error" not in answer, answer
        compacted = revision
        print("compact", revision)
    else:
        revision = chance.choice([0, 0, max(0, compacted), max(0, current - chance.randrange(10))])
        answer = call("/v3/maintenance/hashkv", {"revision": revision})
        if "error" in answer:
            print("hash", revision, "error")
        else:
            print("hash", revision, answer.get("hash", 0), answer.get("compact_revision", 0),
                  answer.get("hash_revision", 0))

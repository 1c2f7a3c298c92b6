#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""observe_graph_test.py: the picture that "ipcport graph" makes, as TAP

What it prints for graphviz is read by graphviz itself, if that is there.
"""

import json
import os
import shutil
import subprocess

from observe import command, objects, run
from scene import Chain, Crowd, Cycle
from tap import PATIENCE, Skip, ipcport, wait_until


def process(place):
    """A process' node."""
    return f"process:{place.pid}"


def port(place):
    """Its port's node."""
    return f"port:{place.port}"


def links(edges):
    """What edges of the JSON connect, and how."""
    return sorted((edge["from"], edge["type"], edge["to"]) for edge in edges)


def read_dot(text):
    """Names of nodes with their attributes, and edges, as graphviz reads them."""
    if not shutil.which("dot"):
        raise Skip("there is no dot")
    done = subprocess.run(["dot", "-Tdot_json"], input=text, capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    assert not done.stderr, done.stderr
    picture = json.loads(done.stdout)
    names = [node["name"] for node in picture.get("objects", [])]
    assert len(names) == len(set(names)), names
    edges = [{**edge, "from": names[edge["tail"]], "to": names[edge["head"]]}
             for edge in picture.get("edges", [])]
    return dict(zip(names, picture.get("objects", []))), edges


def same_picture():
    """Compare what people and programs get: nodes and edges as JSON."""
    nodes, edges = read_dot(command("graph"))
    picture = objects("graph")
    assert sorted(nodes) == sorted(node["id"] for node in picture["nodes"])
    assert sorted((edge["from"], edge["to"]) for edge in edges) == sorted(
        (edge["from"], edge["to"]) for edge in picture["edges"])
    return picture["nodes"], picture["edges"]


def test_chain(device):
    """a chain is processes, ports, and lines from who waits to who has received the call"""
    idle = device.create()
    with Chain() as chain:
        client, front, back = chain.client, chain.front, chain.back
        picture = objects("graph")
        nodes = {node["id"]: node for node in picture["nodes"]}
        assert sorted(nodes) == sorted([*map(process, (client, front, back)), port(front),
                                        port(back), f"process:{os.getpid()}",
                                        f"port:{idle.number}"])
        assert nodes[process(front)] == {"id": process(front), "type": "process",
                                         "pid": front.pid, "comm": front.comm}
        assert nodes[port(front)] == {
            "id": port(front), "type": "port", "port": front.port, "name": front.name,
            "capacity": ipcport.CAPACITY_DEFAULT, "depth": 0}
        expected = [
            (process(client), "wait", port(front)), (port(front), "holder", process(front)),
            (process(front), "wait", port(back)), (port(back), "holder", process(back))]
        owners = [(port(front), "owner", process(front)), (port(back), "owner", process(back)),
                  (f"port:{idle.number}", "owner", f"process:{os.getpid()}")]
        assert links(picture["edges"]) == sorted(expected + owners)
        calls = {edge["token"] for edge in picture["edges"] if edge["type"] == "wait"}
        assert calls == set(chain.tokens)
        same_picture()
        busy = objects("graph", "--busy")
        assert links(busy["edges"]) == sorted(expected + owners[:2])
        assert len(busy["nodes"]) == 5


def test_colours(device):
    """the waits of a deadlock are red, those of another cycle orange, and others neither"""
    for second, colour in (("", "red"), ("sleeps", "orange")):
        with Cycle(device, second) as cycle:
            _, edges = read_dot(command("graph"))
            found = {(edge["from"], edge["to"]) for edge in edges if edge.get("color") == colour}
            members = cycle.members
            assert found >= {(process(member), port(members[i - 2]))
                             for i, member in enumerate(members)}, edges
            assert {edge.get("color") for edge in edges} == {colour, None}
            flag = {"red": "is_deadlock", "orange": "is_cycle"}[colour]
            waits = [edge for edge in objects("graph")["edges"] if edge["type"] == "wait"]
            assert [edge[flag] for edge in waits] == [True] * 3
    with Chain():
        _, edges = read_dot(command("graph"))
        assert {edge.get("color") for edge in edges} == {None}


def test_kinds(device):
    """every way to wait is a line to the port, or to the name that nobody has"""
    with Crowd(device) as crowd:
        wait_until(lambda: len(objects("waits")) == 7)
        nodes, edges = same_picture()
        waits = [(edge["kind"], edge["to"], edge["is_async"]) for edge in edges
                 if edge["type"] == "wait"]
        assert sorted(waits) == sorted(
            [(kind, f"port:{number}", False) for kind, number in crowd.kinds.items()] +
            [("name", f"name:{crowd.NOBODY}", False),
             ("call_queued", f"port:{crowd.kinds['call_queued']}", True)])
        assert {"id": f"name:{crowd.NOBODY}", "type": "name", "name": crowd.NOBODY} in nodes


def test_names(device):
    """graphviz reads names as they are, whatever is in them"""
    names = ["\"; x -> y; \"", "a\\", "\\N", "<b>&amp;</b>", "{a|b}", "ärger", b"\xff\\xff"]
    ports = [device.create() for _ in names]
    for one, name in zip(ports, names):
        one.bind(name)
    nodes, _ = read_dot(command("graph"))
    assert len(nodes) == len(names) + 1, nodes
    drawn = command("graph", "--svg")
    for text in ("&quot;; x &#45;&gt; y; &quot;", "a\\\\", "\\\\N", "&lt;b&gt;&amp;amp;&lt;/b&gt;",
                 "{a|b}", "ärger", "\\xff\\\\xff"):
        assert f">{text}<" in drawn, (text, drawn)


def test_svg(device):
    """with --svg graphviz draws it"""
    if not shutil.which("dot"):
        raise Skip("there is no dot")
    with Chain() as chain:
        text = command("graph", "--svg").replace("&#45;", "-")
    assert text.startswith("<?xml") and text.endswith("</svg>\n"), text
    for place in (chain.client, chain.front, chain.back):
        assert f">{place.comm}<" in text, text
    assert ">call_received<" in text


def test_no_dot(device):
    """without graphviz --svg says what is missing"""
    error = command("graph", "--svg", status=1, env={"PATH": "/nonexistent"})
    assert "graphviz" in error, error


def test_nothing(device):
    """where there is nothing to draw it draws nothing"""
    assert objects("graph") == {"nodes": [], "edges": []}
    assert read_dot(command("graph", "--busy"))[1] == []


if __name__ == "__main__":
    run(globals())

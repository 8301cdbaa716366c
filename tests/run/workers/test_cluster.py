"""A Ray cluster of two machines, one of which goes in the middle of a run: psi is that of the job alone, to the bit."""

import json
import os
import subprocess
import sys
import threading

import bpy
import pytest

from autosimulate_addon.blender.render import scratch
from autosimulate_addon.protocol import InputError
from autosimulate_addon.run import cli
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.scene import cluster_farm, scene_file
from autosimulate_addon.run.workers import cluster
from autosimulate_addon.run.workers.cluster import share_out


@pytest.fixture(scope="module")
def two_machines():
    """Their address, and what removes the second one."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}      # a busy machine starves others
    pytest.importorskip("ray", reason="Ray is not installed: pip install ray")
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        made.add_node(num_cpus=1, include_dashboard=False)
        second = made.add_node(num_cpus=1)
    except Exception as error:              # Ray gives a node 30 s
        made.shutdown()
        pytest.skip(f"Ray does not start two nodes here: {error}")
    yield made.address, lambda: made.remove_node(second, allow_graceful=False)
    made.shutdown()


def run(inputs, output, *extra):
    flags = ["optimize", "--scene", inputs / "scene.blend", "--marks", inputs / "marks.toml", "--validation",
             inputs / "validation", "--output", output, "--device", "cpu", "--no-compare", "--iterations", 3,
             "--images", 3, "--epochs", 1, "--ensemble-size", 1, "--no-control", *extra]
    assert cli.main([str(flag) for flag in flags]) == 0
    return {entry["key"]: entry["final"] for entry in json.loads(RunDirectory(output).psi.read_text())["factors"]}


def test_psi_is_that_of_the_job_alone_though_a_machine_goes(inputs, tmp_path, two_machines):
    address, remove = two_machines
    alone, output, removed, over = run(inputs, tmp_path / "alone"), tmp_path / "cluster", [], threading.Event()

    def remove_in_the_middle():
        while not list(RunDirectory(output).renders.glob("*.npz")) and not over.wait(0.02):
            pass
        remove()
        removed.append(len(list(RunDirectory(output).renders.glob("*.npz"))))

    thread = threading.Thread(target=remove_in_the_middle)
    thread.start()
    try:
        assert run(inputs, output, "--cluster", address) == alone
    finally:
        over.set()
        thread.join()
    names = [sorted(path.name for path in RunDirectory(tmp_path / each).renders.iterdir())
             for each in ("alone", "cluster")]
    assert names[0] == names[1] and 0 < removed[0] < len(names[0])


def test_what_travels_needs_nothing_of_ours(tmp_path):
    """The actor is unpickled by a Python that cannot import the package, and speaks to a process there."""
    ray_pickle = pytest.importorskip("ray.cloudpickle", reason="Ray is not installed: pip install ray")
    path = tmp_path / "actor"
    with cluster.travelling(ray_pickle, scratch.remove):
        path.write_bytes(ray_pickle.dumps(cluster.RenderActor))
    code = ("import sys; sys.modules['autosimulate_addon'] = sys.modules['torch'] = sys.modules['bpy'] = None\n"
            "import ray.cloudpickle\n"
            f"actor = ray.cloudpickle.loads(open({str(path)!r}, 'rb').read())\n"
            "made = actor(['cat', 'a/b'], 'test-', lambda pid: print('swept', pid > 0))\n"
            "print(made.begin({'a/b': b'x'}, 0, b'order', 20.0)[:2])\n"
            "print(made.ask(0, b'', 1.0)[:2])\n"
            "print(actor(['no-such-program'], 'test-', print).begin({}, 0, b'', 1.0)[1].partition(' on ')[0])\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path,
                          env={**os.environ, "TMPDIR": str(tmp_path)})      # actors sweep what others left in theirs
    assert done.stdout.splitlines() == ["swept True", "('failed', 'ended with exit code 0')",
                                        "('lost', 'is not there any more')", "cannot be started"], done.stderr


@pytest.mark.parametrize("processors, cards, count, on_cards, shares", [
    ([8, 8], [0, 0], None, False, (2, 8)), ([8, 4], [0, 0], 3, False, (3, 4)), ([0, 4], [0, 0], None, False, (1, 4)),
    ([8, 8], [2, 1], None, True, (3, 4)), ([2, 2], [0, 0], 4, False, (4, 1))])
def test_the_machines_are_shared_out(processors, cards, count, on_cards, shares):
    assert share_out(processors, cards, count, on_cards) == shares


@pytest.mark.parametrize("count, on_cards, said", [(5, False, "4 processors, too few for 5"),
                                                   (None, True, "the cluster has 0")])
def test_too_many_processes_are_refused(count, on_cards, said):
    with pytest.raises(InputError, match=said):
        share_out([2, 2], [0, 0], count, on_cards)


@pytest.mark.parametrize("address, said", [("127.0.0.1:1", "nobody answers there"), ("nowhere", "is no address")])
def test_a_cluster_that_is_not_there_is_said_so(address, said):
    pytest.importorskip("ray", reason="Ray is not installed: pip install ray")
    with pytest.raises(InputError, match=said):
        cluster.Cluster(address)


def test_without_ray_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"--cluster needs Ray.*pip install ray"):
        cluster.Cluster("auto")


def test_cards_of_this_machine_are_not_the_clusters():
    with pytest.raises(InputError, match="--worker-devices"):
        RunConfig(cluster="auto", worker_devices="0")


def test_a_scene_is_packed_and_what_cannot_be_is_named(tmp_path):
    path, picture = tmp_path / "copy.blend", tmp_path / "001.png"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.new("picture", 4, 4)
    image.filepath_raw, image.file_format, image.use_fake_user = str(picture), "PNG", True
    image.save()
    image.source = "FILE"
    scene_file.save_copy(path)
    cluster_farm.pack(path)
    image.source = "SEQUENCE"
    scene_file.save_copy(tmp_path / "sequence.blend")
    with pytest.raises(InputError, match=r"001\.png' cannot be packed"):
        cluster_farm.pack(tmp_path / "sequence.blend")
    picture.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert bpy.data.images["picture"].packed_file is not None

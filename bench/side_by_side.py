#!/usr/bin/env python3
"""Limner beside its peers on this machine, interleaved in one run: ratios, since the machine drifts and they do not.

    ./dev bench [CASE...] [--rounds N] [--threads N] [--peers NAMES]

Cases: unet_step (SD 1.5's UNet, 512x512, two rows), vae_decode and vae_encode (its autoencoder, 512x512), taesd (a small decoder of
TAESD's size, 512x512), text (its text encoder, two rows), load (start of a program to the end of the UNet's first run, each time anew),
attention (the fused kernel as a share of the machine's peak), convolution and linear (four of SD 1.5's in a row, of three sizes),
int8 (unet_step with linear maps in 8 bits, beside OpenVINO with weights and activations in 8 bits, by NNCF), picture (512x512, 20 steps
of Euler with guidance, from the request to the end of a job of the server, beside the peers' whole pipelines), turbo (one step without
guidance, the small decoder), default (the default model, 20 steps with guidance, 1, 4 and 16 pictures at once); and, where it is asked
for alone, unet_step_xl (SDXL's UNet, 1024x1024, two rows: with one peer 20 GB of memory). Random weights, but for default. Everyone
computes in bf16 but for int8; the probe between the rounds says what the machine could do at that moment. Writes each
table to bench/results/CASE.md and prints them. --limit avx512 has everyone do without AMX.

--peers openvino,torch is who runs beside Limner; limner-direct (without Winograd) and sdcpp (stable-diffusion.cpp, f16, unet_step
alone; half a minute a step) may be asked for.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build"))
PEERS = ROOT / "bench" / "peers"
WORK = ROOT / "build" / "bench"
MODEL = WORK / "sd15-random"
RESULTS = ROOT / "bench" / "results"
# Threads that wait for work sleep: what they spin would count as processor time, and others have work for the cores.
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "passive"}
XL = WORK / "sdxl-random"
TURBO = WORK / "sd15-turbo-random"
DEFAULT = ROOT / "models" / "limner-tiny"
CHAINS = WORK / "chains"
NETS = {"unet_step": ["unet"], "unet_step_xl": ["unet_xl"], "vae_decode": ["vae_decode"], "vae_encode": ["vae_encode"], "taesd": ["tiny_decode"],
        "text": ["clip_text"], "load": ["unet"], "int8": ["unet"],
        "convolution": ["convolution_320x64", "convolution_640x32", "convolution_1280x16"],
        "linear": ["linear_320x4096", "linear_640x1024", "linear_1280x256"]}
# Model, steps, guidance, side, pictures at once, and OpenVINO's networks.
PICTURES = {"picture": [(MODEL, 20, 7.5, 512, 1, ("clip_text", "unet", "vae_decode"))],
            "turbo": [(TURBO, 1, 1.0, 512, 1, ("clip_text_one", "unet_one", "tiny_decode"))],
            "default": [(DEFAULT, 20, 3.0, 128, count, ("default_text", f"default_unet_{2 * count}", f"default_decode_{count}"))
                        for count in (1, 4, 16)]}
INT8_PEERS = ["limner-int8", "limner", "openvino-int8"]

sys.path.insert(0, str(PEERS))
import random_model  # noqa: E402


class Worker:
    """A program that runs a network once for every line it is given (bench/peers/worker.py, run_net --serve)."""

    def __init__(self, name, words):
        self.name = name
        self.process = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=ENVIRONMENT)
        self.start = self.read()
        self.times, self.cpu_times, self.peak = [], [], 0

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with status {self.process.wait()}")
        return json.loads(line)

    def run(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        said = self.read()
        self.times.append(said["ms"])
        self.cpu_times.append(said["cpu_ms"])
        self.peak = said["peak_bytes"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Probe:
    """What the machine can do, measured between the rounds."""

    def __init__(self, threads):
        self.threads, self.seen = threads, []
        self.binary = WORK / "probe"
        source = PEERS / "probe.cpp"
        if not self.binary.exists() or self.binary.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["g++", "-std=c++20", "-O3", "-march=native", "-ffast-math", "-fopenmp", source, "-o", self.binary],
                           check=True)

    def measure(self):
        said = subprocess.run([self.binary, str(self.threads)], check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout
        self.seen.append(json.loads(said))

    def with_tiles(self):
        return "ONEDNN_MAX_CPU_ISA" not in ENVIRONMENT and max(s["tile_flops"] for s in self.seen) > 0

    def line(self):
        def of(key, unit):
            values = [s[key] / 1e9 for s in self.seen]
            return f"{max(values):.0f} {unit} at best, {statistics.median(values):.0f} in the median"
        tiles = f", with AMX {of('tile_flops', 'GFLOP/s')}" if self.with_tiles() else ""
        return f"The machine meanwhile: {of('flops', 'GFLOP/s')}{tiles}; reading {of('read_bytes', 'GB/s')}."


def pipeline_of(net):
    """The folder of the pipeline that a network is of; of chains, that of their files."""
    if random_model.is_chain(net):
        random_model.make_chain(net, CHAINS / random_model.part_of(net))
        return CHAINS
    if net == "unet_xl":
        random_model.make_xl(XL)
        return XL
    return DEFAULT if net.startswith("default_") else TURBO if net == "tiny_decode" else MODEL


def openvino_file(net):
    """A network as OpenVINO reads it; converted if that was not done before."""
    path = WORK / "openvino" / f"{net}.xml"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"converting {net} for OpenVINO", flush=True)
        subprocess.run([sys.executable, PEERS / "openvino_convert.py", net, pipeline_of(net), path], check=True)
    return path


def words_of(peer, net, threads):
    """The command that starts `peer`; makes what it reads if that is missing."""
    if peer.startswith("limner"):
        inputs = WORK / f"{net}-inputs.safetensors"
        if not inputs.exists():
            random_model.write_inputs(net, inputs)
        dtype, *more = {"limner": ["bf16"], "limner-direct": ["bf16-direct"], "limner-int8": ["bf16", "--int8"],
                        "limner-kept": ["bf16", "--packed", WORK / f"{net}-packed.safetensors"]}[peer]
        kind = "chain" if random_model.is_chain(net) else "unet" if net == "unet_xl" else net
        return [BUILD / "tests/tools/run_net", kind, pipeline_of(net) / random_model.part_of(net), inputs, WORK / "out.safetensors",
                "--backend", "cpu", "--dtype", dtype, "--threads", threads, "--serve", *more]
    if peer in ("torch", "sdcpp"):
        script = {"torch": "torch_bf16.py", "sdcpp": "sdcpp_step.py"}[peer]
        return [sys.executable, PEERS / script, net, pipeline_of(net), threads]
    path = openvino_file(net)
    if peer == "openvino-int8":
        path, plain = path.with_name(f"{net}-int8.xml"), path
        if not path.exists():
            print(f"quantising {net} for OpenVINO", flush=True)
            subprocess.run([sys.executable, PEERS / "openvino_quantize.py", plain, path], check=True)
    return [sys.executable, PEERS / "openvino_bf16.py", net, path, threads]


def ratio_text(ours, theirs):
    """How many times slower than Limner, pair by pair."""
    ratios = sorted(b / a for a, b in zip(ours, theirs))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def table(workers, unit_of):
    """Processor time is what a machine that others use too leaves comparable; threads that spin while they wait count there."""
    ours = workers[0]
    lines = ["| | median | min | times Limner's, pair by pair | processor time, min | times Limner's | peak memory |",
             "|---|---|---|---|---|---|---|"]
    for worker in workers:
        ratio = "1" if worker is ours else ratio_text(ours.times, worker.times)
        cpu_ratio = "1" if worker is ours else ratio_text(ours.cpu_times, worker.cpu_times)
        lines.append(f"| {worker.name} | {unit_of(statistics.median(worker.times))} | {unit_of(min(worker.times))} | {ratio} | "
                     f"{unit_of(min(worker.cpu_times))} | {cpu_ratio} | {worker.peak / 2**30:.2f} GiB |")
    return lines


def words_of_picture(peer, drawing, threads):
    """The command that starts a peer that draws whole pictures."""
    model, steps, guidance, side, count, nets = drawing
    if peer == "openvino":
        return [sys.executable, PEERS / "openvino_picture.py", model, *map(openvino_file, nets), threads, steps, guidance]
    return [sys.executable, PEERS / f"{peer}_picture.py", model, threads, steps, guidance, side, count]


def time_network(case, options):
    lines = []
    for net in NETS[case]:
        lines += [f"## {net}", ""] if len(NETS[case]) > 1 else []
        lines += time_workers([Worker(peer, words_of(peer, net, options.threads)) for peer in options.peers], options) + [""]
    return lines[:-1]


def time_picture(case, options):
    lines = []
    for drawing in PICTURES[case]:
        lines += [f"## {drawing[4]} at once", ""] if len(PICTURES[case]) > 1 else []
        lines += time_workers([Worker(peer, words_of_picture(peer, drawing, options.threads)) for peer in options.peers], options) + [""]
    return lines + ["Limner: from the request to the end of a job of `limner serve`, with its checks, marks and manifests; the peers: their "
                    "pipeline's call, without a picture file."]


def time_workers(workers, options):
    probe = Probe(options.threads)
    for number in range(options.rounds):
        probe.measure()
        for worker in workers:
            worker.run()
        print(f"round {number + 1}: " + ", ".join(f"{w.name} {w.times[-1]:.0f} ms" for w in workers), flush=True)
    for worker in workers:
        worker.close()
    return table(workers, lambda ms: f"{ms:.0f} ms" if ms >= 100 else f"{ms:.1f} ms") + ["", probe.line()]


def time_int8(case, options):
    return time_network(case, argparse.Namespace(**{**vars(options), "peers": INT8_PEERS}))


def time_load(case, options):
    (net,) = NETS[case]
    (WORK / f"{net}-packed.safetensors").unlink(missing_ok=True)
    Worker("limner-kept", words_of("limner-kept", net, options.threads)).close()  # keeps its weights
    peers = ["limner-kept", *options.peers]
    probe, loads = Probe(options.threads), {peer: [] for peer in peers}
    for number in range(options.rounds):
        probe.measure()
        for peer in peers:
            worker = Worker(peer, words_of(peer, net, options.threads))
            loads[peer].append(worker.start)
            worker.close()
        print(f"round {number + 1}: " + ", ".join(f"{p} {t[-1]['loaded_s']:.2f} s" for p, t in loads.items()), flush=True)
    def seconds(peer, what):
        return [start[what] for start in loads[peer]]
    lines = ["| | loaded, median | min | times limner-kept's, pair by pair | first run over, median | times limner-kept's |",
             "|---|---|---|---|---|---|"]
    for peer in peers:
        cells = [peer]
        for what in ("loaded_s", "ready_s"):
            times = seconds(peer, what)
            cells += [f"{statistics.median(times):.2f} s"] + ([f"{min(times):.2f} s"] if what == "loaded_s" else [])
            cells.append("1" if peer == "limner-kept" else ratio_text(seconds("limner-kept", what), times))
        lines.append("| " + " | ".join(cells) + " |")
    return lines + ["", "From the start of the program, imports included, files in the page cache. limner-kept maps weights that an "
                    "earlier run packed; OpenVINO reads its own converted file.", "", probe.line()]


def time_attention(_, options):
    """One core's share of its peak, both by processor time and measured next to each other."""
    probe, shares, rates = Probe(1), {}, {}
    for _ in range(options.rounds):
        probe.measure()
        kernels, peak = ("amx", "tile_flops") if probe.with_tiles() else ("avx512bf16", "core_flops")
        said = subprocess.run([WORK / "src/backend_bench", f"--benchmark_filter={kernels}/.*/bf16", "--benchmark_format=json",
                               "--benchmark_min_time=0.2"], check=True, capture_output=True, text=True,
                              env={**ENVIRONMENT, "OMP_NUM_THREADS": "1"}).stdout
        for one in json.loads(said)["benchmarks"]:
            name, rate = one["name"].split("/")[1], one["GF/s"] * one["real_time"] / one["cpu_time"]
            rates.setdefault(name, []).append(rate)
            shares.setdefault(name, []).append(rate * 1e9 / probe.seen[-1][peak])
    lines = ["| queries x width of a head | best GFLOP/s of a core | share of its peak, median | at best |", "|---|---|---|---|"]
    for name, values in shares.items():
        lines.append(f"| {name} | {max(rates[name]):.0f} | {statistics.median(values):.0%} | {max(values):.0%} |")
    peaks = [seen[peak] / 1e9 for seen in probe.seen]
    return lines + ["", f"A core's peak meanwhile: {max(peaks):.0f} GFLOP/s at best, {statistics.median(peaks):.0f} in the median."]


RUNS = {case: time_network for case in NETS} | {case: time_picture for case in PICTURES} | {
    "load": time_load, "attention": time_attention, "int8": time_int8}


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "an unknown processor"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", choices=[[], *RUNS], metavar="CASE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peers", default="openvino,torch", help="who runs beside Limner: openvino, torch, limner-direct, sdcpp")
    parser.add_argument("--limit", choices=["avx512"], help="the widest instructions that anyone may use")
    options = parser.parse_args()
    if options.limit:  # oneDNN's own switch, which Limner, OpenVINO and torch all heed
        ENVIRONMENT["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_BF16"
    options.peers = ["limner", *(p for p in options.peers.split(",") if p)]
    WORK.mkdir(parents=True, exist_ok=True)
    random_model.make(MODEL, ROOT / "models" / "clip-tokenizer")
    random_model.make_turbo(TURBO, MODEL)
    RESULTS.mkdir(exist_ok=True)
    for case in options.cases or [case for case in RUNS if case != "unet_step_xl"]:
        lines = RUNS[case](case, options)
        limit = ", without AMX" if options.limit else ""
        head = [f"# {case}", "", f"{processor()}, {options.threads} threads at most, {options.rounds} round{'s' * (options.rounds > 1)}, "
                f"{'int8 and bf16' if case == 'int8' else 'bf16'}{limit}.", ""]
        text = "\n".join(head + lines) + "\n"
        (RESULTS / f"{case}{'-' + options.limit if options.limit else ''}.md").write_text(text)
        print(text)


if __name__ == "__main__":
    main()

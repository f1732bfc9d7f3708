#!/usr/bin/env python3
"""Fan-out and memory of Rialto, beside a floor and Socket.IO, in one run (`make bench`).

    FANOUT_TOOLS=/path/to/fanout benches/fanout.py [-n 3] [--duration 10] [--only floor,rialto,rialto-load,socket.io,idle]

FANOUT_TOOLS is the folder of the measuring harness: `fan-client` (the load client), `floor` (one thread, one `send()` for each
receiver) and `node/sio.mjs` (Socket.IO with its Redis streams adapter). It is not part of this repository, so that the measure does
not change with what is measured; without it only what `rialto load chat` measures by itself is run. It is copied and built under
target/fanout.

Load A: 1 sender, 1,000 receivers, 100 messages a second of 256 bytes. Servers are pinned to core 0, Redis and the client to core 1.
Idle: 10,000 guests who have signed in and joined, over two nodes. Every measurement starts fresh processes; the rounds take turns
among the servers, and the table shows medians. Needs Linux, Rust, Node and redis-server.
"""
import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / 'target' / 'fanout'
RIALTO = ROOT / 'target' / 'release' / 'rialto'
SIGN_IN = ['> {"type":"signIn","signIn":{"guest":true}}', '< "authorized"']
JOIN = ['> {"type":"channelJoin","channelJoin":{}}', '< "type":"channelJoin"']
SEND = '{"type":"channelMessage","channelMessage":{"recipientUUID":"","message":"{payload}"}}'
SOCKET_IO = ['< 0{', '> 40', '< 40{']
SERVER_CORE, CLIENT_CORE = 0, 1


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('-n', type=int, default=3, metavar='ROUNDS', help='measurements of each server')
    options.add_argument('--duration', type=float, default=10, help='seconds of each measurement')
    options.add_argument('--connections', type=int, default=10_000, help='idle connections')
    options.add_argument('--only', default='floor,rialto,rialto-load,socket.io,idle', help='what to run, separated by commas')
    options = options.parse_args()
    wanted = options.only.split(',')
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    tools = build_tools(wanted)
    if {'rialto', 'rialto-load', 'idle'} & set(wanted):
        run(['cargo', 'build', '--release'], cwd=ROOT)
    measurements = {
        'floor': lambda: fan_client(tools, floor(tools), options.duration),
        'rialto': lambda: fan_client(tools, rialto(), options.duration),
        'rialto-load': lambda: rialto_load(options.duration),
        'socket.io': lambda: fan_client(tools, socket_io(tools), options.duration),
    }
    if not tools:
        measurements = {'rialto-load': measurements['rialto-load']}
    results = {name: [] for name in measurements if name in wanted}
    for number in range(options.n):
        for name in results:
            results[name].append(measurements[name]())
            print(f'round {number + 1}: {name}: {results[name][-1]}', flush=True)
    idle = []
    if 'idle' in wanted:
        idle = [('rialto load chat --idle', idle_rialto_load(options.connections))]
        if tools:
            idle.append(('fan-client', idle_fan_client(tools, options.connections)))
    report(results, idle, options)


def report(results, idle, options):
    """Prints Markdown, and keeps every figure in target/fanout/results.json."""
    (WORK / 'results.json').write_text(json.dumps({'loadA': results, 'idle': idle}, indent=1))
    medians = {name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in results.items()}
    floor_cpu = medians.get('floor', {}).get('cpu_us')
    print(f'\nLoad A, medians of {options.n}:\n')
    print('| server | µs CPU a delivery | each run | ÷ floor | Redis µs | client µs | p50 ms | p95 | p99 | max | faults |')
    print('|---|---|---|---|---|---|---|---|---|---|---|')
    for name, m in medians.items():
        each = ' '.join(f"{run['cpu_us']:.2f}" for run in results[name])
        ratio = f"{m['cpu_us'] / floor_cpu:.2f}" if floor_cpu else '?'
        times = ' | '.join(f'{m[key]:.2f}' for key in ('p50_ms', 'p95_ms', 'p99_ms', 'max_ms'))
        faults = sum(run['faults'] for run in results[name])
        print(f"| {name} | {m['cpu_us']:.2f} | {each} | {ratio} | {m['redis_us']:.2f} | {m['client_us']:.2f} | {times} | {faults} |")
    if idle:
        print(f'\nIdle, {options.connections} connections signed in and joined, two nodes:\n')
        print('| measured with | KiB RSS a connection, node 1 | node 2 | connected in |')
        print('|---|---|---|---|')
        for name, (one, other, seconds) in idle:
            print(f'| {name} | {one:.2f} | {other:.2f} | {seconds:.1f} s |')


def build_tools(wanted):
    """Copies and builds the harness. Nothing if there is none."""
    source = os.environ.get('FANOUT_TOOLS')
    WORK.mkdir(parents=True, exist_ok=True)
    if not source:
        print('FANOUT_TOOLS is not set: no floor and no Socket.IO, only `rialto load chat` (see the head of this script)', file=sys.stderr)
        return None
    copy = WORK / 'tools'
    shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns('target', 'node_modules', 'results'))
    for path in [copy, *copy.rglob('*')]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)
    run(['cargo', 'build', '--release', '-p', 'fan-client', '-p', 'floor'], cwd=copy)
    if 'socket.io' in wanted and not (copy / 'node' / 'node_modules').exists():
        run(['npm', 'ci' if (copy / 'node' / 'package-lock.json').exists() else 'install'], cwd=copy / 'node')
    return copy


@contextmanager
def floor(tools):
    port = free_port()
    with process([tools / 'target/release/floor', port], port) as pid:
        yield [f'ws://127.0.0.1:{port}/ws'], {'floor': pid}, plain_text()


def plain_text():
    return ['--open', '> S r{room}', '--open', '< OK', '--send', 'P r{room} {payload}']


@contextmanager
def rialto():
    with two_nodes(lambda port, redis: ([RIALTO], {'PORT': str(port), 'REDIS_URL': redis})) as (ports, pids):
        arguments = [word for step in SIGN_IN + JOIN for word in ('--open', step)] + ['--sender-open', 'same', '--send', SEND]
        yield [f'ws://127.0.0.1:{port}/ws' for port in ports], pids, arguments


@contextmanager
def socket_io(tools):
    with two_nodes(lambda port, redis: (['node', tools / 'node/sio.mjs', port, 'streams', redis], {})) as (ports, pids):
        opening = [*SOCKET_IO, '> 42["join","r{room}"]', '< 42["joined"']
        arguments = [word for step in opening for word in ('--open', step)] + [word for step in SOCKET_IO for word in ('--sender-open', step)]
        arguments += ['--auto-reply', '2=>3', '--send', '42["msg","r{room}","{payload}"]']
        yield [f'ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket' for port in ports], pids, arguments


@contextmanager
def two_nodes(command):
    """Two nodes on one fresh Redis."""
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        redis = free_port()
        server = ['redis-server', '--port', redis, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', data]
        redis_pid = stack.enter_context(process(server, redis, core=CLIENT_CORE))
        ports, pids = [], {}
        for number in (1, 2):
            port = free_port()
            words, extra = command(port, f'redis://127.0.0.1:{redis}')
            environment = {'HOST': '127.0.0.1', 'RATE_MESSAGES': '0', 'RUST_LOG': 'warn', 'NODE_ENV': 'production', **extra}
            pids[f'node{number}'] = stack.enter_context(process(words, port, environment=environment, cwd=data))
            ports.append(port)
        yield ports, {**pids, 'redis': redis_pid}


def fan_client(tools, servers, duration, *more):
    with servers as (urls, pids, arguments):
        report = client([tools / 'target/release/fan-client', *addresses(urls, pids), *arguments,
                         *(more or ('--conns', 1000, '--rate', 100, '--duration', duration, '--payload', 256))])
    if more:
        return report
    cpu = {server['name']: server['cpu_us_per_delivery'] for server in report['servers']}
    latency = {f'{key}_ms': report['latency_us'][key] / 1e3 for key in ('p50', 'p95', 'p99', 'max')}
    faults = sum(report[key] for key in ('deliveries_lost', 'duplicated', 'out_of_order', 'misrouted', 'dead_connections'))
    redis = cpu.pop('redis', 0)
    return {'cpu_us': sum(cpu.values()), 'redis_us': redis, 'client_us': report['client_cpu_us_per_delivery'], **latency, 'faults': faults}


def rialto_load(duration):
    with rialto() as (urls, pids, _):
        report = client([RIALTO, 'load', 'chat', *addresses(urls, pids), '--json', '-n', 1000, '--rate', 100, '--duration', duration])
    traffic = report['traffic']
    cpu = {server['name']: server['cpu_us_per_delivery'] for server in report['servers']}
    latency = {f'{key}_ms': traffic['latency_us'][key] / 1e3 for key in ('p50', 'p95', 'p99', 'max')}
    kinds = ('lost', 'duplicated', 'out_of_order', 'misrouted', 'seq_skipped', 'seq_backwards', 'seq_absent')
    faults = sum(traffic[key] for key in kinds) + report['dropped_connections']
    redis = cpu.pop('redis')
    return {'cpu_us': sum(cpu.values()), 'redis_us': redis, 'client_us': report['client']['cpu_us_per_delivery'], **latency, 'faults': faults}


def idle_fan_client(tools, connections):
    report = fan_client(tools, rialto(), None, '--conns', connections, '--rate', 0, '--settle', 3, '--window', 64)
    one, other = (server['rss_kb_per_conn'] for server in report['servers'] if server['name'] != 'redis')
    return one, other, report['connect_s']


def idle_rialto_load(connections):
    with rialto() as (urls, pids, _):
        report = client([RIALTO, 'load', 'chat', *addresses(urls, pids), '--json', '--idle', '-n', connections, '--settle', 3, '--window', 64])
    one, other = (server['rss_kib_per_connection'] for server in report['servers'] if server['name'] != 'redis')
    return one, other, report['connect_seconds']


def addresses(urls, pids):
    return [word for url in urls for word in ('--url', url)] + ['--pids', ','.join(f'{name}={pid}' for name, pid in pids.items())]


def client(command):
    """Runs a load client and reads its JSON; one that found faults still reports them."""
    done = subprocess.run(pinned(command, CLIENT_CORE), capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f'{command[0]}: {done.stderr}')
    return json.loads(done.stdout)


@contextmanager
def process(command, port, core=SERVER_CORE, environment=None, cwd=None):
    """A server that is ready: it accepts connections on its port."""
    inherited = {name: os.environ[name] for name in ('PATH', 'HOME', 'LANG') if name in os.environ}
    server = subprocess.Popen(pinned(command, core), stdout=subprocess.DEVNULL, env={**inherited, **(environment or {})}, cwd=cwd)
    try:
        deadline = time.monotonic() + 20
        while not accepts(port):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f'{command[0]} does not listen on port {port}')
            time.sleep(0.02)
        yield server.pid
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def pinned(command, core):
    words = [str(word) for word in command]
    return ['taskset', '-c', str(core), *words] if (os.cpu_count() or 1) > 1 else words


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(('127.0.0.1', port)) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def run(command, cwd):
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == '__main__':
    main()

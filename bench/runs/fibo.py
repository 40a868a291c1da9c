"""Windmill's test of orchestrators, by Prefect: tasks in a row that each compute a Fibonacci number. Prints the seconds of each flow, its server started before."""
import json, logging, sys, time
from prefect import flow, task

def fibo(n):
    return n if n <= 1 else fibo(n - 1) + fibo(n - 2)

@task
def one(n, _before):
    return fibo(n)

@flow
def chain(n, count):
    before = None
    for _ in range(count):
        before = one(n, before)
    return before

chain(1, 1)
n, count, runs = (int(a) for a in sys.argv[1:])
for _ in range(runs):
    began = time.perf_counter()
    chain(n, count)
    print(json.dumps({'seconds': time.perf_counter() - began}), flush=True)

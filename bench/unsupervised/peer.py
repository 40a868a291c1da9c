"""What is learnt without a target by scikit-learn and mlxtend: python peer.py CASE FILE RUNS NUMBER… ; prints a line of JSON."""

import json
import resource
import sys
import time

import numpy as np

case, path, runs, *numbers = sys.argv[1:]
numbers = [float(n) for n in numbers]


def kmeans(x, seed, k):
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    return {"inertia": KMeans(int(k), random_state=seed).fit(StandardScaler().fit_transform(x)).inertia_}


def pca(x, seed, components):
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    return {"variance": PCA(int(components)).fit(StandardScaler().fit_transform(x)).explained_variance_.tolist()}


def fpgrowth(pairs, seed, width, support):
    import pandas as pd
    from mlxtend.frequent_patterns import fpgrowth

    has = np.zeros((int(pairs[:, 0].max()) + 1, int(width)), dtype=bool)
    has[pairs[:, 0], pairs[:, 1]] = True
    return {"sets": len(fpgrowth(pd.DataFrame(has), min_support=support))}


if case == "fpgrowth":
    data = np.fromfile(path, dtype=np.int32).reshape(-1, 2)
    learn, rest = fpgrowth, numbers
else:
    data = np.fromfile(path).reshape(-1, int(numbers[0]))
    learn, rest = {"kmeans": kmeans, "pca": pca}[case], numbers[1:]
cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
learn(data[:2000], 0, *rest)  # what is imported, is
seconds, spent, found = [], [], []
for run in range(int(runs)):
    began, before = time.perf_counter(), cpu()
    found.append(learn(data, run, *rest))
    seconds.append(time.perf_counter() - began)
    spent.append(cpu() - before)
print(json.dumps({"seconds": seconds, "cpu": spent, "found": found}))

#!/usr/bin/env python3
"""Writes class_tables.inc: for each class of sigma, how many low bits stay uncoded and how 128 slots are shared.

Class c stands for values whose standard deviation is 2^((c - 12) / 4) steps: a Gaussian mixed with a tenth of a Laplace
distribution of the same standard deviation. A value q becomes symbol (q + (7 << bits)) >> bits, or 15, the escape, where that is
further from 7 than `reach`; the choice of bits, reach and frequencies is the cheapest. Part of the format: never run it again.
"""
import math

CLASSES, LAPLACE = 60, 0.1


def distribution(sigma):
    last = max(12, int(12 * sigma) + 4)
    phi = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))
    b = sigma / math.sqrt(2)
    lap = lambda x: 0.5 * math.exp(x / b) if x < 0 else 1 - 0.5 * math.exp(-x / b)
    p = {}
    for q in range(-last, last + 1):
        gauss = phi((q + 0.5) / sigma) - phi((q - 0.5) / sigma)
        p[q] = (1 - LAPLACE) * gauss + LAPLACE * (lap(q + 0.5) - lap(q - 0.5))
    return p


def share(weights):
    """The cheapest frequencies: one slot at least for whoever may occur."""
    made = [0 if w is None else max(1, int(w * 128)) for w in weights]
    gain = lambda s, d: (weights[s] or 1e-12) * math.log2((made[s] + d) / made[s])
    used = [s for s in range(16) if weights[s] is not None]
    while sum(made) < 128:
        s = max((s for s in used if made[s] < 127), key=lambda s: gain(s, 1))
        made[s] += 1
    while sum(made) > 128:
        s = max((s for s in used if made[s] > 1), key=lambda s: gain(s, -1))
        made[s] -= 1
    return made


def best(sigma):
    p = distribution(sigma)
    found = None
    for bits in range(0, 13):
        for reach in range(8):
            weights = [0.0 if abs(s - 7) <= reach else None for s in range(15)] + [0.0]
            escapes = 0
            for q, w in p.items():
                s = (q + (7 << bits)) >> bits
                weights[s if abs(s - 7) <= reach else 15] += w
                if abs(s - 7) > reach:
                    escapes += w * (8 if abs(q) < 128 else 24)
            made = share(weights)
            cost = sum(-w * math.log2(f / 128) for w, f in zip(weights, made) if w)
            cost += bits * (1 - weights[15]) + escapes
            if found is None or cost < found[0]:
                found = (cost, bits, reach, made)
    return found


with open('class_tables.inc', 'w') as out:
    for c in range(CLASSES):
        sigma = 2 ** ((c - 12) / 4)
        cost, bits, reach, made = best(sigma)
        p = distribution(sigma)
        entropy = -sum(w * math.log2(w) for w in p.values() if w > 0)
        out.write('{%d, %d, {%s}},  // sigma %.3f: %.3f bits, entropy %.3f\n'
                  % (bits, reach, ', '.join(map(str, made)), sigma, cost, entropy))

"""The programs: train, evaluate, score, replicate, and what they refuse beforehand."""

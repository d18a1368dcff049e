"""Metrics on arrays: accuracy, AUROC, ECE, intervals, calibration, UnifiedQA's."""

"""The offline evaluation: splits, metrics, uncertainty, leakage, reports."""

"""Runs of an experiment under any rule, and what each estimator makes of them."""

"""What a log says: counts, the effect by maximum likelihood, intervals, diagnostics, rivals."""

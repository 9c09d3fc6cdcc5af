"""Splits of labelled photos: what is learnt from, what chooses the best epoch, and what is tested."""

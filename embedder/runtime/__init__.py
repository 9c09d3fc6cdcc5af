"""Where a network runs: PyTorch or OpenVINO, behind one seam."""

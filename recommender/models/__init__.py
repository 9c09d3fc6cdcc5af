"""The models: each scores every product for every customer of a batch, behind one small seam."""

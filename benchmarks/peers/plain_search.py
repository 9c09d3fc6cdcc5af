"""A search by product as a script of a few lines: ``python plain_search.py FOLDER PRODUCT_ID``.

Reads a FAISS index (``flat.faiss``) and the cards of its rows (``products.json``), searches, prints JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faiss

folder, product = Path(sys.argv[1]), sys.argv[2]
index = faiss.read_index(str(folder / "flat.faiss"))
products = json.loads((folder / "products.json").read_text(encoding="utf-8"))
row = next(place for place, one in enumerate(products) if one["product_id"] == product)
scores, rows = index.search(index.reconstruct(row).reshape(1, -1), 11)
hits = [{**products[r], "score": float(s)} for s, r in zip(scores[0], rows[0], strict=True) if r != row]
print(json.dumps({"hits": hits[:10]}))

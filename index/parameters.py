"""The parameters by which FAISS's types are searched more or less thoroughly."""

from __future__ import annotations

from typing import Any

from index.library import load_faiss
from index.manifest import Setting


def search_parameters(index: Any, setting: Setting) -> Any:
    """FAISS's search parameters for a setting, reached through wrappers (rotation, refinement)."""
    faiss = load_faiss()
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        inner = search_parameters(index.index, setting)
        return faiss.SearchParametersPreTransform(index_params=inner) if inner is not None else None
    if isinstance(index, faiss.IndexRefine):
        inner = search_parameters(index.base_index, setting)
        return faiss.IndexRefineSearchParameters(k_factor=index.k_factor, base_index_params=inner)
    if setting.parameter == "nprobe":
        return faiss.SearchParametersIVF(nprobe=setting.value)
    if setting.parameter == "efSearch":
        return faiss.SearchParametersHNSW(efSearch=setting.value)
    return None


def parameter_of(index: Any) -> str:
    """The search parameter that an index is tuned by: nprobe, efSearch or "" for none."""
    faiss = load_faiss()
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return parameter_of(index.index)
    if isinstance(index, faiss.IndexRefine):
        return parameter_of(index.base_index)
    if isinstance(index, (faiss.IndexIVF, faiss.IndexIVFFastScan)):
        return "nprobe"
    return "efSearch" if isinstance(index, faiss.IndexHNSW) else ""

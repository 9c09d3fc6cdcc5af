"""Settings of the service, from the environment (``VITRINE_HOST``, ``VITRINE_PORT``, …)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that the HTTP service can be told; each field is ``VITRINE_`` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VITRINE_", extra="ignore")

    shop: Path = Field(default=Path("demo-shop"), description="directory of the shop")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    runtime: str = Field(default="auto", description="runtime of the embedder: auto, cuda, openvino or torch")
    max_upload_bytes: int = Field(default=20 * 2**20, ge=1024, description="largest upload, in bytes")
    max_pixels: int = Field(default=50_000_000, ge=64, description="largest photo, in pixels")
    max_k: int = Field(default=200, ge=1, le=10_000, description="largest number of hits of one answer")
    max_batch: int = Field(default=1000, ge=1, description="largest number of interactions of one request")
    max_examples: int = Field(default=32, ge=1, description="largest number of examples of one search")
    page_size: int = Field(default=48, ge=1, le=500, description="products on one page by default")
    max_page_size: int = Field(default=500, ge=1, description="largest number of products on one page")
    log_recommendations: bool = Field(
        default=True, description="whether what is recommended is logged, with its position and propensity"
    )
    log_retention_days: float = Field(
        default=90, gt=0, le=36_500, description="days after which rows of that log are deleted"
    )
    log_queue: int = Field(
        default=20_000, ge=1, description="rows of that log that may wait for the database; more are lost"
    )
    explore: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="share of logged answers that are shuffled, so that the log can judge other recommenders",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error")

"""Settings of the service, from the environment (``VITRINE_HOST``, ``VITRINE_PORT``, …).

``service.settled`` joins them with a file and the command's options.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from data.photolimits import PhotoLimits
from service.spelled import listed, of_origin, of_rate, of_subnet

Origins = Annotated[tuple[Annotated[str, BeforeValidator(of_origin)], ...], NoDecode, BeforeValidator(listed)]
Subnets = Annotated[tuple[Annotated[str, BeforeValidator(of_subnet)], ...], NoDecode, BeforeValidator(listed)]
Rate = Annotated[str, BeforeValidator(of_rate)]
PHOTOS = PhotoLimits()
"""What every part of Vitrine reads at most."""


def _random_secret() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(32))


class Settings(BaseSettings):
    """Everything that the HTTP service can be told; each field is ``VITRINE_`` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VITRINE_", extra="ignore")

    shop: Path = Field(default=Path("demo-shop"), description="directory of the shop")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=256, description="processes that answer, on one port")
    drain_seconds: float = Field(
        default=1.0,
        ge=0,
        le=3600,
        description="seconds after SIGTERM in which all is still answered while /health/ready says 503",
    )
    stop_seconds: float = Field(
        default=9.5, ge=3, le=7200, description="seconds after SIGTERM in which the process has left"
    )
    runtime: str = Field(default="auto", description="runtime of the embedder: auto, cuda, openvino or torch")
    max_upload_bytes: int = Field(
        default=20 * 2**20, ge=1024, description="largest upload, in bytes; one photo has at most 50 MiB"
    )
    max_pixels: int = Field(
        default=PHOTOS.max_pixels,
        ge=64,
        le=PHOTOS.max_pixels,  # beyond it a photo could be kept, but neither shown nor indexed anew
        description="largest photo, in pixels; at most 50 million",
    )
    upload_window_ms: float = Field(
        default=4.0,
        ge=0,
        le=1000,
        description="milliseconds that an uploaded photo waits for others that are being decoded",
    )
    upload_batch: int = Field(
        default=32,
        ge=1,
        le=256,
        description="most uploaded photos that are encoded together (8 on a CPU); 1: each by itself",
    )
    upload_queue: int = Field(
        default=64, ge=8, description="uploaded photos that may wait to be encoded; more are answered 503"
    )
    upload_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="seconds until an uploaded photo is given up with 503"
    )
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
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error"
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="json: one object a line; text: for people"
    )
    hash_customer_ids: bool = Field(
        default=False, description="whether logs name customers by a keyed hash instead of their ids"
    )
    keys_file: Path | None = Field(
        default=None, description="file of the API keys; by default `keys` in the shop's directory"
    )
    session_secret: SecretStr = Field(
        default_factory=_random_secret,
        min_length=32,
        description="signs session cookies and hashes customer ids; by default new with each start",
    )
    session_hours: float = Field(
        default=12, gt=0, le=8760, description="hours until the page asks for the key"
    )
    rate_limit_per_key: Rate | None = Field(
        default=None,
        description="most requests of one key in each process, such as 100/second or 20/second;5000/hour",
    )
    rate_limit_per_address: Rate | None = Field(
        default=None, description="most requests of one client address (IPv6: one /64) in each process"
    )
    max_in_flight: int = Field(
        default=512, ge=1, description="requests answered at the same time by each process; more get 503"
    )
    max_connections: int = Field(
        default=4096, ge=1, description="connections open at the same time in each process; more get 503"
    )
    head_seconds: float = Field(
        default=10, gt=0, le=3600, description="seconds in which the whole head of a request must come"
    )
    receive_seconds: float = Field(
        default=60, gt=0, le=3600, description="seconds in which the whole body of a request must come"
    )
    receive_bytes_per_second: int = Field(
        default=4096, ge=0, description="slowest that a body may come, after its first five seconds"
    )
    send_seconds: float = Field(
        default=30, gt=0, le=3600, description="seconds that a client may leave an answer unread"
    )
    trusted_proxies: Subnets = Field(
        default=(),
        description="addresses or networks of proxies whose X-Forwarded-For and -Proto are believed",
    )
    cors_origins: Origins = Field(
        default=(),
        description="origins whose pages may call the API with a key, such as https://shop.example",
    )

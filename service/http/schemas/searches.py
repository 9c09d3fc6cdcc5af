"""Searches by examples that the documentation shows, each for a purpose of its own."""

from __future__ import annotations

from fastapi.openapi.models import Example

SEARCHES: dict[str, Example] = {
    "like these, unlike that": {
        "summary": "like these, unlike that",
        "description": "Weights say how much an example counts; only their proportions matter.",
        "value": {
            "examples": [{"product_id": "0108775015", "weight": 2}, {"product_id": "0110065001"}],
            "negatives": [{"product_id": "0111565001"}],
            "k": 12,
        },
    },
    "like any of these": {
        "summary": "like any one of these",
        "description": "With `best` the closest example counts; `average` looks for what lies between them.",
        "value": {
            "examples": [{"product_id": "0108775015"}, {"product_id": "0111565001"}],
            "strategy": "best",
            "k": 12,
        },
    },
    "cheaper": {
        "summary": "like this, but cheaper",
        "description": "`where` is exact: if twelve products cost less, twelve are answered, the closest "
        "first. `min_score` leaves out those that do not look like it.",
        "value": {"examples": [{"product_id": "0108775015"}], "where": "price < 25", "k": 12},
    },
    "in blue": {
        "summary": "like this, but in blue",
        "description": "The filter chooses the colour, so the colour is not to count in the looks.",
        "value": {
            "examples": [{"product_id": "0108775015"}],
            "where": 'colour = "blue"',
            "aspects": {"colour": 0},
            "k": 12,
        },
    },
    "sold out": {
        "summary": "look-alikes in stock for a sold-out product",
        "description": "The example may be sold out, and is never in the answer; the hits are in stock. "
        "With `min_score` the answer is empty rather than far-fetched.",
        "value": {
            "examples": [{"product_id": "0110065002"}],
            "where": "in_stock",
            "min_score": 0.3,
            "k": 12,
        },
    },
    "lately": {
        "summary": "what somebody looked at, the latest counting most",
        "description": "Every `half_life_days` between an example and the newest one halve its weight.",
        "value": {
            "examples": [
                {"product_id": "0108775015", "at": "2026-07-01T10:00:00Z"},
                {"product_id": "0111565001", "at": "2026-05-02T10:00:00Z"},
            ],
            "half_life_days": 14,
            "k": 12,
        },
    },
    "varied": {
        "summary": "a varied page, without what was shown before",
        "value": {
            "examples": [{"product_id": "0108775015"}],
            "diversity": 0.4,
            "exclude": ["0110065001"],
            "k": 12,
        },
    },
}
